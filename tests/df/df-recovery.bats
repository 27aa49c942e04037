#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems that were copied while they were mounted: figures and files are those that their guest would find, and the
# images stay as they are.

load ../lib/helpers
load ../lib/volumes

setup_file()
{
    set_up_volumes crash-ext4.img crash-data.img crash-fast.img crash-external.img crash-xfs.img crash-btrfs.img crash-raid1.img \
        crash-lvm.img crash-md.img crash-luks.img
}
teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$VOLUMES" || return 1
}

# figures ARGUMENT…: as in IMAGE.truth, then clean, recovered and status, of the filesystem that there is
figures()
{
    run --separate-stderr virt-df-live --json "$@"
    # shellcheck disable=SC2016 # $b is jq's
    json 'select(.type == "filesystem") | .block_size as $b |
        [$b, .size / $b, (.size - .used) / $b, .available / $b, .inodes, .inodes_free, .clean, .recovered, .status] | join(" ")'
}

# recovered DEVICE IMAGE [OPTION…]: its figures are the guest's, and its 40 files are there
recovered()
{
    local device=$1 image=$2; shift 2
    assert_equal "$(figures "$@" "$image")" "$(cat "$image.truth") false true ok"
    has_files "$device" "$image" "$@"
}

has_files()
{
    local device=$1 image=$2; shift 2
    run -0 --separate-stderr virt-ls "$@" -a "$image" -m "$device" -lR --csv /new
    assert_equal "$stderr" ""
    assert_equal "$(grep -c '^-,[0-9]*,20000,' <<< "$output")" 40
}

@test "ext4" { recovered /dev/sda crash-ext4.img; }
@test "ext4 with its data in the journal" { recovered /dev/sda crash-data.img; }
@test "ext4 with fast commits" { recovered /dev/sda crash-fast.img; }
@test "ext4 with its journal on another partition" { recovered /dev/sda1 crash-external.img; }
@test "ext4 on a logical volume" { recovered /dev/vg/root crash-lvm.img; }
@test "ext4 on an array" { recovered /dev/md/data crash-md.img; }

@test "ext4 in an encrypted volume" {
    recovered "/dev/mapper/luks-$(blkid -p -s UUID -o value crash-luks.img)" crash-luks.img --key all:key:secret
}

# What the guest has set aside for writing is in its own figures, and in none that is read later.
@test "xfs, btrfs, btrfs on two partitions: files, and more is used than without recovery" {
    local name
    for name in xfs:/dev/sda btrfs:/dev/sda raid1:/dev/sda1; do
        has_files "${name#*:}" "crash-${name%:*}.img"
        run -0 virt-df-live --json "crash-${name%:*}.img"
        assert_equal "$(json 'select(.type == "filesystem") | "\(.clean) \(.recovered) \(.status)"')" "false true ok"
        local used
        used=$(json 'select(.type == "filesystem") | .used')
        run -0 virt-df-live --no-recovery --json "crash-${name%:*}.img"
        [[ $used -ge $(json 'select(.type == "filesystem") | .used + 700000') ]]
    done
}

@test "in a GUID partition, in qcow2" {
    local size
    cd "$TMPDIR" || return 1
    size=$(stat -c %s "$VOLUMES/crash-ext4.img")
    truncate -s $((size + (2 << 20))) disk.raw
    echo "start=2048, size=$((size / 512))" | sfdisk -q --no-reread --no-tell-kernel --label gpt disk.raw
    dd if="$VOLUMES/crash-ext4.img" of=disk.raw bs=1M seek=1 conv=notrunc,sparse status=none
    qemu-img convert -O qcow2 disk.raw disk.qcow2
    cp "$VOLUMES/crash-ext4.img.truth" disk.qcow2.truth
    recovered /dev/sda1 disk.qcow2
}

@test "--no-recovery: they are read as they lie there, which is no failure" {
    run -0 --separate-stderr virt-df-live --no-recovery --json crash-ext4.img crash-xfs.img crash-btrfs.img
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type == "filesystem") | "\(.clean) \(.recovered) \(.status)"')" "false false ok
false false ok
false false ok"
    run -1 virt-ls --no-recovery -a crash-ext4.img -m /dev/sda /new
    assert_contains "$output" "No such file or directory"
}

@test "the images stay as they are" {
    cksum -- crash-*.img > "$TMPDIR/before"
    run virt-df-live crash-*.img
    run virt-ls -a crash-ext4.img -m /dev/sda -R /
    cksum -- crash-*.img | diff "$TMPDIR/before" -
}

# damage IMAGE: its journal is recognised, and nonsense
damage()
{
    local block
    block=$(debugfs -R 'blocks <8>' "$1" 2> /dev/null | cut -d ' ' -f 1)
    [[ $block -gt 0 ]]
    head -c 64 /dev/zero | dd of="$1" bs=1 seek=$((block * 1024)) conv=notrunc status=none
}

@test "a damaged journal: read without it, the reason, exit 1; df and ls" {
    volume crash-ext4.img "$TMPDIR/damaged.img"
    cd "$TMPDIR" || return 1
    damage damaged.img
    run -1 --separate-stderr virt-df-live --json damaged.img
    assert_equal "$(json 'select(.type == "filesystem") | "\(.clean) \(.recovered) \(.status) \(.size > 0)"')" "false false corrupt true"
    assert_contains "$stderr" "damaged.img: /dev/sda: its journal cannot be replayed, so it was read without: mount ext4:"
    run -1 --separate-stderr virt-ls -a damaged.img -m /dev/sda /
    assert_contains "$output" "lost+found"
    assert_contains "$stderr" "/dev/sda: its journal cannot be replayed, so it was read without: mount ext4:"
}

@test "without its journal's disk it is read without, and says so" {
    cd "$TMPDIR" || return 1
    dd if="$VOLUMES/crash-external.img" of=alone.img bs=1M skip=1 count=64 conv=sparse status=none
    run -1 --separate-stderr virt-df-live alone.img
    assert_contains "$output" "alone.img:/dev/sda"
    assert_contains "$stderr" "read without: its journal is on none of the guest's disks"
}
