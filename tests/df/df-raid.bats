#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Software RAID (md): levels, superblocks, degraded arrays; btrfs over several disks.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes md.img md-disks md-end btrfs-two btrfs-seed; }
teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$VOLUMES" || return 1
}

@test "RAID 0, 1, 5, 10 in partitions, two of them degraded; superblocks 0.90, 1.0 and 1.2" {
    assert_equal "$(devices md.img)" "/dev/md0 raid0
/dev/md1 raid1
/dev/md/five raid5
/dev/md10 raid10
/dev/md4 old"
    run -0 virt-df-live md.img
}

@test "disks that are mirrored as a whole, and partitions on the array" {
    assert_equal "$(devices -a md-disks-a.img -a md-disks-b.img)" "/dev/md/data1 one
/dev/md/data2 two"
}

@test "either half of a mirror alone" {
    assert_equal "$(devices md-disks-a.img)" "/dev/md/data1 one
/dev/md/data2 two"
    assert_equal "$(devices md-disks-b.img)" "/dev/md/data1 one
/dev/md/data2 two"
}

@test "superblocks at the end of disks: partitions are the array's, and are there once" {
    assert_equal "$(devices -a md-end-a.img -a md-end-b.img)" "/dev/md/mirrored1 mirrored"
    assert_equal "$(devices -a md-end-c.img -a md-end-d.img)" "/dev/md/striped1 striped"
    run -0 --separate-stderr virt-df-live --total -a md-end-a.img -a md-end-b.img
    assert_equal "$stderr" ""
    assert_equal "$(devices md-end-b.img)" "/dev/md/mirrored1 mirrored"
    run -1 --separate-stderr virt-df-live --csv --noheadings md-end-c.img
    assert_equal "$output" ""
    assert_contains "$stderr" "md-end-c.img: /dev/sda: software RAID: 1 of its members is here, and it does not start: "
}

@test "an array that lacks too many members is named" {
    cd "$TMPDIR"
    volume md.img lacking.img
    # Partitions 1 and 8 to 10: one of two of RAID 0, three of four of RAID 10. Their superblocks are 4 KiB in.
    for n in 0 7 8 9; do
        dd if=/dev/zero of=lacking.img bs=1M seek=$((1 + 16 * n)) count=1 conv=notrunc status=none
    done
    run -1 --separate-stderr virt-df-live --csv lacking.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/md1
/dev/md/five
/dev/md4"
    assert_contains "$stderr" \
        "lacking.img: /dev/sda2: software RAID: 1 of its members is here, and it does not start: " \
        "lacking.img: /dev/sda11: software RAID: 1 of its members is here, and it does not start: "
}

@test "nothing is written to the images" {
    local before
    before=$(cksum md.img md-disks-a.img md-disks-b.img)
    run -0 virt-df-live md.img
    run -0 virt-df-live -a md-disks-a.img -a md-disks-b.img
    assert_equal "$(cksum md.img md-disks-a.img md-disks-b.img)" "$before"
}

@test "a btrfs that began with a seed on another disk, in either order; without it" {
    assert_equal "$(devices -a btrfs-seed-a.img -a btrfs-seed-b.img)" "/dev/sda seed
/dev/sdb sprout"
    assert_equal "$(devices -a btrfs-seed-b.img -a btrfs-seed-a.img)" "/dev/sda sprout
/dev/sdb seed"
    run -0 virt-ls -a btrfs-seed-a.img -a btrfs-seed-b.img -m /dev/sdb /
    run -1 --separate-stderr virt-df-live btrfs-seed-b.img
    assert_contains "$stderr" "btrfs-seed-b.img: /dev/sda: mount btrfs: " ": it takes its other disks"
}

@test "btrfs over two disks is one filesystem" {
    assert_equal "$(devices -a btrfs-two-a.img -a btrfs-two-b.img)" "/dev/sda both"
    run -0 virt-df-live -a btrfs-two-a.img -a btrfs-two-b.img
}

@test "… and one of them alone is named" {
    run -1 --separate-stderr virt-df-live --csv btrfs-two-b.img
    assert_contains "$stderr" "btrfs-two-b.img: /dev/sda: mount btrfs: "
}
