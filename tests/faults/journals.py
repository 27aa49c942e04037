#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""journals.py FAULT IMAGE [MIB SPAN]

Writes a log into the journal of an ext4 (blocks of 1024 bytes, no checksums) or of an xfs, each as its mkfs made it. A driver
that replays it writes "replayed" all over the first block of the file /mark. FAULT is what is wrong with it; "none" is
right. MIB is how much more the log of an xfs has, which goes to SPAN MiB of free blocks, again and again. `journals.py ext4`
and `journals.py xfs` list the faults.

Where the facts come from: Linux, Documentation/filesystems/ext4/journal.rst and fs/jbd2/recovery.c; fs/xfs/libxfs/
xfs_format.h and xfs_log_format.h, fs/xfs/xfs_log_recover.c."""

import struct
import subprocess
import sys

from hostile import crc32_castagnoli

REPLAYED = b"replayed" * 512


class Image:
    """A file, by offsets."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "r+b")  # pylint: disable=consider-using-with

    def read(self, at, length):
        self.file.seek(at)
        return self.file.read(length)

    def write(self, at, data):
        self.file.seek(at)
        self.file.write(data)

    def asked(self, *command):
        """What a tool of its filesystem says, by words."""
        self.file.flush()
        told = subprocess.run([*command, self.path], check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return told.stdout.split()


# ---- ext4 ----

JBD2 = 0xC03B3998
DESCRIPTOR, COMMIT, REVOKE = 1, 2, 5
SAME_UUID, LAST = 2, 8
BLOCK = 1024


class Ext4:
    """The log, from its first block on."""

    def __init__(self, image):
        self.image = image
        self.first = int(image.asked("debugfs", "-R", "blocks <8>")[0]) * BLOCK
        self.mark = int(image.asked("debugfs", "-R", "blocks /mark")[0])
        self.length = struct.unpack(">I", image.read(self.first + 16, 4))[0]
        self.at = 1

    def header(self, kind, sequence=1):
        return struct.pack(">III", JBD2, kind, sequence)

    def append(self, block):
        self.image.write(self.first + self.at * BLOCK, block.ljust(BLOCK, b"\0"))
        self.at += 1

    def descriptor(self, block):
        self.append(self.header(DESCRIPTOR) + struct.pack(">IHH", block, 0, LAST) + bytes(16))

    def superblock(self, **fields):
        """Of the journal: sequence 1, begins at block 1."""
        places = {"block_size": 12, "length": 16, "first": 20, "sequence": 24, "start": 28}
        for name, value in {"sequence": 1, "start": 1, **fields}.items():
            self.image.write(self.first + places[name], struct.pack(">I", value))

    def transaction(self, block=None):
        self.descriptor(self.mark if block is None else block)
        self.append(REPLAYED[:BLOCK])
        self.append(self.header(COMMIT))

    def needs_recovery(self):
        flags = struct.unpack("<I", self.image.read(1024 + 0x60, 4))[0]
        self.image.write(1024 + 0x60, struct.pack("<I", flags | 4))

    def inode(self, offset, data):
        """Changes the journal's inode, and the superblock's copy of it."""
        said = self.image.asked("debugfs", "-R", "imap <8>")
        block, at = int(said[said.index("located") + 3].rstrip(",")), int(said[said.index("offset") + 1], 16)
        self.image.write(block * BLOCK + at + offset, data)
        copies = {4: 1024 + 0x10C + 64, 108: 1024 + 0x10C + 60, 60: 1024 + 0x10C + 20}
        self.image.write(copies[offset], data)


def ext4_loop(log, kind):
    """Every block of the log leads to another one of the same transaction, for ever."""
    while log.at < log.length:
        if kind == DESCRIPTOR:
            log.descriptor(log.mark)
        else:
            log.append(log.header(REVOKE) + struct.pack(">I", 16))


def ext4_revoke(log, count):
    log.append(log.header(REVOKE) + struct.pack(">I", count) + struct.pack(">I", 5) * 200)
    log.transaction()


def ext4_tags(log):
    """A descriptor without a last tag, whose blocks are more than there are."""
    tag = struct.pack(">IHH", 0xFFFFFFF0, 0, SAME_UUID)
    log.append(log.header(DESCRIPTOR) + struct.pack(">IHH", log.mark, 0, 0) + bytes(16) + tag * 124)
    log.at += 124
    log.append(log.header(COMMIT))


def ext4_sequence(log):
    """The next transaction's number is that of the first one, after all others have been used."""
    log.superblock(sequence=0xFFFFFFFF)
    log.append(log.header(DESCRIPTOR, 0xFFFFFFFF) + struct.pack(">IHH", 0xFFFFFFF0, 0, LAST) + bytes(16))
    log.append(REPLAYED[:BLOCK])
    log.append(log.header(COMMIT, 0xFFFFFFFF))


EXT4 = {
    "none": lambda log: log.transaction(),
    "length": lambda log: (log.transaction(), log.superblock(length=0x7FFFFFFF)),
    "short": lambda log: (log.transaction(), log.superblock(length=2)),
    "first": lambda log: (log.transaction(), log.superblock(first=0xFFFFFFFF)),
    "start": lambda log: (log.transaction(), log.superblock(start=0xFFFFFFF0)),
    "block-size": lambda log: (log.transaction(), log.superblock(block_size=0x40000000)),
    "target": lambda log: log.transaction(0xFFFFFFF0),
    "tags": ext4_tags,
    "sequence": ext4_sequence,
    "loop": lambda log: ext4_loop(log, DESCRIPTOR),
    "loop-revoke": lambda log: ext4_loop(log, REVOKE),
    "revoke": lambda log: ext4_revoke(log, 0xFFFFFFFF),
    # i_size_high; the first extent's block
    "inode-size": lambda log: (log.transaction(), log.superblock(length=0x7FFFFFFF), log.inode(108, struct.pack("<I", 0x7FFFFFFF))),
    "inode-extent": lambda log: (log.transaction(), log.inode(60, struct.pack("<I", 0x7FFFFFFF))),
}


def make_ext4(image, fault):
    log = Ext4(image)
    log.needs_recovery()
    log.superblock()
    EXT4[fault](log)


# ---- xfs ----

SECTOR = 512
RECORD_SECTORS = 63  # of data, in records of 32 KiB
START_TRANS, COMMIT_TRANS = 1, 2


class Xfs:
    """The log, and records for it."""

    def __init__(self, image):
        self.image = image
        self.super = bytearray(image.read(0, SECTOR))
        self.checked = self.field(">H", 100) & 15 == 5
        self.uuid = bytes(self.super[32:48])
        self.first = self.daddr(self.field(">Q", 48)) * SECTOR
        self.sectors = self.field(">I", 96) * self.field(">I", 4) // SECTOR
        said = image.asked("xfs_db", "-r", "-c", "path /mark", "-c", "bmap")
        self.mark = self.daddr(int(said[said.index("startblock") + 1]))
        self.at = 0

    def field(self, form, at):
        return struct.unpack_from(form, self.super, at)[0]

    def daddr(self, block):
        """The sector of a block by allocation group."""
        log = self.super[124]
        return ((block >> log) * self.field(">I", 84) + (block & (1 << log) - 1)) * self.field(">I", 4) // SECTOR

    def set_super(self, form, at, value):
        struct.pack_into(form, self.super, at, value)
        if self.checked:
            struct.pack_into("<I", self.super, 224, 0)
            struct.pack_into("<I", self.super, 224, crc32_castagnoli(self.super) ^ 0xFFFFFFFF)
        self.image.write(0, self.super)

    def record(self, ops, count, **fields):
        """Appends one; *fields* are those of the header that are otherwise."""
        data = bytearray(ops.ljust(-(-len(ops) // SECTOR) * SECTOR, b"\0"))
        words = [bytes(data[at:at + 4]) for at in range(0, len(data), SECTOR)]
        cycle = fields.get("cycle", 1)
        for index in range(len(words)):
            struct.pack_into(">I", data, index * SECTOR, cycle)
        header = bytearray(SECTOR)
        struct.pack_into(">IIIIQQIII", header, 0, 0xFEEDBABE, cycle, 2, fields.get("length", len(ops)),
                         fields.get("lsn", cycle << 32 | self.at), fields.get("tail", 1 << 32), 0,
                         fields.get("before", 0xFFFFFFFF), fields.get("operations", count))
        header[44:44 + 4 * len(words)] = b"".join(words)
        struct.pack_into(">I16sI", header, 300, 1, self.uuid, fields.get("size", 32768))
        if self.checked:
            sum_of_all = crc32_castagnoli(data[:len(ops)], crc32_castagnoli(header[:328]))
            struct.pack_into("<I", header, 32, sum_of_all ^ 0xFFFFFFFF)
        self.image.write(self.first + self.at * SECTOR, header + data)
        self.at += 1 + len(words)


def operation(data, flags=0, length=None):
    return struct.pack(">IIBBH", 7, len(data) if length is None else length, 0x69, flags, 0) + data


def buffer_item(at, content, regions=2, sectors=8):
    """Writes a block there."""
    return operation(struct.pack("<HHHHqII", 0x123C, regions, 0, sectors, at, 1, 0xFFFFFFFF)) + operation(content)


def transaction(items, count, declared=None):
    head = struct.pack("<IiiI", 0x5452414E, 40, 7, count if declared is None else declared)
    return operation(b"", START_TRANS) + operation(head) + items + operation(b"", COMMIT_TRANS), 3 + 2 * count


def mark(log, **changes):
    return transaction(buffer_item(changes.pop("at", log.mark), REPLAYED, **changes), 1)


def xfs_operation(log, length):
    """An operation that is longer than the record."""
    log.record(operation(b"", START_TRANS) + operation(bytes(16), 0, length), 2)


def xfs_cycles(log):
    """Records whose cycles go up and down: each half of the log is newer than the other one."""
    for at in range(0, 4096, 64):
        log.at = at
        log.record(*mark(log), cycle=1 + at // 64 % 3, tail=3 << 32)


def xfs_map(log):
    """A map of changed parts that is longer than the item."""
    log.record(*transaction(operation(struct.pack("<HHHHqII", 0x123C, 2, 0, 8, log.mark, 0x7FFFFFFF, 0xFFFFFFFF)) +
                            operation(REPLAYED), 1))


XFS = {
    "none": lambda log: log.record(*mark(log)),
    "length": lambda log: log.record(*mark(log), length=0x7FFFFE00),
    "size": lambda log: log.record(*mark(log), size=0x7FFFFE00),
    "operations": lambda log: log.record(*mark(log), operations=0x7FFFFFFF),
    "operation": lambda log: xfs_operation(log, 0x7FFFFFF0),
    "lsn": lambda log: log.record(*mark(log), lsn=0x7FFFFFFFFFFFFFFF),
    "tail": lambda log: log.record(*mark(log), tail=1 << 32 | 0x7FFFFFF0),
    "tail-cycle": lambda log: log.record(*mark(log), tail=0x7FFFFFFF << 32),
    "cycles": xfs_cycles,
    "items": lambda log: log.record(*transaction(buffer_item(log.mark, REPLAYED), 1, 0x7FFFFFFF)),
    "regions": lambda log: log.record(*mark(log, regions=0xFFFF)),
    "sectors": lambda log: log.record(*mark(log, sectors=0xFFFF)),
    "map": xfs_map,
    "target": lambda log: log.record(*mark(log, at=0x7FFFFFFFFFFF)),
    "target-negative": lambda log: log.record(*mark(log, at=-8)),
    "log-length": lambda log: (log.record(*mark(log)), log.set_super(">I", 96, 0x7FFFFFFF)),
    "log-start": lambda log: (log.record(*mark(log)), log.set_super(">Q", 48, 0x7FFFFFFFFFFF)),
}


def fill_xfs(log, blocks, span):
    """Records that write so many blocks, seven each, from the 32nd MiB on."""
    for at in range(0, blocks, 7):
        items = b"".join(buffer_item(((32 << 20) + (at + i) % span * 4096) // SECTOR, b"fill" * 1024) for i in range(7))
        log.record(*transaction(items, 7))


def make_xfs(image, fault, mib, span):
    log = Xfs(image)
    fill_xfs(log, mib * 256, span * 256)
    XFS[fault](log)
    if log.at > log.sectors:
        sys.exit("the log is too small for that")


def main(arguments):
    if len(arguments) == 1:
        print("\n".join(EXT4 if arguments[0] == "ext4" else XFS))
        return
    image = Image(arguments[1])
    if image.read(0, 4) == b"XFSB":
        make_xfs(image, arguments[0], *(int(number) for number in arguments[2:] or (0, 0)))
    else:
        make_ext4(image, arguments[0])
    image.file.close()


main(sys.argv[1:])
