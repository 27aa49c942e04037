#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# One image after the other behind the same devices of one appliance: of each what is on it, and nothing of those before.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes lvm.img md.img ldm.img crash-ext4.img; }
teardown_file() { remove_scratch; }
setup() { requires_appliance; setup_test; }

# ask OPTION-OR-IMAGE…: what virt-df-live says, but for times and places in the list; what else was said is in errors
ask() { virt-df-live -P 1 --json --stats --isolate=none "$@" 2> errors | jq -c 'del(.elapsed_s, .index)'; }

# there_and_back OPTION IMAGE…: each image alone; then 13 others, so that every device has had a disk, and behind these the
# images twice and backwards, all in one appliance.
there_and_back()
{
    local option=$1 name
    shift
    links 13
    ask "${names[@]}" > /dev/null # the appliance is saved
    for name; do ask "$option" "$name"; done > alone
    mapfile -t back < <(printf '%s\n' "$@" | tac)
    ask "${names[@]}" "$option" "$@" "$@" "${back[@]}" > all
    assert_contains "$(< errors)" '"waves": 1, "boots": 0, "restores": 1,'
    for name in "$@" "$@" "${back[@]}"; do jq -c --arg name "$name" 'select(.guest == $name)' alone; done > expected
    tail -n +$((2 * ${#names[@]} + 1)) all | diff expected -
}

@test "filesystems of every kind, what is broken, and what is none; sizes of all kinds" {
    local kind
    for kind in ext2.img ext4.img ext4-journal.img ext4-broken.img xfs.img btrfs.img vfat.img ntfs.img exfat.img squashfs.img; do
        image "$kind"
    done
    truncate -s 1M empty.img
    truncate -s 700 odd.img
    : > nothing.img
    mapfile -t images < <(ls)
    there_and_back --format=raw "${images[@]}"
    [[ $(jq -r 'select(.type == "filesystem") | .fstype' alone | sort -u | wc -l) -ge 8 ]]
}

# bats test_tags=slow
@test "partitions, volumes that are made of others, views; other formats" {
    local kind
    for kind in gpt.img mbr.img ext4.img ext4.qcow2 gpt.qcow2; do image "$kind"; done
    for kind in lvm.img md.img ldm.img crash-ext4.img; do volume "$kind"; done
    there_and_back --format lvm.img gpt.img ext4.img mbr.img md.img gpt.qcow2 crash-ext4.img ldm.img ext4.qcow2
}

@test "disks whose first sector is blank: what is on the whole disk, a table, and nothing" {
    image gpt.img
    volume lvm.img
    "$TOP/tests/images/make-amiga.py" amiga.img
    mke2fs -q -F -t ext4 -E offset=1048576 amiga.img 4M
    mke2fs -q -F -t ext4 whole.img 8M
    truncate -s 128M btrfs.img
    mkfs.btrfs -q btrfs.img
    truncate -s 8M swap.img blank.img
    mkswap -q swap.img
    dd if=/dev/urandom of=data.img bs=1M count=1 seek=1 status=none
    there_and_back --format whole.img amiga.img gpt.img blank.img swap.img data.img lvm.img btrfs.img
    assert_equal "$(jq -r 'select(.guest == "amiga.img" and .type != "guest") | .device' alone)" /dev/sda1
}

@test "disks with blocks of other sizes, in turns" {
    local i
    image gpt-4k.img
    image gpt.img
    links 13
    ask --blocksize=4096 gpt-4k.img > one
    ask gpt.img > two
    ask "${names[@]}" --blocksize=4096 gpt-4k.img --blocksize=512 gpt.img --blocksize=4096 gpt-4k.img --blocksize=512 gpt.img > all
    assert_contains "$(< errors)" '"waves": 1,'
    cat one two one two | diff - <(tail -n +27 all)
}

@test "a listing has no file of another guest" {
    local i
    for ((i = 0; i < 40; i++)); do
        mkdir "tree$i"
        seq -f "tree$i/of-$i-%03.0f" 1 $((i + 1)) | xargs touch
        mke2fs -q -F -t ext4 -d "tree$i" "$(printf %02d.img $i)" $((8 + i % 5 * 4))M
    done
    virt-ls -P 1 --isolate=none -m /dev/sda -R --images-from <(printf '%s\n' ./*.img) / > listed
    for ((i = 0; i < 40; i++)); do
        (cd "tree$i" && printf '%s\n' lost+found *) | sort | sed "s|^|$(printf %02d.img $i):|"
    done > expected
    sed 's|^\([^:]*\):/*|\1:|' listed | diff expected -
}
