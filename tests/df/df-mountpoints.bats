#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-df-live: where the guest mounts each of its filesystems.

load ../lib/helpers
load ../lib/guests

setup_file()
{
    file_requires "${appliance_parts[@]}" "$BUILD/appliance/tools" "$BUILD/bin/virt-hotplug" || return 0
    make_scratch
    make_guests linux.img dual.img fedora.img ubuntu.img suse.img windows.img discover.img crypt.img shared.img snapshot.img flatcar.img flatcar-etc.img
}

teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$GUESTS" || return 1
}

# points ARGUMENT…: "DEVICE MOUNTPOINT" of each filesystem, a line each
points()
{
    run --separate-stderr virt-df-live --json "$@"
    json 'select(.type == "filesystem") | .device + " " + (.mountpoint // "-")'
}

@test "by fstab: UUID, LABEL, PARTUUID, PARTLABEL, with a space in it" {
    assert_equal "$(points linux.img)" "/dev/sda1 /boot/efi
/dev/sda2 /boot
/dev/sda3 /
/dev/sda4 /home
/dev/sda5 /srv/my data"
}

@test "a btrfs is where its root is, whatever else is in it" {
    assert_equal "$(points fedora.img ubuntu.img suse.img)" "/dev/sda /
/dev/sda /
/dev/sda /"
}

@test "each system has its own root" {
    assert_equal "$(points dual.img)" "/dev/sda1 /
/dev/sda2 /"
}

@test "what two systems mount at different places is nowhere" {
    assert_equal "$(points shared.img)" "/dev/sda1 /
/dev/sda2 /
/dev/sda3 -
/dev/sda4 /boot/efi"
}

@test "Windows: the drive that it is on" {
    assert_equal "$(points windows.img)" "/dev/sda C:"
}

@test "without fstab: by the types of the partitions" {
    assert_equal "$(points discover.img)" "/dev/sda1 /efi
/dev/sda2 /boot
/dev/sda3 /
/dev/sda4 /home
/dev/sda5 -
/dev/sda6 /var"
}

@test "by crypttab: what is in an encrypted volume; df and ls" {
    assert_equal "$(points --key all:key:secret crypt.img)" "/dev/sda1 /
/dev/mapper/luks-7d3e4f50-1111-4222-8333-944455557777 /home"
    run -0 virt-ls --key all:key:secret -a crypt.img /home
    assert_contains "$output" "inside"
    assert_equal "$(points crypt.img)" "/dev/sda1 /"
}

@test "a snapshot is mounted nowhere" {
    assert_equal "$(points snapshot.img)" "/dev/vg/before -
/dev/vg/root /"
}

@test "of two partitions for /usr: the one that would be booted" {
    assert_equal "$(points flatcar.img)" "/dev/sda1 /boot
/dev/sda2 -
/dev/sda3 /usr
/dev/sda4 /"
}

@test "a root that only its partition's type tells" {
    assert_equal "$(points flatcar-etc.img)" "/dev/sda1 /usr
/dev/sda2 /"
}

@test "a filesystem that no system mounts" {
    assert_equal "$(points "$IMAGES/ext4.img")" "/dev/sda -"
}

@test "-o MOUNTPOINT, also for sorting; the label in metrics; in the report" {
    run -0 virt-df-live --csv --noheadings -o DEVICE,MOUNTPOINT linux.img
    assert_contains "$output" "/dev/sda4,/home"
    run -0 virt-df-live --csv --noheadings -o DEVICE --sort MOUNTPOINT linux.img
    assert_equal "${lines[0]}" /dev/sda3
    run -0 virt-df-live --metrics "$TMPDIR/metrics" linux.img
    grep -q 'device="/dev/sda2",fstype="ext2",mountpoint="/boot"' "$TMPDIR/metrics"
    run -0 virt-df-live --html "$TMPDIR/page.html" linux.img
    assert_contains "$(< "$TMPDIR/page.html")" "<td>/dev/sda2<td>/boot<td>ext2<td>"
}
