#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-ls: what fstab names by what only the guest's machine knows, and what it names that is not there.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

# guest LINE…: r.img, the root of a Linux, with these lines in its fstab
guest()
{
    mkdir -p r/etc r/bin r/home r/srv
    echo ID=x > r/etc/os-release
    { echo 'LABEL=r / ext4 defaults 0 1'; printf '%s\n' "$@"; } > r/etc/fstab
    truncate -s 16M r.img
    mke2fs -q -F -L r -d r r.img
}

# filled NAME FILE [TYPE]: an image with that file
filled()
{
    mkdir -p "$1.d"
    touch "$1.d/$2"
    truncate -s 16M "$1"
    mke2fs -q -F -t "${3:-ext4}" -d "$1.d" "$1"
}

by_id=/dev/disk/by-id/scsi-0HC_Volume_1

@test "by-id, by-path, by-diskseq: the only filesystem that is left, and -v says that it is a guess" {
    local name

    filled h.img alice
    for name in "$by_id" /dev/disk/by-path/pci-0000:00:04.0 /dev/disk/by-diskseq/7 /dev/vdz9z; do
        guest "$name /home ext4 nofail 0 2"
        run -0 --separate-stderr virt-ls -v -a r.img -a h.img /home
        assert_contains "$output" alice
        assert_contains "$stderr" "/etc/fstab: line 2: $name at /home: taken for /dev/sdb, the only filesystem that is left: a guess"
    done
}

@test "… whichever of ext2, ext3 and ext4 it is" {
    guest "$by_id /home ext4 nofail 0 2"
    filled h.img alice ext2
    run -0 --separate-stderr virt-ls -a r.img -a h.img /home
    assert_contains "$output" alice
}

@test "… a partition of that number" {
    guest "$by_id-part2 /home ext4 defaults 0 2"
    requires sfdisk
    filled h.img alice
    filled g.img bob
    truncate -s 64M disk.img
    printf 'label: gpt\nstart=2048, size=32768\nstart=40960, size=32768\n' | sfdisk -q disk.img
    dd if=g.img of=disk.img bs=1M seek=1 conv=notrunc,sparse status=none
    dd if=h.img of=disk.img bs=1M seek=20 conv=notrunc,sparse status=none
    run -0 --separate-stderr virt-ls -a r.img -a disk.img /home
    assert_contains "$output" alice
    [[ $output != *bob* ]]
}

@test "two that it may be, or two that may be it: the error that a missing disk gives" {
    guest "$by_id /home ext4 defaults 0 2"
    filled h.img alice
    filled g.img bob
    run -1 --separate-stderr virt-ls -a r.img -a h.img -a g.img /home
    assert_contains "$stderr" "virt-ls: r.img++: /home: only the guest's own machine knows that name"
    # … but not where fstab says whose the other one is, or its type is another one.
    guest "$by_id /home ext4 defaults 0 2" "UUID=$(blkid -p -o value -s UUID g.img) /srv ext4 defaults 0 2"
    run -0 --separate-stderr virt-ls -a r.img -a h.img -a g.img /home /srv
    assert_contains "$output" alice bob
    guest "$by_id /home xfs defaults 0 2"
    run -1 --separate-stderr virt-ls -a r.img -a h.img /home
    assert_contains "$stderr" "virt-ls: r.img+: /home: only the guest's own machine knows that name"
    guest "$by_id /home ext4 defaults 0 2" "/dev/disk/by-id/other /srv ext4 defaults 0 2"
    run -1 --separate-stderr virt-ls -a r.img -a h.img /home
    assert_contains "$stderr" "virt-ls: r.img+: /home: only the guest's own machine knows that name"
}

@test "what may be missing is named by -v, and is no error" {
    guest "/dev/sdq /home ext4 nofail 0 2" "$by_id /srv ext4 nofail 0 2" "/dev/sr0 /mnt iso9660 ro,noauto 0 0"
    run -0 --separate-stderr virt-ls -v -a r.img /home /srv
    assert_contains "$stderr" "line 2: /dev/sdq at /home: passed over: the guest's disks have no such device" \
        "line 3: $by_id at /srv: passed over: only the guest's own machine knows that name" "line 4: /dev/sr0 at /mnt: passed over"
    run -0 --separate-stderr virt-ls -a r.img /home /srv
    assert_equal "$stderr" ""
}

@test "by-id of what was made of disks is its name" {
    guest "/dev/disk/by-id/dm-name-vg-home /home ext4 defaults 0 2"
    run -1 --separate-stderr virt-ls -a r.img /home
    assert_contains "$stderr" "/home: no such volume was found (is it in an encrypted one?)"
}
