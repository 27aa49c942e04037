#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-ls: the files of a vfat are what the kernel says of each that it looks up by name.

load ../lib/helpers
load ../lib/hotplug

# Names of every kind; directories below each other, between files; one of several clusters, with gaps.
make_tree()
{
    local i
    mkdir -p tree/{b/b/b/b/b/b,'a directory with a long name',large}
    for i in tree tree/b tree/b/b tree/b/b/b tree/b/b/b/b tree/b/b/b/b/b; do
        echo a > "$i/a.txt"
        echo "after b" > "$i/c after b"
    done
    echo 1 > tree/SHORT.TXT
    echo 2 > 'tree/größer €.dat'
    echo 3 > "tree/a directory with a long name/$(printf 'long-%.0s' {1..50})"
    echo 4 > tree/emoji-🙂
    for ((i = 0; i < 400; i++)); do head -c "$i" /dev/zero > "tree/large/$i of many files"; done
    touch -d '1990-05-06 07:08:10Z' tree/SHORT.TXT
}

# make_image BITS SIZE
make_image()
{
    rm -f fat.img
    truncate -s "$2" fat.img
    mkfs.vfat -F "$1" fat.img > /dev/null
    LC_ALL=C.UTF-8 MTOOLS_SKIP_CHECK=1 mcopy -m -s -i fat.img tree/* ::
    mdel -i fat.img '::large/1? of many files'
    mattrib -i fat.img +r +h ::SHORT.TXT "::c after b"
}

# What the kernel says, in an appliance in which nothing of virt-ls is: a line a file.
of_the_kernel()
{
    in_it sh -c 'mkdir -p /tmp/m && mount -o ro,nfs=nostale_ro /dev/sda /tmp/m && cd /tmp/m &&
        find . -type f -exec stat -c "%n|%a|%u|%g|%h|%s|%b|%i|%X|%Y|%Z" {} + && cd / && umount /tmp/m' | sed 's,^\./,,' | sort
}

of_virt_ls()
{
    virt-ls --json -lR -a fat.img -m /dev/sda / |
        jq -r 'select(.file_type == "file") | [.path, (.mode | ltrimstr("0")), .uid, .gid, .links, .size, .blocks, .inode, .atime, .mtime, .ctime] | join("|")' |
        sed 's,^/,,' | sort
}

@test "FAT12, FAT16 and FAT32: each file is what the kernel says" {
    requires mkfs.vfat mcopy jq
    local bits size wanted got
    make_tree
    launch
    while read -r bits size; do
        make_image "$bits" "$size"
        attach --format=raw fat.img
        wanted=$(of_the_kernel)
        detach sda
        got=$(of_virt_ls)
        assert_equal "$(wc -l <<< "$wanted")" 406
        assert_equal "$got" "$wanted"
    done <<< "12 4M
16 24M
32 64M"
}
