#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Partition tables inside of volumes, as the disks of a hypervisor's guests are: rows that are called as kpartx(8) calls them.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes tables.img; }
teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$VOLUMES" || return 1
}

@test "in a logical volume, and in one that is encrypted" {
    # There is a "p" before the number where the name ends in a digit.
    assert_equal "$(devices --key all:key:secret tables.img | sed -E 's/luks-[0-9a-f-]{35}([a-f]|[0-9]p)1 /luks-UUID, 1 /')" "/dev/mapper/luks-UUID, 1 encrypted
/dev/pve/host host
/dev/pve/vm-100-disk-0p1 inside"
    run -0 --separate-stderr virt-df-live --key all:key:secret tables.img
    assert_equal "$stderr" ""
}

@test "without the key it is named, and the others have their rows" {
    run -1 --separate-stderr virt-df-live --csv --noheadings tables.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "/dev/pve/host
/dev/pve/vm-100-disk-0p1"
    assert_equal "$stderr" "virt-df-live: tables.img: /dev/sda2: encrypted: crypto_LUKS"
}

@test "virt-ls finds them by that name" {
    run -0 virt-ls -a tables.img -m /dev/pve/vm-100-disk-0p1 /
    assert_contains "$output" lost+found
}

@test "what of such a disk is missing is named" {
    cd "$TMPDIR"
    volume tables.img cut.img
    # The partition of the volume is to end behind it: both copies of its table say so.
    python3 - << 'END'
import struct, zlib
with open("cut.img", "r+b") as image:
    data = image.read()
    at = data.index(b"EFI PART", 2 << 20)
    base = at - 512
    while at >= 0 and at < (97 << 20):
        header = bytearray(data[at:at + 92])
        entries_at = base + struct.unpack_from("<Q", header, 72)[0] * 512
        entries = bytearray(data[entries_at:entries_at + 128 * 128])
        struct.pack_into("<Q", entries, 40, (1 << 30) // 512)
        struct.pack_into("<Q", header, 48, (1 << 31) // 512)
        struct.pack_into("<I", header, 88, zlib.crc32(entries))
        struct.pack_into("<I", header, 16, 0)
        struct.pack_into("<I", header, 16, zlib.crc32(header))
        for place, what in ((entries_at, entries), (at, header)):
            image.seek(place)
            image.write(what)
        at = data.find(b"EFI PART", at + 1)
END
    run -1 --separate-stderr virt-df-live --csv --noheadings cut.img
    assert_contains "$output" "cut.img,/dev/pve/host,"
    assert_contains "$stderr" "cut.img: /dev/pve/vm-100-disk-0"
}
