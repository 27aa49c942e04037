#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-ls: which filesystem of a guest is its root, what its fstab says, and what -m says instead.

load ../lib/helpers
load ../lib/guests

setup_file()
{
    file_requires "${appliance_parts[@]}" "$BUILD/appliance/tools" "$BUILD/bin/virt-hotplug" || return 0
    make_scratch
    make_guests linux.img dual.img fedora.img clone.img ubuntu.img suse.img windows.img discover.img flatcar.img flatcar-etc.img snapshot.img subvolumes.img
}

teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$GUESTS" || return 1
}

# paths: of the last output, without directories of mke2fs
paths() { grep -v 'lost+found' <<< "$output"; }

@test "a root, and all that its fstab names: UUID, LABEL, PARTUUID, PARTLABEL" {
    run --separate-stderr virt-ls -a linux.img -R /
    assert_equal "$(paths)" "bin
boot
boot/efi
boot/efi/EFI
boot/vmlinuz
data
etc
etc/fstab
etc/hostname
etc/os-release
home
home/alice
home/alice/.profile
home/bob
proc
srv
srv/absolute
srv/my data
srv/my data/file
srv/up
tmp
usr
usr/bin
usr/bin/env
usr/lib
usr/lib/os-release"
    # What is missing is said, where it is missing.
    assert_status 1
    assert_equal "$stderr" "virt-ls: linux.img: /data: no such volume was found (is it in an encrypted one?)"
}

@test "without an fstab: by the types of the partitions" {
    run -0 --separate-stderr virt-ls -a discover.img -R /
    assert_contains "$output" "boot/file" "home/file" "var/file" "etc/hostname"
    assert_equal "$stderr" ""
}

@test "a /usr of its own, of which there are two: the one that would be booted" {
    run -0 virt-ls -a flatcar.img /usr /boot
    assert_contains "$output" new EFI
    [[ $output != *old* ]]
}

@test "a root that only its partition's type tells, with a /usr of its own" {
    run -0 --separate-stderr virt-ls -a flatcar-etc.img / /usr/share/flatcar/etc /etc /bin
    assert_equal "$(grep -v lost+found <<< "$output")" ".etc-work
bin
etc
home
usr
var
hostname
machine-id
ssh
env"
    assert_equal "$stderr" ""
}

@test "a snapshot beside its origin is no other system: LVM, btrfs" {
    run -0 --separate-stderr virt-ls -a snapshot.img /home
    assert_equal "$output" now
    run -0 --separate-stderr virt-ls -a subvolumes.img /home
    assert_equal "$output" now
    run -0 virt-ls -v -a subvolumes.img /home
    assert_contains "$output" "before: passed over: its fstab has another root"
}

@test "what is missing elsewhere does not matter" {
    run -0 --separate-stderr virt-ls -a linux.img /etc /home
    assert_equal "$stderr" ""
    assert_equal "$(paths)" "fstab
hostname
os-release
alice
bob"
}

@test "-v says what of fstab was passed over" {
    run -0 --separate-stderr virt-ls -v -a linux.img /etc
    assert_contains "$stderr" "/etc/fstab: line 7: passed over: swap" "line 8: tmpfs at /tmp: passed over: not on a disk" \
        "line 9: /dev/sdb1 at /media: passed over" "line 11: passed over: a bind mount"
}

@test "links lead to where the guest would have them" {
    run -0 --separate-stderr virt-ls -a linux.img /srv/absolute /srv/up/../srv/up
    assert_equal "$(paths)" "alice
bob
fstab
hostname
os-release"
}

@test "a directory that is none is named, the others go on" {
    run --separate-stderr virt-ls -a linux.img /nowhere /boot/efi /etc/fstab
    assert_status 1
    assert_equal "$output" "EFI"
    assert_equal "$stderr" "virt-ls: linux.img: /nowhere: No such file or directory
virt-ls: linux.img: /etc/fstab: Not a directory"
}

@test "a filesystem of fstab that is damaged: only what needs it fails" {
    cp --sparse=always linux.img "$TMPDIR/broken.img"
    dd if=/dev/zero of="$TMPDIR/broken.img" bs=1M seek=49 count=2 conv=notrunc status=none
    run -0 --separate-stderr virt-ls -a "$TMPDIR/broken.img" /etc
    run --separate-stderr virt-ls -a "$TMPDIR/broken.img" /home
    assert_status 1
    assert_equal "$output" "hidden"
    assert_contains "$stderr" "virt-ls: broken.img: /home: /dev/sda4 is not mounted here: "
}

@test "two roots: an error that says how to choose" {
    run --separate-stderr virt-ls -a dual.img /
    assert_status 1
    assert_equal "$output" ""
    assert_equal "$stderr" "virt-ls: dual.img: several operating systems: choose with -m /dev/sda1 or /dev/sda2"
    run -0 --separate-stderr virt-ls -a dual.img -m /dev/sda2 /etc
    assert_equal "$output" "fstab
hostname
os-release"
}

@test "no root: an error that names the filesystems" {
    run --separate-stderr virt-ls -a "$IMAGES/gpt.img" /
    assert_status 1
    assert_equal "$output" ""
    assert_contains "$stderr" "no operating system found: /dev/sda1 (vfat), /dev/sda2 (ext4), /dev/sda3 (xfs), /dev/sda4 (swap)" "-m"
}

@test "-m: exactly those, the deeper ones last" {
    run -0 --separate-stderr virt-ls -a linux.img -m /dev/sda2:/boot -m /dev/sda3 -m /dev/sda1:/boot/efi:ro:vfat -R /boot /home
    assert_equal "$(paths)" "efi
efi/EFI
vmlinuz
hidden"
}

@test "-m: what cannot be mounted is an error" {
    run --separate-stderr virt-ls -a linux.img -m /dev/sda3 -m /dev/sda6:/home /
    assert_status 1
    assert_equal "$output" ""
    assert_contains "$stderr" "virt-ls: linux.img: mount /dev/sda6 at /home: "
    run --separate-stderr virt-ls -a linux.img -m /dev/sda3:/:remount /
    assert_status 1
    assert_contains "$stderr" "option remount: not allowed"
    run --separate-stderr virt-ls -a linux.img -m /dev/sda9 /
    assert_status 1
    assert_contains "$stderr" "mount /dev/sda9: no such device; there are: /dev/sda1 (vfat), "
}

@test "btrfs as Fedora has it" {
    run -0 --separate-stderr virt-ls -a fedora.img / /home
    assert_equal "$output" "bin
etc
home
usr
var
alice"
    run -0 --separate-stderr virt-ls -a fedora.img -m /dev/sda:/:subvol=home /
    assert_equal "$output" "alice"
}

@test "btrfs as Ubuntu has it" {
    run -0 --separate-stderr virt-ls -a ubuntu.img /home
    assert_equal "$output" "bob"
    # Snaps are mounted from files.
    run -0 --separate-stderr virt-ls -a ubuntu.img -R /snap /var/lib/snapd
    assert_equal "$output" "core22
core22/1
snaps
snaps/core22_1.snap"
    assert_equal "$stderr" ""
}

@test "btrfs as SUSE has it: the root is a snapshot" {
    run -0 --separate-stderr virt-ls -a suse.img / /var /.snapshots
    assert_equal "$output" ".snapshots
bin
etc
home
usr
var
log
1"
}

@test "Windows, and the case of names does not matter" {
    run -0 --separate-stderr virt-ls -a windows.img / /users/jürgen /Windows/SYSTEM32/drivers/etc
    assert_equal "$output" "Users
WINDOWS
My Documents
hosts"
    run --separate-stderr virt-ls -a windows.img /winnt
    assert_status 1
}

@test "clones in one appliance are kept apart, also after guests that fail" {
    printf '%s\n' fedora.img clone.img dual.img fedora.img linux.img clone.img suse.img linux.img > "$TMPDIR/list"
    run --separate-stderr virt-ls --isolate=none -P 1 --images-from "$TMPDIR/list" /home
    assert_status 1
    assert_equal "$(grep -v 'lost+found' <<< "$output")" "fedora.img:alice
clone.img:carol
fedora.img:alice
linux.img:alice
linux.img:bob
clone.img:carol
linux.img:alice
linux.img:bob"
    assert_contains "$stderr" "dual.img: several operating systems"
}
