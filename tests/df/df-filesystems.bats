#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every filesystem on a whole disk: one row, with its type, and figures that can be true.

load ../lib/helpers

names=(ext2.img ext3.img ext4.img xfs.img btrfs.img vfat.img fat16.img exfat.img ntfs.img iso9660.iso
    udf.img squashfs.img squashfs-zstd.img erofs.img f2fs.img hfsplus.img)

# One run for all tests of this file.
setup_file()
{
    local status=0

    make_scratch
    (cd "$IMAGES" && virt-df-live --json -- "${names[@]}") > "$BATS_FILE_TMPDIR/out" 2> "$BATS_FILE_TMPDIR/err" ||
        status=$?
    echo "$status" > "$BATS_FILE_TMPDIR/status" # judged by a test, which may be skipped
    remove_scratch
}

# row IMAGE FSTYPE [JQ-CONDITION]
row()
{
    local object size

    requires_appliance
    object=$(jq -c --arg name "$1" 'select(.guest == $name and .type == "filesystem")' "$BATS_FILE_TMPDIR/out")
    size=$(stat -c %s "$IMAGES/$1")
    echo "row: $object; messages: $(grep -F "$1" "$BATS_FILE_TMPDIR/err")"
    jq -e --argjson file "$size" --arg type "$2" '
        .fstype == $type and .device == "/dev/sda" and .disk == 0 and .status == "ok" and .clean
        and .size > 0 and .size <= $file + .block_size and .used > 0 and .used <= .size
        and .available <= .size - .used and .block_size >= 512 and ('"${3:-true}"')' <<< "$object"
}

# As e2fsprogs says. Newer versions give ext4 one for orphans.
used_inodes()
{
    dumpe2fs -h "$IMAGES/$1" 2> /dev/null | awk -F : '$1 == "Inode count" { all = $2 } $1 == "Free inodes" { free = $2 }
        END { print all - free }'
}

# What was written into the image: about 800 kB.
filled='.used > 790000'
packed='.used == .size and .available == 0'

@test "ext2" { row ext2.img ext2 "$filled and .label == \"ext2\" and .inodes_used == $(used_inodes ext2.img)"; }
@test "ext3" { row ext3.img ext3 "$filled and .label == \"ext3\" and .inodes_used == $(used_inodes ext3.img)"; }
@test "ext4" { row ext4.img ext4 "$filled and .label == \"ext4\" and .inodes_used == $(used_inodes ext4.img) and .block_size == 1024"; }
@test "xfs" { row xfs.img xfs "$filled and .label == \"xfs\" and .inodes_used == 15"; }
@test "btrfs" { row btrfs.img btrfs "$filled and .label == \"btrfs\" and .inodes == null"; }
@test "vfat (FAT32)" { row vfat.img vfat "$filled and .label == \"FAT32\" and .uuid == \"1234-5678\""; }
@test "vfat (FAT16)" { row fat16.img vfat "$filled"; }
@test "exfat" { row exfat.img exfat '.label == "exfat"'; }
@test "ntfs" { row ntfs.img ntfs "$filled and .label == \"ntfs\""; }
@test "iso9660" { row iso9660.iso iso9660 "$packed and .label == \"ISO9660\""; }
@test "udf" { row udf.img udf '.label == "udf"'; }
@test "squashfs (gzip)" { row squashfs.img squashfs "$packed"; }
@test "squashfs (zstd)" { row squashfs-zstd.img squashfs "$packed"; }
@test "erofs" { row erofs.img erofs "$packed"; }
@test "f2fs" { row f2fs.img f2fs '.label == "f2fs"'; }
@test "hfsplus" { row hfsplus.img hfsplus; }

@test "nothing else was said, and each was answered once" {
    requires_appliance
    assert_equal "$(cat "$BATS_FILE_TMPDIR/err")" ""
    assert_equal "$(cat "$BATS_FILE_TMPDIR/status")" 0
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' "$BATS_FILE_TMPDIR/out")" "$(printf '%s\n' "${names[@]}")"
}
