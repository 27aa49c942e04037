#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --rw writes into the image, and without it nothing does.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

# What must not change about a file.
state()
{
    sync "$@" # until then their blocks are not settled
    stat -c '%n %u:%g %a %s %b %y %z %i %h' "$@"
    cksum "$@"
}

# partition FILE NUMBER: a sparse copy of it in part.NUMBER
partition()
{
    local start size

    read -r start size < <(sfdisk --json "$1" |
        jq -r --argjson n "$2" '.partitiontable.partitions[$n - 1] | "\(.start) \(.size)"')
    dd if="$1" of="part.$2" bs=512 skip="$start" count="$size" conv=sparse status=none
    truncate -s "$((size * 512))" "part.$2"
}

# Four partitions, a filesystem in each, a file in each.
write_disk()
{
    printf 'label: gpt\nsize=64M, name=one\nsize=320M\nsize=128M\nsize=50M, type=uefi\n' | in_it sfdisk -q /dev/sda
    assert_equal "$(nodes)" "sda sda1 sda2 sda3 sda4"
    in_it mkfs.ext4 -q -L root /dev/sda1
    in_it mkfs.xfs -q -L srv /dev/sda2
    in_it mkfs.btrfs -q -L pool /dev/sda3
    in_it mkfs.vfat -n EFI /dev/sda4 > log
    local part
    for part in 1 2 3 4; do
        in_it mount "/dev/sda$part" /mnt
        in_it sh -c 'cat > /mnt/noise' < noise
        in_it umount /mnt
    done
}

# With the host's own programs; nothing is mounted here.
check_disk()
{
    local part

    run -0 sfdisk -d "$1"
    assert_contains "$output" "label: gpt" 'name="one"' "${1}4"
    run -0 sfdisk --verify "$1"
    for part in 1 2 3 4; do partition "$1" "$part"; done
    assert_equal "$(for part in 1 2 3 4; do blkid -p -o value -s TYPE "part.$part"; done | paste -sd ' ')" \
        "ext4 xfs btrfs vfat"
    run -0 e2fsck -fn part.1
    run -0 xfs_repair -n part.2
    run -0 btrfs check --readonly part.3
    run -0 fsck.vfat -n part.4
    debugfs -R 'cat noise' part.1 2> log | cmp - noise
    mtype -i part.4 ::noise | cmp - noise
}

check_by_virt_df()
{
    run -0 --separate-stderr virt-df-live --json "$1"
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type == "filesystem") | "\(.device) \(.fstype) \(.label) \(.status) \(.clean)"')" \
        "/dev/sda1 ext4 root ok true
/dev/sda2 xfs srv ok true
/dev/sda3 btrfs pool ok true
/dev/sda4 vfat EFI ok true"
}

# And the files that no program of the host reads without mounting.
check_inside()
{
    local part

    attach --slot 0 "$1"
    for part in 1 2 3 4; do
        in_it mount -o ro "/dev/sda$part" /mnt
        assert_equal "$(in_it sha256sum /mnt/noise | cut -d ' ' -f 1)" "$(digest noise)"
        in_it umount /mnt
    done
    detach sda
}

# bats test_tags=slow
@test "a disk that was partitioned and formatted inside is right outside: raw" {
    requires sfdisk mkfs.ext4 e2fsck debugfs xfs_repair btrfs fsck.vfat mtype blkid
    truncate -s 600M new.img
    head -c 3000000 /dev/urandom > noise
    launch --slots 2
    attach --slot 0 --rw --format raw new.img
    write_disk
    detach 0
    check_disk new.img
    check_by_virt_df new.img
    check_inside new.img
}

@test "… qcow2" {
    requires qemu-img sfdisk e2fsck debugfs xfs_repair btrfs fsck.vfat mtype blkid
    qemu-img create -q -f qcow2 new.qcow2 600M
    head -c 3000000 /dev/urandom > noise
    launch --slots 2
    attach --slot 0 --rw new.qcow2
    write_disk
    detach 0
    run -0 qemu-img check new.qcow2
    assert_contains "$output" "No errors were found"
    qemu-img convert -O raw new.qcow2 new.img
    check_disk new.img
    check_by_virt_df new.qcow2
    check_inside new.qcow2
}

@test "other formats that can be written" {
    requires qemu-img
    local format

    launch --slots 1
    for format in vmdk vdi vhdx vpc qed; do
        qemu-img create -q -f "$format" "x.$format" 8M
        attach --rw "x.$format"
        echo "hello $format" | in_it sh -c 'cat > /dev/sda'
        detach 0
        qemu-img convert -O raw "x.$format" raw
        assert_equal "$(head -n 1 raw)" "hello $format"
        [[ $format == vpc ]] || qemu-img check -q "x.$format" # there is no check for vpc
    done
}

@test "an overlay is written, and its backing file is not" {
    requires qemu-img
    image ext4.img base.img
    qemu-img create -q -f qcow2 -b base.img -F raw top.qcow2
    state base.img > before
    launch --slots 1
    attach --rw top.qcow2
    in_it mount /dev/sda /mnt
    in_it sh -c 'echo new > /mnt/new-file'
    in_it umount /mnt
    detach 0
    state base.img > after
    run -0 diff before after
    run -0 qemu-img check top.qcow2
    qemu-img convert -O raw top.qcow2 whole.img
    run -0 e2fsck -fn whole.img
    run -0 debugfs -R 'cat new-file' whole.img
    assert_contains "$output" new
}

@test "what a program has written without closing or syncing is there after the detach" {
    truncate -s 16M new.img
    head -c 8000000 /dev/urandom > noise
    launch --slots 1
    attach --rw --format raw new.img
    in_it sh -c 'cat > /dev/sda' < noise
    in_it sh -c 'exec 1<> /dev/sda; echo first; exec sleep 1000' > log 2>&1 3>&- &
    wait_until 30 in_it sh -c 'test "$(head -c 5 /dev/sda)" = first'
    detach 0
    assert_equal "$(head -n 1 new.img)" first
    run -0 cmp -n 7000000 -i 6 noise new.img
}

@test "sectors of 4096 bytes" {
    truncate -s 64M new.img
    launch --slots 1
    attach --rw --format raw --blocksize 4096 new.img
    assert_equal "$(in_it blockdev --getss /dev/sda)" 4096
    printf 'label: gpt\nsize=10M\n' | in_it sfdisk -q /dev/sda
    assert_equal "$(nodes)" "sda sda1"
    in_it mkfs.ext4 -q /dev/sda1
    detach 0
    run -0 virt-df-live --blocksize=4096 --json new.img
    assert_equal "$(json 'select(.device == "/dev/sda1") | .device')" /dev/sda1
}

@test "read-only is read-only" {
    local name_of

    image ext4.img a.img
    image ext4.qcow2 a.qcow2
    chmod 640 a.img
    touch -d '2001-02-03 04:05:06.789' a.img
    state a.img a.qcow2 > before
    launch --slots 2
    attach a.img
    attach a.qcow2
    assert_equal "$(disks mode)" "ro
ro"
    for name_of in sda sdb; do
        run -1 in_it dd if=/dev/zero of="/dev/$name_of" bs=4096 count=1 conv=fsync
        in_it blockdev --setrw "/dev/$name_of" || [[ $? -eq 1 ]]
        run -1 in_it dd if=/dev/zero of="/dev/$name_of" bs=4096 count=1 conv=fsync
        in_it mount -o rw "/dev/$name_of" /mnt # it says that it is read-only all the same
        run -1 in_it touch /mnt/x
        in_it umount /mnt
    done
    detach 0
    detach 1
    virt-hotplug shutdown "$name"
    state a.img a.qcow2 > after
    run -0 diff before after
}

@test "an image that is written is written by nobody else" {
    local first

    image ext4.img a.img
    image ext4.qcow2 a.qcow2
    launch --slots 3
    attach --rw --format raw a.img
    refused "the image is in use" attach "$name" --rw --format raw a.img
    attach --rw a.qcow2
    refused "the image is in use" attach "$name" --rw a.qcow2
    # In another appliance, too.
    first=$name
    launch --slots 1
    refused "the image is in use" attach "$name" --rw --format raw a.img
    virt-hotplug detach "$first" 0
    attach --rw --format raw a.img
}

@test "those who only read are not kept out" {
    image ext4.img a.img
    launch --slots 3
    attach a.img
    attach a.img
    attach --rw --format raw a.img
    detach 0
    attach a.img
}

@test "a null drive can be written with --rw, and forgets it" {
    launch --slots 2
    attach /dev/null
    attach --rw /dev/null
    assert_equal "$(disks mode)" "ro
rw"
    run -1 in_it dd if=/dev/urandom of=/dev/sda bs=4096 count=1 conv=fsync
    in_it sh -c 'echo something > /dev/sdb'
    assert_equal "$(in_it head -n 1 /dev/sdb)" something
    detach 1
    attach --rw /dev/null
    assert_equal "$(in_it sh -c 'head -c 9 /dev/sdb | tr -d "\0"')" ""
}

@test "an image that may not be written is refused, and nothing else happens" {
    requires_user
    image ext4.img "$user_home/a.img"
    chmod 444 "$user_home/a.img"
    mkdir -m 700 "$user_home/run"
    [[ $(id -u) -ne 0 ]] || chown -R nobody: "$user_home/run"
    export VIRT_LIVE_TOOLS_RUNTIME=$user_home/run
    name=$(as_user virt-hotplug launch --slots 1)
    run --separate-stderr as_user virt-hotplug attach --rw "$name" "$user_home/a.img"
    assert_status 1
    assert_contains "$stderr" "a.img: cannot be opened for writing: Permission denied"
    run -0 as_user virt-hotplug attach "$name" "$user_home/a.img"
    as_user virt-hotplug shutdown "$name"
    export VIRT_LIVE_TOOLS_RUNTIME=$place
}

@test "root writes another user's 0600 image, and it stays theirs" {
    requires_root
    mkdir -m 700 home
    truncate -s 8M home/private.img
    chmod 600 home/private.img
    chown 4321:4321 home home/private.img
    launch --slots 1
    attach --rw --format raw home/private.img
    echo hello | in_it sh -c 'cat > /dev/sda'
    detach 0
    assert_equal "$(head -n 1 home/private.img)" hello
    assert_equal "$(stat -c '%u:%g %a %s' home/private.img)" "4321:4321 600 8388608"
}

@test "shutdown writes out what is attached with --rw" {
    truncate -s 8M new.img
    launch --slots 1
    attach --rw --format raw new.img
    echo hello | in_it sh -c 'cat > /dev/sda'
    virt-hotplug shutdown "$name"
    assert_equal "$(head -n 1 new.img)" hello
}
