#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk that is in use is not detached, and what uses it is named.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

# disk NAME SIZE: a new one, attached for writing, with NAME as its label
disk()
{
    truncate -s "$2" "$1.img"
    attach --label "$1" --rw --format raw "$1.img"
}

# held MESSAGE DISK: detach and shutdown refuse (which names the first that is held); the disk is as it was
held()
{
    local before

    before=$(virt-hotplug list --json "$name")
    refused "$1" detach "$name" "$2"
    refused "/dev/sd" shutdown "$name"
    assert_equal "$(virt-hotplug list --json "$name")" "$before"
}

@test "mounted: a disk, a partition" {
    launch --slots 2
    disk whole 32M > log
    disk parts 32M > log
    in_it mkfs.ext4 -q /dev/sda
    in_it mount /dev/sda /mnt
    held "/dev/sda is mounted at /mnt" whole
    in_it touch /mnt/still-works
    in_it umount /mnt
    detach whole
    printf 'label: gpt\nsize=10M\nsize=10M\n' | in_it sfdisk -q /dev/sdb
    in_it mkfs.ext4 -q /dev/disk/guestfs/parts2
    in_it mount /dev/disk/guestfs/parts2 /mnt
    held "/dev/sdb2 is mounted at /mnt" /dev/sdb
    in_it umount /mnt
    virt-hotplug shutdown "$name"
}

@test "mounted read-only: detach is refused, shutdown is not" {
    image ext4.img
    launch --slots 1
    attach ext4.img
    in_it mount -o ro /dev/sda /mnt
    refused "/dev/sda is mounted at /mnt" detach "$name" 0
    refused "/dev/sda is mounted at /mnt" attach "$name" --slot 0 --replace /dev/null
    assert_equal "$(disks image)" ext4.img
    virt-hotplug shutdown "$name"
    nothing_of_appliances
}

@test "either device of a btrfs" {
    launch --slots 2
    disk one 128M > log
    disk two 128M > log
    in_it mkfs.btrfs -q /dev/sda /dev/sdb
    in_it btrfs device scan
    in_it mount /dev/sda /mnt
    held "/dev/sda is mounted at /mnt" one
    held "/dev/sdb is " two
    in_it umount /mnt
    detach one
    detach two
}

@test "swap" {
    launch --slots 1
    disk swap 32M > log
    in_it mkswap /dev/sda
    in_it swapon /dev/sda
    held "/dev/sda is swap" swap
    in_it swapoff /dev/sda
    detach swap
}

@test "in a volume group that is active" {
    launch --slots 1
    disk lvm 64M > log
    in_it lvm pvcreate -q /dev/sda
    in_it lvm vgcreate -q data /dev/sda
    in_it lvm lvcreate -q -L 16M -n root data
    held "/dev/sda is held by /dev/dm-0 (data-root)" lvm
    in_it lvm vgchange -q -an data
    detach lvm
    # It is still one, and can be used again.
    attach --rw --format raw lvm.img
    in_it lvm vgchange -q -ay data
    in_it lvm lvs
    refused "/dev/sda is held by /dev/dm-0 (data-root)" detach "$name" 0
    in_it lvm vgchange -q -an data
    detach 0
}

@test "in an md array" {
    launch --slots 2
    disk one 64M > log
    disk two 64M > log
    in_it mdadm --create /dev/md0 --quiet --run --level=1 --metadata=1.2 --raid-devices=2 /dev/sda /dev/sdb
    held "/dev/sda is held by /dev/md0" one
    held "/dev/sdb is held by /dev/md0" two
    in_it mdadm --stop --quiet /dev/md0
    detach one
    detach two
}

@test "an open LUKS device" {
    launch --slots 1 --memsize 768
    disk luks 64M > log
    echo -n secret | in_it cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/sda -
    echo -n secret | in_it cryptsetup open --key-file - /dev/sda plain
    held "/dev/sda is held by /dev/dm-0 (plain)" luks
    in_it cryptsetup close plain
    detach luks
}

@test "--force detaches what is mounted; the appliance lives on, and the slot is usable" {
    image ext4.img
    image ext4.img b.img
    launch --slots 2
    attach --rw --format raw ext4.img
    in_it mount /dev/sda /mnt
    in_it sh -c 'echo before > /mnt/file; sync'
    run -0 detach --force 0
    assert_equal "$(disks slot)" ""
    assert_equal "$(nodes)" ""
    assert_equal "$(attach --slot 0 b.img)" /dev/sda
    run -0 in_it blkid /dev/sda
    in_it umount -l /mnt
    in_it mount -o ro /dev/sda /mnt
    in_it umount /mnt
    detach 0
    run -0 debugfs -R 'cat file' ext4.img
    assert_contains "$output" before
}

@test "--force detaches swap, a volume group, an array" {
    launch --slots 3
    disk lvm 64M > log
    disk swap 32M > log
    in_it lvm pvcreate -q /dev/sda
    in_it lvm vgcreate -q data /dev/sda
    in_it lvm lvcreate -q -L 16M -n root data
    in_it mkswap /dev/sdb
    in_it swapon /dev/sdb
    run -0 detach -f lvm
    run -0 detach --force swap
    assert_equal "$(disks slot)" ""
    run -0 in_it true
}

@test "shutdown --force asks nobody" {
    launch --slots 1
    disk whole 32M > log
    in_it mkfs.ext4 -q /dev/sda
    in_it mount /dev/sda /mnt
    virt-hotplug shutdown --force "$name"
    nothing_of_appliances
}

@test "a program that has it open without a claim is no reason, and reads nothing more" {
    image ext4.img
    launch --slots 1
    attach ext4.img
    mkfifo in
    start bash -c 'exec virt-hotplug run "$0" -- sh -c "$1" < in' "$name" \
        'exec 9< /dev/sda; echo ready; read go; dd bs=4096 skip=1000 count=1 <&9 2> /dev/null | wc -c'
    exec 8> in
    wait_until 30 grep -q ready out
    detach 0
    echo go >&8
    exec 8>&-
    finish
    assert_equal "$output" "ready
0"
}

@test "there is nothing to detach in a free slot" {
    launch --slots 2
    refused "there is no disk at slot 1" detach "$name" 1
    refused "there is no disk at slot 0" detach --force "$name" /dev/sda
}
