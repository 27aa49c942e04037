#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is not read is called by its name. Linux has no tool that makes these, or none that needs no kernel module: here are their
# signatures and nothing else, as libblkid and the kernel know them.

load ../lib/helpers

setup()
{
    requires_appliance
    requires python3
    setup_test
}

# signature NAME MEBIBYTES [OFFSET HEX]…: an image with these bytes at these places; a negative one counts from the end
signature()
{
    python3 - "$@" << 'END'
import sys
name, size, *pieces = sys.argv[1:]
with open(name, "wb") as image:
    image.truncate(int(size) << 20)
    for offset, data in zip(pieces[::2], pieces[1::2]):
        offset = int(offset)
        image.seek(offset + (int(size) << 20 if offset < 0 else 0))
        image.write(bytes.fromhex(data))
END
}

# assert_named NAME TYPE STATUS MESSAGE
assert_named()
{
    run --separate-stderr virt-df-live --json "$1"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .status')" "$3"
    assert_equal "$(json 'select(.type != "guest") | .type + " " + (.fstype // "-")' | sort -u)" "$2"
    assert_contains "$stderr" "virt-df-live: $1: /dev/sda" ": $4"
    assert_equal "$(wc -l <<< "$stderr")" 1
}

# The mark of VIA's, 0.2 MiB of data before it.
@test "the RAID of PC firmware, where nothing else explains the data" {
    python3 - << 'END'
import struct
meta = bytearray(64)
struct.pack_into("<H", meta, 0, 0xaa55)
meta[2] = 0
meta[50] = sum(meta[:50]) & 0xff
with open("via.img", "wb") as image:
    image.write(bytes(range(256)) * 1024)
    image.truncate(16 << 20)
    image.seek((16 << 20) - 512)
    image.write(meta)
END
    assert_named via.img "member via_raid_member" unsupported "part of something larger: via_raid_member"
}

privhead=5052495648454144
# An MBR with one partition of the type 0x42, from sector 63 on.
mbr=(446 00000101 450 42feffff 454 3f000000 458 c17f0000 510 55aa)

# What ZFS says of a pool: pairs in XDR, each with its two sizes, the name, the kind of the value and how many there are.
pool()
{
    python3 << 'END'
import struct
def padded(data):
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)
def pair(name, kind, value):
    body = padded(name) + struct.pack(">II", kind, 1) + value
    return struct.pack(">II", len(body) + 8, len(body) + 24) + body
numbers = {b"version": 5000, b"state": 0, b"txg": 4, b"pool_guid": 0x1234567, b"guid": 0x7654321}
pairs = [pair(name, 8, struct.pack(">Q", value)) for name, value in numbers.items()] + [pair(b"name", 9, padded(b"tank"))]
print((bytes((1, 1, 0, 0)) + struct.pack(">II", 0, 1) + b"".join(pairs) + bytes(8)).hex())
END
}

@test "bcache, ZFS, VMFS, DRBD: parts of something larger" {
    local i ring=()

    signature bcache.img 16 4104 08000000000000000100000000000000c68573f64e1a45ca8265f57f48ba6d81
    assert_named bcache.img "member bcache" unsupported "part of something larger: bcache"
    signature vmfs.img 16 1048576 0dd001c0
    assert_named vmfs.img "member VMFS_volume_member" unsupported "part of something larger: VMFS_volume_member"
    # Newer versions of libblkid look at the bytes for a bit of its bitmap, too.
    signature drbd.img 16 -4036 8374026d -4016 00001000
    assert_named drbd.img "member drbd" unsupported "part of something larger: drbd"
    # The uberblocks of the first label, and its list of names and values, which newer versions of libblkid read first.
    for ((i = 0; i < 32; i++)); do ring+=($((131072 + i * 1024)) 0cb1ba00000000008813000000000000); done
    signature zfs.img 128 16384 "$(pool)" "${ring[@]}"
    assert_named zfs.img "member zfs_member" unsupported "part of something larger: zfs_member"
}

@test "a Windows dynamic disk, with a table of either kind" {
    # Its database makes no sense, so that the kernel shows the partition as it stands in the table.
    signature mbr.img 16 "${mbr[@]}" 3072 "$privhead"
    assert_named mbr.img "member LDM" unsupported "part of a Windows dynamic disk (LDM)"
    requires sfdisk
    truncate -s 16M gpt.img
    printf 'label: gpt\nstart=2048, size=2048, type=5808C8AA-7E8F-42E0-85D2-E1E90434CFB3\ntype=AF9B60A0-1431-4F62-BC68-3311714A69AD\n' |
        sfdisk -q gpt.img
    printf PRIVHEAD | dd of=gpt.img bs=1 seek=$((4095 * 512)) conv=notrunc status=none
    run --separate-stderr virt-df-live --json gpt.img
    assert_status 1
    assert_equal "$(json 'select(.type != "guest") | .device + " " + .type + " " + .fstype + " " + .status')" "/dev/sda1 member LDM unsupported
/dev/sda2 member LDM unsupported"
}

# libldm takes its sectors for the kernel's.
@test "… with sectors of 4096 bytes" {
    signature mbr.img 16 446 00000101 450 42feffff 454 3f000000 458 c10f0000 510 55aa 24576 "$privhead"
    run --separate-stderr virt-df-live --blocksize=4096 --json mbr.img
    assert_status 1
    assert_equal "$(json 'select(.type != "guest") | .device + " " + .type + " " + .fstype + " " + .status')" "/dev/sda1 member LDM unsupported"
    assert_contains "$stderr" "part of a Windows dynamic disk (LDM): it has sectors of 4096 bytes"
}

@test "what is on such a disk and can be read, is" {
    local size

    # A volume of one piece, at the beginning of the partition for data.
    size=$(stat -c %s "$IMAGES/ntfs.img")
    truncate -s $((size + (4 << 20))) gpt.img
    printf 'label: gpt\nstart=2048, size=2048, type=5808C8AA-7E8F-42E0-85D2-E1E90434CFB3\nstart=4096, size=%d, type=AF9B60A0-1431-4F62-BC68-3311714A69AD\n' \
        $((size / 512)) | sfdisk -q gpt.img
    printf PRIVHEAD | dd of=gpt.img bs=1 seek=$((4095 * 512)) conv=notrunc status=none
    dd if="$IMAGES/ntfs.img" of=gpt.img bs=1M seek=2 conv=notrunc,sparse status=none
    run --separate-stderr virt-df-live --json gpt.img
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .fstype + " " + .status')" "/dev/sda2 ntfs ok"
}

@test "a disk that merely has a partition of that type is none" {
    signature mbr.img 16 "${mbr[@]}" 40960 ff
    run --separate-stderr virt-df-live --json mbr.img
    assert_equal "$(json 'select(.type != "guest") | .type')" unknown
    assert_status 1
    assert_equal "$stderr" "virt-df-live: mbr.img: /dev/sda1: unknown data: no signature that libblkid knows"
}

# Without its metadata, which no tool here makes: what is opened is not tested.
@test "BitLocker is encrypted; a key that opens nothing is said to" {
    signature bitlk.img 16 0 eb58902d4656452d46532d 160 3bd66749292ed84a8399f6a339e3d0010000010000000000 510 55aa \
        65536 2d4656452d46532d70000200
    assert_named bitlk.img "encrypted BitLocker" encrypted "encrypted: BitLocker"
    run --separate-stderr virt-df-live --key all:key:secret bitlk.img
    assert_status 1
    assert_contains "$stderr" "bitlk.img: /dev/sda: encrypted: BitLocker: " "not a valid BITLK device"
}

@test "why the kernel does not mount it is said, in the words of its driver" {
    image squashfs.img
    image ext4.img
    printf '\377' | dd of=squashfs.img bs=1 seek=20 conv=notrunc status=none # the number of the compression
    printf '\377' | dd of=ext4.img bs=1 seek=1028 conv=notrunc status=none   # the count of blocks
    run -1 --separate-stderr virt-df-live squashfs.img ext4.img
    assert_contains "$stderr" \
        'squashfs.img: /dev/sda: mount squashfs: Invalid argument (Filesystem uses "unknown" compression.' \
        "ext4.img: /dev/sda: mount ext4: Bad message (VFS: Found ext4 filesystem with invalid superblock checksum."
}
