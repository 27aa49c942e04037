#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make-amiga.py FILE: makes a disk of 6 MiB with an Amiga's partition table, and one partition from 1 to 5 MiB.

The table is in blocks 1 and 2: block 0 is blank (Linux: include/linux/affs_hardblocks.h, block/partitions/amiga.c)."""
import struct
import sys

NONE = 0xFFFFFFFF
WORDS = 64  # of a block that count
TRACK = 2048  # sectors: a cylinder has one track, 1 MiB


def block(kind, *words):
    """With its checksum: the sum of all words is zero."""
    content = [int.from_bytes(kind, "big"), WORDS, 0, *words]
    content += [0] * (WORDS - len(content))
    content[2] = -sum(content) % 2**32
    return struct.pack(f">{WORDS}I", *content).ljust(512, b"\0")


def main():
    environment = [16, 128, 0, 1, 1, TRACK, 2, 0, 0, 1, 4]  # cylinders 1 to 4
    disk = block(b"RDSK", 7, 512, 0, NONE, 2)
    partition = block(b"PART", 7, NONE, 1, *[0] * 26, *environment)
    with open(sys.argv[1], "wb") as file:
        file.truncate(6 << 20)
        file.seek(512)
        file.write(disk + partition)


main()
