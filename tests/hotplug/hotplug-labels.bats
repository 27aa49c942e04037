#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Labels: /dev/disk/guestfs/LABEL, and LABEL1… for partitions.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

# "data -> sdb", a line each
links_in_it()
{
    in_it sh -c 'cd /dev/disk/guestfs 2> /dev/null || exit 0
        for l in *; do [ -L $l ] && echo "$l $(readlink -f $l)"; done; :'
}

@test "a disk and its partitions have links, which work" {
    image gpt.img
    launch --slots 3
    attach --slot 1 --label data gpt.img
    assert_equal "$(links_in_it)" "data /dev/sdb
data1 /dev/sdb1
data2 /dev/sdb2
data3 /dev/sdb3
data4 /dev/sdb4
data5 /dev/sdb5"
    run -0 in_it sh -c 'head -c 4096 /dev/sdb2 | sha256sum; head -c 4096 /dev/disk/guestfs/data2 | sha256sum'
    assert_equal "${lines[0]}" "${lines[1]}"
    assert_equal "$(disks label device)" "data /dev/sdb"
}

@test "a label is one disk's, is gone with it, and can be used again at once" {
    image gpt.img
    image ext4.img
    launch --slots 3
    attach --label data gpt.img
    refused "the label data is that of the disk at slot 0" attach "$name" --label data ext4.img
    attach --label other ext4.img
    assert_equal "$(disks slot label)" "0 data
1 other"
    detach data
    assert_equal "$(links_in_it)" "other /dev/sdb"
    refused '"data" is no slot, no device of one, and no disk'"'"'s label' detach "$name" data
    attach --slot 2 --label data ext4.img
    assert_equal "$(links_in_it)" "data /dev/sdc
other /dev/sdb"
}

@test "partitions that are made inside have links at once, and lose them with the partition" {
    truncate -s 64M new.img
    launch --slots 1
    attach --label fresh --rw --format raw new.img
    printf 'label: gpt\nsize=10M\nsize=20M\n' | in_it sfdisk -q /dev/disk/guestfs/fresh
    assert_equal "$(links_in_it)" "fresh /dev/sda
fresh1 /dev/sda1
fresh2 /dev/sda2"
    in_it sfdisk -q --delete /dev/sda 1
    assert_equal "$(links_in_it)" "fresh /dev/sda
fresh2 /dev/sda2"
    detach fresh
    assert_equal "$(links_in_it)" ""
}

@test "1 to 20 letters, and no name of a disk" {
    local word long=abcdefghijKLMNOPQRST

    launch --slots 2
    for word in "" a1 1 a-b a/b ../a a. 'a b' ä "${long}U" sda sdb sdiv sdzz; do
        fails 2 "--label $word: a label is 1-20 letters, and no disk's name like sdb" \
            attach "$name" "--label=$word" /dev/null
    done
    attach --label "$long" /dev/null
    attach --label x /dev/null
    assert_equal "$(links_in_it)" "$long /dev/sda
x /dev/sdb"
    detach "$long"
}

# The issue asks for 60 s: HOTPLUG_SECONDS=60.
@test "the same label is added and removed for a while" {
    local until=$((SECONDS + ${HOTPLUG_SECONDS:-10})) times=0

    image gpt.img
    launch --slots 4
    while ((SECONDS < until)); do
        attach --label again --slot $((times % 4)) gpt.img
        detach again
        times=$((times + 1))
    done
    echo "# $times times" >&3
    ((times > 0))
    assert_equal "$(links_in_it)" ""
    assert_equal "$(nodes)" ""
    assert_equal "$(virt-hotplug list --json "$name")" ""
}
