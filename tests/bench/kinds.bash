# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# virt-ls -lR of 100,000 files in filesystems of each kind, and checksums of 2 GiB; beside guestfs-tools' virt-ls, once each.
# Our functions of ls.bash are used here.

# filled NAME SIZE MKFS…: a filesystem into which this host copies the tree
filled() {
    local image=$work/kinds/$1
    truncate -s "$2" "$image"
    "${@:3}" "$image" > "$work/log" 2>&1
    mkdir -p "$work/mount"
    case $1 in
    ntfs)   ntfs-3g "$image" "$work/mount" ;;
    *)      mount -o loop "$image" "$work/mount" ;;
    esac
    cp -r "$work/tree/." "$work/mount/"
    umount "$work/mount"
}

make_kinds() {
    local type
    say "making filesystems with 100,000 files each"
    mkdir "$work/kinds"
    make_tree
    for type in ext2 ext3; do mke2fs -q -F -t "$type" -N 120000 -d "$work/tree" "$work/kinds/$type" 400M > "$work/log"; done
    mke2fs -q -F -t ext4 -O ^metadata_csum -N 120000 -d "$work/tree" "$work/kinds/ext4-without-checksums" 400M > "$work/log"
    mksquashfs "$work/tree" "$work/kinds/squashfs" -quiet -no-progress
    truncate -s 800M "$work/kinds/vfat"
    mkfs.vfat -F 32 -s 1 "$work/kinds/vfat" > "$work/log"
    MTOOLS_SKIP_CHECK=1 mcopy -s -i "$work/kinds/vfat" "$work/tree"/* ::
    filled xfs 400M mkfs.xfs -q
    filled btrfs 600M mkfs.btrfs -q
    filled ntfs 600M mkntfs -q -F -Q
    rm -rf "$work/tree"
}

# 2,000 files of 1 MiB, no two alike.
make_contents() {
    local i
    say "making 2 GiB in 2,000 files"
    mkdir "$work/contents"
    for ((i = 0; i < 2000; i++)); do head -c 1M /dev/urandom > "$work/contents/$i"; done
    mke2fs -q -F -t ext4 -d "$work/contents" "$work/contents.img" 2400M > "$work/log"
    rm -rf "$work/contents"
}

bench_kinds() {
    local known=0 kind times
    make_kinds
    make_contents
    timed "$work/first" "$ls" -a "$work/kinds/ext2" -m /dev/sda /
    if [ "$their_ls" ] && theirs -a "$work/kinds/ext2" -m /dev/sda / > "$work/out"; then known=1
    else say "  virt-ls of guestfs-tools does not work here: left out"; fi
    for kind in ext2 ext3 ext4-without-checksums xfs btrfs vfat ntfs squashfs; do
        times=$known
        # Theirs asks for extended attributes, which this one does not have, and gives up.
        [ "$kind" != squashfs ] || times=0
        compare "virt-ls -lR, $kind" 3 "$times" -a "$work/kinds/$kind" -m /dev/sda -lR /
    done
    compare "virt-ls -lR --checksum=sha256, 2 GiB" 3 "$known" -a "$work/contents.img" -m /dev/sda -lR --checksum=sha256 /
    print_table of
}
