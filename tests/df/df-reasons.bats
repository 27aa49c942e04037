#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Why a filesystem is not read: the line that says why, and the word for it. Damaged is "corrupt", what this kernel cannot read is
# "unsupported", what lacks its other half is named with what it lacks.

load ../lib/helpers

setup()
{
    requires_appliance
    requires python3
    setup_test
}

# damaged IMAGE NAME [OFFSET HEX]…: a copy with these bytes at these places
damaged()
{
    image "$1" "$2"
    python3 - "${@:2}" << 'END'
import sys
with open(sys.argv[1], "r+b") as image:
    for offset, data in zip(sys.argv[2::2], sys.argv[3::2]):
        image.seek(int(offset, 0))
        image.write(bytes.fromhex(data))
END
}

# cut IMAGE NAME: half of it
cut_half()
{
    image "$1" "$2"
    truncate -s $(($(stat -c %s "$2") / 2 / 4096 * 4096)) "$2"
}

# assert_said STATUS MESSAGE…: each image of the current directory, in the order of names, has the next message, and STATUS. "A|B": one of
# them; a newer libblkid checks more itself, before the kernel sees it.
assert_said()
{
    local word=$1 name said

    shift
    run -1 --separate-stderr virt-df-live --json ./*.img
    assert_equal "$(json 'select(.type == "guest") | .status' | sort -u)" "$word"
    for name in *.img; do
        said=$(grep -F "virt-df-live: $name: " <<< "$stderr")
        [[ $1 == *"|"* && $said == *"${1#*|}"* ]] || assert_contains "$said" "${1%%|*}"
        shift
    done
    [[ $# -eq 0 ]]
}

@test "ext2, ext3: cut, group descriptors, the superblock" {
    cut_half ext2.img 2-cut.img
    damaged ext2.img 2-groups.img 2048 ffffffff
    damaged ext2.img 2-super.img $((1024 + 0x20)) ffffffff
    cut_half ext3.img 3-cut.img
    damaged ext3.img 3-groups.img 2048 ffffffff
    damaged ext3.img 3-super.img $((1024 + 0x20)) ffffffff
    assert_said corrupt "(bad geometry: block count " "Block bitmap for group 0 not in group" "(#blocks per group too big: " \
        "(bad geometry: block count " "Block bitmap for group 0 not in group" "(#blocks per group too big: "
}

@test "ext4: cut, group descriptors, a wrong checksum" {
    cut_half ext4.img a.img
    damaged ext4.img b.img 2048 ffffffffffffffff
    damaged ext4.img c.img 1028 ff
    assert_said corrupt "(bad geometry: block count " "Block bitmap for group 0 not in group" "Found ext4 filesystem with invalid superblock checksum"
}

@test "xfs: cut, the superblock's checksum, the root directory's inode" {
    cut_half xfs.img a.img
    damaged xfs.img b.img 100 ffff
    # The first chunk of inodes, by the superblock: sb_rootino, sb_inopblog (inodes of a block).
    at=$(python3 -c 'import struct, sys; b = open(sys.argv[1], "rb").read(512); print(struct.unpack(">Q", b[56:64])[0] * struct.unpack(">H", b[104:106])[0])' "$IMAGES/xfs.img")
    damaged xfs.img c.img "$at" "$(printf 'ff%.0s' {1..512})"
    assert_said corrupt "(last sector read failed): the disk is cut: the last " "(Metadata CRC error detected at xfs_sb_read_verify" "inode"
}

@test "xfs: the log, which is replayed, and not the line with which every mount begins" {
    # It has a byte changed, so that its checksum is wrong.
    image xfs-journal.img a.img
    run -1 --separate-stderr virt-df-live a.img
    assert_contains "$stderr" "a.img: /dev/sda: its journal cannot be replayed, so it was read without: mount xfs: Structure needs cleaning (log record CRC mismatch: "
    [[ $stderr != *"Mounting V"* && $stderr != *"Starting recovery"* ]]
}

@test "btrfs: cut, checksum, the tree of chunks" {
    cut_half btrfs.img a.img
    damaged btrfs.img b.img $((0x10000 + 0x50)) ffff
    # … of which there is one copy here, at the place that its address says.
    truncate -s 128M c.img
    mkfs.btrfs -q -f -m single -d single c.img
    python3 - << 'END'
import struct
with open("c.img", "r+b") as image:
    image.seek(0x10058)
    at = struct.unpack("<Q", image.read(8))[0]
    image.seek(at)
    image.write(b"\xff" * 4096)
END
    assert_said corrupt "(device total_bytes should be at most " "(superblock checksum mismatch)" "(bad tree block start, "
}

@test "vfat: cut, clusters, directory entries" {
    cut_half vfat.img a.img
    damaged vfat.img b.img 13 03
    damaged fat16.img c.img 17 ffff
    assert_said corrupt "the disk is cut: the last 32 MiB of the filesystem are missing" "damaged: the signature of vfat is there" \
        "(bogus number of directory entries (65535))"
}

@test "exfat: cut, the boot record's checksum, where its data begins" {
    cut_half exfat.img a.img
    damaged exfat.img b.img 109 05
    damaged exfat.img c.img 80 ffffffff
    assert_said corrupt "the disk is cut: the last 16 MiB of the filesystem are missing" "(Invalid boot checksum " \
        "(bogus data start sector)|damaged: the signature of exfat is there"
}

@test "ntfs: cut, the copy of the MFT, the boot sector" {
    cut_half ntfs.img a.img
    image ntfs.img b.img
    python3 - << 'END'
import struct
with open("b.img", "r+b") as image:
    boot = image.read(512)
    sector, cluster = struct.unpack_from("<HB", boot, 11)
    at = struct.unpack_from("<Q", boot, 56)[0] * sector * cluster + 3 * 1024 + 200
    image.seek(at)
    byte = image.read(1)[0]
    image.seek(at)
    image.write(bytes([byte ^ 1]))
END
    damaged ntfs.img c.img 48 ffffffff
    # shellcheck disable=SC2016 # a file's name
    assert_said corrupt "Failed to read last sector " 'ntfs-3g: $MFTMirr does not match $MFT (record 3).' "damaged: the signature of ntfs is there"
}

@test "iso9660: a descriptor's kind, blocks, where the root directory is" {
    damaged iso9660.iso a.img 32768 ff
    damaged iso9660.iso b.img $((32768 + 128)) ffffffff
    image iso9660.iso c.img
    python3 - << 'END'
with open("c.img", "r+b") as image:
    for at in range(32768, 32768 + 8 * 2048, 2048): # of Joliet, too
        image.seek(at + 1)
        if image.read(5) == b"CD001":
            image.seek(at + 158)
            image.write(b"\xff\xff\xff\x7f")
END
    assert_said corrupt "damaged: the signature of iso9660 is there" "(ISOFS: Bad logical zone size 65535)" "(ISOFS: unable to read i-node block)"
}

@test "hfsplus: the version, cut, blocks" {
    damaged hfsplus.img a.img 1026 ffff
    cut_half hfsplus.img b.img
    damaged hfsplus.img c.img 1064 ffffffff
    assert_said corrupt "(hfsplus: wrong filesystem version)" "(hfsplus: invalid secondary volume header)" \
        "(hfsplus: unable to find HFS+ superblock)|damaged: the signature of hfsplus is there"
}

# udf NAME TAG OFFSET HEX: all descriptors of that kind, of both sequences
udf()
{
    image udf.img "$1"
    python3 - "$@" << 'END'
import struct, sys
tag, offset, what = int(sys.argv[2]), int(sys.argv[3]), bytes.fromhex(sys.argv[4])
with open(sys.argv[1], "r+b") as image:
    data = image.read()
    for at in range(0, len(data) - 512, 512):
        if struct.unpack_from("<HH", data, at) in ((tag, 2), (tag, 3)):
            image.seek(at + offset)
            image.write(what)
END
}

@test "udf: blocks, the partition, the set of files" {
    udf a.img 6 212 00100000
    udf b.img 5 0 "$(printf 'ff%.0s' {1..16})"
    udf c.img 256 16 "$(printf 'ff%.0s' {1..24})"
    assert_said corrupt "(udf_fill_super: No partition found (2))" "(udf_fill_super: No fileset found)" "(udf_fill_super: No fileset found)"
}

@test "squashfs: cut, the compression, the version" {
    cut_half squashfs.img a.img
    damaged squashfs.img b.img 20 ff
    damaged squashfs.img c.img 28 ffff
    assert_said corrupt "the disk is cut: the last " '(Filesystem uses "unknown" compression.' "(Major/Minor mismatch"
}

@test "erofs: cut, blocks, the checksum" {
    cut_half erofs.img a.img
    damaged erofs.img b.img $((1024 + 12)) 20
    damaged erofs.img c.img $((1024 + 80)) 00000080
    assert_said corrupt "the disk is cut: the last " "blkszbits 32 isn't supported|damaged: the signature of erofs is there" \
        "invalid checksum"
}

@test "f2fs: cut, the superblocks, the checkpoints" {
    cut_half f2fs.img a.img
    damaged f2fs.img b.img 1040 ff 5136 ff
    damaged f2fs.img c.img $((2 << 20)) "$(printf 'ff%.0s' {1..8192})" $((4 << 20)) "$(printf 'ff%.0s' {1..8192})"
    assert_said corrupt "the disk is cut: the last 32 MiB of the filesystem are missing" "(Invalid log_blocksize (255)" "crc"
}

@test "what this kernel cannot read is unsupported, and what could is said" {
    requires mkfs.xfs
    requires mkfs.btrfs
    truncate -s 256M b.img e.img
    mkfs.btrfs -q -f -s 16384 -n 16384 b.img > /dev/null 2>&1
    mke2fs -q -F -t ext4 -b 65536 e.img > /dev/null 2>&1 <<< y
    damaged ext2.img f.img $((1024 + 0x60)) 00000080
    assert_said unsupported "it takes a kernel with pages of that size" "it takes a kernel with pages of that size" \
        "it takes a newer kernel"
}

# Linux 6.12 can read it.
@test "an xfs with blocks of 64 KiB is read, or unsupported for that reason" {
    requires mkfs.xfs
    truncate -s 512M x.img
    mkfs.xfs -q -f -b size=65536 x.img
    run --separate-stderr virt-df-live --json x.img
    if [[ $status -eq 0 ]]; then assert_equal "$(json 'select(.type == "filesystem") | .block_size')" 65536
    else assert_said unsupported "it takes a kernel with pages of that size"; fi
}

@test "xfs with its log or its realtime volume on another disk: read with it, and named without" {
    requires mkfs.xfs
    truncate -s 80M log.img
    truncate -s 64M real.img
    truncate -s 320M l.img r.img
    mkfs.xfs -q -f -l logdev=log.img,size=64m l.img
    mkfs.xfs -q -f -r rtdev=real.img,size=64m r.img
    run -0 --separate-stderr virt-df-live --json -a l.img -a log.img
    assert_equal "$(json 'select(.type != "guest") | .device + " " + .type + " " + .fstype + " " + .status')" "/dev/sda filesystem xfs ok
/dev/sdb member xfs_external_log ok"
    run -0 --separate-stderr virt-df-live --json --no-recovery -a l.img -a log.img
    assert_equal "$stderr" ""
    run -0 --separate-stderr virt-df-live --json -a r.img -a real.img
    assert_equal "$(json 'select(.type != "guest") | .device + " " + .type + " " + .fstype + " " + .status')" "/dev/sda filesystem xfs ok
/dev/sdb member xfs_realtime ok"
    run -0 virt-ls -a l.img -a log.img -m /dev/sda /
    rm real.img
    assert_said unsupported "it takes the disk with its log" "part of something larger: xfs_external_log" "it takes the disk with its realtime volume"
}
