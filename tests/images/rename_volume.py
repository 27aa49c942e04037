#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives a logical volume in an image a name that LVM would not: rename_volume.py IMAGE OLD NEW.

NEW, in Python's escapes, has as many bytes as OLD. All metadata areas are changed, and their checksums made right
(struct mda_header and raw_locn in lvm2's lib/format_text/layout.h; CRC-32 begins with INITIAL there).
"""
import struct
import sys
import zlib

MAGIC = b" LVM2 x[5A%r0N*>"
INITIAL = 0xF597A6CF
HEADER = 512


def crc(data):
    # zlib inverts before and after; LVM does neither.
    return zlib.crc32(data, INITIAL ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def main(path, old, new):
    new = new.encode().decode("unicode_escape").encode("latin-1")
    old = old.encode()
    assert len(old) == len(new)
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        changed, at = 0, data.find(MAGIC)
        while at >= 0:
            start = at - 4
            offset, size = struct.unpack_from("<QQ", data, start + 40)
            text = bytes(data[start + offset:start + offset + size])
            assert crc(text) == struct.unpack_from("<I", data, start + 56)[0]
            renamed = text.replace(old + b" {", new + b" {")
            changed += renamed != text
            data[start + offset:start + offset + size] = renamed
            struct.pack_into("<I", data, start + 56, crc(renamed))
            struct.pack_into("<I", data, start, crc(bytes(data[start + 4:start + HEADER])))
            at = data.find(MAGIC, at + 1)
        assert changed, "no such volume"
        file.seek(0)
        file.write(data)


main(*sys.argv[1:])
