#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --transient: a disk that can be written, whose writes go with it. And what is said where that would have helped.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug
load ../lib/volumes

setup_file() { set_up_volumes crash-ext4.img crash-xfs.img crash-btrfs.img crash-lvm.img; }
teardown_file() { remove_scratch; }

# unharmed FILE COMMAND…: the file has the same bytes, times and owner after the command
unharmed()
{
    local file=$1 before after
    shift
    sync "$file" # until then its blocks are not settled
    before=$(stat -c '%u:%g %a %s %b %y %z %i %h' "$file"; cksum < "$file")
    "$@"
    after=$(stat -c '%u:%g %a %s %b %y %z %i %h' "$file"; cksum < "$file")
    assert_equal "$after" "$before"
}

# In sda: what is there is mended, made anew, mounted and written.
try_everything()
{
    attach --slot 0 --transient "$@"
    in_it blkid -o value -s TYPE /dev/sda > before
    in_it e2fsck -fy /dev/sda > log || [ $? -eq 1 ]
    in_it mkfs.xfs -q -f /dev/sda
    in_it mount /dev/sda /mnt
    in_it sh -c 'cat > /mnt/noise; sync' < noise
    in_it umount /mnt
    in_it blockdev --flushbufs /dev/sda
    in_it mount -o ro /dev/sda /mnt
    assert_equal "$(in_it sha256sum /mnt/noise | cut -d ' ' -f 1)" "$(digest noise)"
    in_it umount /mnt
    detach sda
    # Another time it is what it was.
    attach --slot 0 --transient "$@"
    assert_equal "$(in_it blkid -o value -s TYPE /dev/sda)" "$(cat before)"
    assert_equal "$(cat before)" ext4
    in_it e2fsck -fn /dev/sda > log
    detach sda
}

make_ext4()
{
    truncate -s 400M old.img
    mkfs.ext4 -q old.img
    head -c 3000000 /dev/urandom > noise
    sync old.img
}

@test "raw: what is written inside is not in the image, and is gone the next time" {
    make_ext4
    launch --slots 2
    unharmed old.img try_everything old.img
}

@test "qcow2, and one with a backing file" {
    make_ext4
    qemu-img convert -O qcow2 old.img old.qcow2
    qemu-img create -q -f qcow2 -b old.img -F raw overlay.qcow2
    launch --slots 2
    unharmed old.qcow2 try_everything old.qcow2
    unharmed old.img unharmed overlay.qcow2 try_everything --format qcow2 overlay.qcow2
    run -0 qemu-img check overlay.qcow2
}

@test "vmdk, vdi, a vmdk in several files, sectors of 4096 bytes" {
    local format
    make_ext4
    launch --slots 2
    for format in vmdk vdi; do
        qemu-img convert -O "$format" old.img "old.$format"
        unharmed "old.$format" try_everything "old.$format"
    done
    qemu-img convert -O vmdk -o subformat=twoGbMaxExtentSparse old.img parts.vmdk
    unharmed parts-s001.vmdk try_everything --format vmdk parts.vmdk
    attach --slot 0 --transient --blocksize 4096 old.img
    in_it mkfs.ext4 -q -F /dev/sda
    assert_equal "$(in_it blockdev --getss /dev/sda)" 4096
}

@test "an image that nobody may write, and one whose size is odd" {
    make_ext4
    printf x >> old.img
    chmod 444 old.img
    launch --slots 2
    unharmed old.img try_everything old.img
}

@test "a null drive" {
    launch --slots 1
    attach --transient /dev/null
    assert_equal "$(disks mode image)" "transient /dev/null"
    in_it sh -c 'echo words > /dev/sda'
    detach sda
    attach --transient /dev/null
    assert_equal "$(in_it head -c 5 /dev/sda | tr '\0' x)" xxxxx
}

@test "list says so; --format is that of the image; launch knows it, too" {
    make_ext4
    qemu-img convert -O qcow2 old.img old.qcow2
    launch --slots 3 --transient old.img old.qcow2
    attach old.img
    assert_equal "$(disks device format mode state image)" "/dev/sda raw transient ready old.img
/dev/sdb qcow2 transient ready old.qcow2
/dev/sdc raw ro ready old.img"
    run -0 virt-hotplug list --noheadings "$name"
    assert_contains "$output" " transient ready "
}

# The store has 8 MiB: nothing more can be written, what was written can be read, and the rest goes on.
@test "a store that is full" {
    make_ext4
    launch --slots 2
    fill()
    {
        attach --slot 0 --transient --transient-size 8 old.img
        run ! in_it dd if=/dev/urandom of=/dev/sda bs=1M seek=100 count=30 conv=fsync
        in_it dmesg > log
        assert_contains "$(cat log)" "critical space allocation error"
        in_it blockdev --flushbufs /dev/sda
        assert_equal "$(in_it blkid -o value -s TYPE /dev/sda)" ext4
        attach --slot 1 old.img
        in_it sh -c 'head -c 1048576 /dev/sdb | sha256sum' > log
        assert_equal "$(cut -d ' ' -f 1 log)" "$(head -c 1M old.img | sha256sum | cut -d ' ' -f 1)"
        detach sda sdb
    }
    unharmed old.img fill
}

@test "a filesystem in a store that is full stops being written" {
    make_ext4
    launch --slots 1
    attach --transient --transient-size 8 old.img
    in_it mount /dev/sda /mnt
    run ! in_it sh -c 'dd if=/dev/urandom of=/mnt/big bs=1M count=60 && sync -f /mnt && dd if=/mnt/big of=/dev/null iflag=direct bs=1M'
    in_it ls /mnt > log
    assert_contains "$(cat log)" lost+found
    in_it umount /mnt
    detach sda
    assert_equal "$(disks slot)" ""
}

@test "it takes no lock: an image that is written elsewhere can be tried, and a guest can be started" {
    make_ext4
    launch --slots 2
    attach --transient old.img
    attach --rw --format raw old.img
    assert_equal "$(disks mode)" "transient
rw"
}

@test "in use it is not detached; shutdown does not mind" {
    make_ext4
    launch --slots 1
    attach --transient old.img
    in_it mount /dev/sda /mnt
    refused "is mounted at /mnt" detach "$name" sda
    unharmed old.img virt-hotplug shutdown "$name"
}

# The file is made with the user's rights where TMPDIR says, has no name, and is closed with the disk.
@test "what is written is in a file without a name in TMPDIR, which goes with the disk" {
    local pid
    make_ext4
    mkdir store
    launch --slots 1
    TMPDIR=$PWD/store attach --transient --format raw old.img
    pid=$(ours qemu-system)
    assert_equal "$(find store -type f)" ""
    run -0 ls -l "/proc/$pid/fd"
    assert_contains "$output" "$PWD/store/"
    detach sda
    run -0 ls -l "/proc/$pid/fd"
    run -1 grep -F "$PWD/store/" <<< "$output"
    run -1 env TMPDIR=/none virt-hotplug attach "$name" --transient old.img
    assert_contains "$output" "cannot make a file in /none for what is written to it: No such file or directory"
}

@test "an image whose size only QEMU knows is refused" {
    qemu-img create -q -f vhdx old.vhdx 64M
    launch --slots 1
    refused "only QEMU can tell how large the disk of a vhdx image is" attach "$name" --transient old.vhdx
}

# --- what is said ---

# advised FSTYPE OPTION IMAGE [DEVICE]
advised()
{
    attach --slot 0 "$3"
    run --separate-stderr in_it sh -c "mount -o ro ${4-/dev/sda} /mnt"
    [[ $status -ne 0 ]] || { echo "mounted"; return 1; }
    assert_contains "$stderr" "virt-hotplug: ${4-/dev/sda} was not unmounted, and its disk is read-only" "--transient" \
        "-o ro,$2"
    run -0 --separate-stderr in_it mount -o "ro,$2" "${4-/dev/sda}" /mnt
    assert_equal "$stderr" ""
    in_it umount /mnt
    detach sda
    attach --slot 0 --transient "$3"
    run -0 --separate-stderr in_it mount "${4-/dev/sda}" /mnt
    assert_equal "$stderr" ""
    assert_equal "$(in_it sh -c 'ls /mnt/new | wc -l')" 40
    in_it umount /mnt
    detach sda
}

@test "mounting what was not unmounted says what to do, and that works: ext4" {
    launch --slots 1
    unharmed "$VOLUMES/crash-ext4.img" advised ext4 noload "$VOLUMES/crash-ext4.img"
}

@test "… xfs" {
    launch --slots 1
    unharmed "$VOLUMES/crash-xfs.img" advised xfs norecovery "$VOLUMES/crash-xfs.img"
}

@test "… btrfs" {
    launch --slots 1
    unharmed "$VOLUMES/crash-btrfs.img" advised btrfs rescue=nologreplay "$VOLUMES/crash-btrfs.img"
}

@test "… on a terminal, too, and not a second time" {
    requires script
    launch --slots 1
    attach "$VOLUMES/crash-ext4.img"
    run script -qec "virt-hotplug run $name -- mount -o ro /dev/sda /mnt" /dev/null
    assert_contains "$output" "virt-hotplug: /dev/sda was not unmounted" "-o ro,noload"
    run -0 --separate-stderr in_it true
    assert_equal "$stderr" ""
}
