#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make-ldm.py [OPTION]… DISKS VOLUME…

Makes Windows dynamic disks (LDM), which no tool of Linux does. DISKS are the files to be made, with ',' between them.
A VOLUME is KIND:DISKS:FILE: what is in FILE, a filesystem, is laid out over the disks, called a, b, c … in their order.

  simple:a:FILE    in one piece             spanned:aab:FILE  in pieces, two of them on the first disk
  striped:ab:FILE  by chunks of 64 KiB      mirrored:ab:FILE  the same on both
  raid5:abc:FILE   by chunks, and their parity

Where the facts come from: Linux, block/partitions/ldm.c and ldm.h (offsets, what must agree with what) and
Documentation/admin-guide/ldm.rst; libldm 0.2.5, src/ldm.c (the same and more of the fields, GUID partition tables, how
RAID 5 is laid out). Numbers are big-endian. Sectors have 512 bytes."""

import argparse
import itertools
import struct
import subprocess
import uuid

SECTOR = 512
CHUNK = 128  # sectors: Windows' 64 KiB
DATABASE = 2048  # sectors, LDM_DB_SIZE
VBLK = 128  # bytes
ALIGNMENT = 2048  # sectors, of a piece

# ldm.h, OFF_…: sectors; of the last PRIVHEAD and of the tables of contents there are copies.
PRIVHEADS = (1856, 2047)
TABLES = (1, 2, 2045, 2046)
VMDB = 17
CONFIG_SIZE = 1481  # what the table of contents says that there is room for, as Windows has it
LOG_SIZE = 224

METADATA = "5808C8AA-7E8F-42E0-85D2-E1E90434CFB3"
DATA = "AF9B60A0-1431-4F62-BC68-3311714A69AD"
SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"

GENERAL, RAID = 3, 4  # of a volume
STRIPED, CONCATENATED, PARITY = 1, 2, 3  # of a component


def number(value):
    """A number with its length before it."""
    data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes([len(data)]) + data


def text(value):
    data = value.encode()
    return bytes([len(data)]) + data


class Piece:
    """A partition, in LDM's words."""

    def __init__(self, disk, start, size, offset, index):
        self.disk, self.start, self.size, self.offset, self.index = disk, start, size, offset, index


class Disk:
    def __init__(self, path, name, guid):
        self.path, self.name, self.guid = path, name, guid
        self.used = 0  # sectors, from the first piece on
        self.contents = []  # (piece, bytes)
        self.pieces = 0

    def take(self, data, offset, index):
        """The next piece, with that in it."""
        self.used = -(-self.used // ALIGNMENT) * ALIGNMENT
        piece = Piece(self, self.used, len(data) // SECTOR, offset, index)
        self.contents.append((piece, data))
        self.used += piece.size
        return piece


# ---- what is where ----


def chunks(data):
    return [data[at : at + CHUNK * SECTOR] for at in range(0, len(data), CHUNK * SECTOR)]


def xor(parts):
    value = 0
    for part in parts:
        value ^= int.from_bytes(part, "little")
    return value.to_bytes(len(parts[0]), "little")


def padded(data, unit):
    return data + bytes(-len(data) % unit)


def stripe(data, columns):
    return [b"".join(chunks(data)[n::columns]) for n in range(columns)]


def raid5(data, columns):
    """Left-symmetric: parity goes from the last column to the first, data begin behind it."""
    result = [[] for _ in range(columns)]
    parts = chunks(data)
    for row in range(len(parts) // (columns - 1)):
        row_parts = parts[row * (columns - 1) : (row + 1) * (columns - 1)]
        parity = columns - 1 - row % columns
        result[parity].append(xor(row_parts))
        for n, part in enumerate(row_parts):
            result[(parity + 1 + n) % columns].append(part)
    return [b"".join(column) for column in result]


def split(data, count):
    """In pieces that are not of one size."""
    share = len(data) // SECTOR // (count + 1) * SECTOR
    edges = [0, *(share * (n + 1) for n in range(count - 1)), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


class Volume:
    def __init__(self, kind, disks, data, name):
        self.kind, self.name = kind, name
        columns = len(disks)
        data = padded(data, {"striped": columns, "raid5": columns - 1}.get(kind, 1) * (CHUNK if columns > 1 else 1) * SECTOR)
        self.size = len(data) // SECTOR
        if kind == "mirrored":
            self.components = [[disk.take(data, 0, 0)] for disk in disks]
            return
        parts = {"striped": stripe, "raid5": raid5}.get(kind, split)(data, columns)
        offset, pieces = 0, []
        for index, (disk, part) in enumerate(zip(disks, parts)):
            pieces.append(disk.take(part, offset if kind in ("simple", "spanned") else 0, index))
            offset += len(part) // SECTOR
        self.components = [pieces]


# ---- the database ----


class Database:
    """The records (VBLKs) of a disk group."""

    def __init__(self, given, disks, volumes):
        self.given = given
        self.counts = {"volume": 0, "component": 0, "partition": 0, "disk": 0}
        self.ids = itertools.count(1)
        self.records = []
        self.add_group()
        self.disk_ids = {disk: self.add_disk(disk) for disk in disks}
        for volume in volumes:
            self.add_volume(volume)

    def add(self, kind, flags, data):
        """`kind`: revision and type. data: from the object's number on."""
        self.records.append(struct.pack(">HBBI", 0, flags, kind, len(data)) + data)

    def add_group(self):
        head = number(next(self.ids)) + text(self.given.group)
        if self.given.gpt:
            self.add(0x45, 0, head + self.given.guid.bytes + bytes(28))
        else:
            self.add(0x35, 0, head + text(str(self.given.guid)) + bytes(12))

    def add_disk(self, disk):
        self.counts["disk"] += 1
        own = next(self.ids)
        head = number(own) + text(disk.name)
        if self.given.gpt:
            self.add(0x44, 0, head + disk.guid.bytes + bytes(29))
        else:
            self.add(0x34, 0, head + text(str(disk.guid)) + text("") + bytes(12))
        return own

    def add_volume(self, volume):
        self.counts["volume"] += 1
        own = next(self.ids)
        raid = volume.kind == "raid5"
        data = number(own) + text(volume.name) + text("raid5" if raid else "gen") + text("")
        data += b"ACTIVE".ljust(14, b"\0") + bytes([RAID if raid else GENERAL, 0, self.counts["volume"], 0, 0, 0, 0])
        data += number(len(volume.components)) + bytes(16) + number(volume.size) + bytes(4) + b"\x07"
        self.add(0x51, 0x02, data + uuid.uuid5(self.given.guid, volume.name).bytes + text("E:"))
        for count, pieces in enumerate(volume.components):
            self.add_component(volume, own, count, pieces)

    def add_component(self, volume, parent, count, pieces):
        self.counts["component"] += 1
        own = next(self.ids)
        kind = {"striped": STRIPED, "raid5": PARITY}.get(volume.kind, CONCATENATED)
        data = number(own) + text(f"{volume.name}-{count + 1:02}") + text("ACTIVE") + bytes([kind]) + bytes(4)
        data += number(len(pieces)) + bytes(16) + number(parent) + b"\0"
        striped = kind != CONCATENATED
        self.add(0x32, 0x10 if striped else 0, data + (number(CHUNK) + number(len(pieces)) if striped else b""))
        for piece in pieces:
            self.add_partition(own, piece)

    def add_partition(self, parent, piece):
        self.counts["partition"] += 1
        piece.disk.pieces += 1
        start = piece.start + (self.given.beyond if piece.disk.name == "Disk1" else 0)
        data = number(next(self.ids)) + text(f"{piece.disk.name}-{piece.disk.pieces:02}") + bytes(12)
        data += struct.pack(">QQ", self.given.first - self.given.base + start, piece.offset) + number(piece.size)
        self.add(0x33, 0x08, data + number(parent) + number(self.disk_ids[piece.disk]) + number(piece.index))

    def entries(self):
        """Records in entries of one size; a record may take several. The kernel wants whole sectors of them."""
        room, sequence = VBLK - 16, itertools.count(SECTOR // VBLK)
        result = b""
        for record, data in enumerate(self.records):
            parts = [data[at : at + room] for at in range(0, len(data), room)]
            for n, part in enumerate(parts):
                result += b"VBLK" + struct.pack(">IIHH", next(sequence), record, n, len(parts)) + part.ljust(room, b"\0")
        while len(result) % SECTOR:
            result += b"VBLK" + struct.pack(">I", next(sequence)) + bytes(VBLK - 8)
        return result

    def image(self, sequence):
        """What stands at VMDB and behind it."""
        entries = self.entries()
        counts = struct.pack(">IIII", *self.counts.values())
        head = b"VMDB" + struct.pack(">IIIHHH", (SECTOR + len(entries)) // VBLK, VBLK, SECTOR, 1, 4, 10)
        head += self.given.group.encode().ljust(31, b"\0") + str(self.given.guid).encode().ljust(64, b"\0")
        head += struct.pack(">QQ", sequence, sequence) + counts + bytes(12) + counts + bytes(12)
        return head.ljust(SECTOR, b"\0") + entries


def privhead(given, disk, size, config):
    """`size`: of the room for pieces; `config`: where the database is."""

    def field(value, length):
        return str(value).encode().ljust(length, b"\0")

    head = b"PRIVHEAD" + struct.pack(">IHH", 1, 2, 12 if given.gpt else 11) + bytes(32)
    head += field(disk.guid, 64) + field(given.guid, 64) + field(given.guid, 64) + field(given.group, 32) + bytes(11)
    head += struct.pack(">QQQQ", given.base, size, config, DATABASE)
    head += struct.pack(">QQIIQQ", len(TABLES), 2, 1, 1, CONFIG_SIZE, LOG_SIZE)
    return head.ljust(SECTOR, b"\0")


def table_of_contents():
    def bitmap(name, start, size):
        return name.ljust(8, b"\0") + struct.pack(">HQQQ", 0, start, size, 0)

    head = b"TOCBLOCK" + bytes(28)
    return (head + bitmap(b"config", VMDB, CONFIG_SIZE) + bitmap(b"log", VMDB + CONFIG_SIZE, LOG_SIZE)).ljust(SECTOR, b"\0")


# ---- the files ----


def write(file, sector, data):
    file.seek(sector * SECTOR)
    file.write(data)


def write_mbr(file, first, count):
    entry = struct.pack("<B3sB3sII", 0, b"\1\1\0", 0x42, b"\xfe\xff\xff", first, count)
    write(file, 0, bytes(446) + entry + bytes(48) + b"\x55\xaa")


def write_gpt(path, parts):
    lines = "".join(f"start={start}, size={size}, type={kind}\n" for start, size, kind in parts)
    subprocess.run(["sfdisk", "-q", path], input=f"label: gpt\n{lines}", text=True, check=True)


def write_disk(given, disk, database, sequence):
    """A table of the old kind has the database at the disk's end, a GUID table has it in a partition."""
    size = -(-(disk.used or 1) // ALIGNMENT) * ALIGNMENT
    config = given.base - len(given.beside) // SECTOR - DATABASE if given.gpt else given.first + size
    end = given.first + size + (ALIGNMENT if given.gpt else DATABASE)
    with open(disk.path, "wb") as file:
        file.truncate(end * SECTOR)
    if given.gpt:
        parts = [(config, DATABASE, METADATA), (given.base, size, DATA)]
        if given.beside:
            parts.append((config + DATABASE, len(given.beside) // SECTOR, SYSTEM))
        write_gpt(disk.path, parts)
    with open(disk.path, "r+b") as file:
        head = privhead(given, disk, size if given.gpt else config - given.base, config)
        if not given.gpt:
            write_mbr(file, given.base, end - given.base)
            write(file, 6, head)
        for at in PRIVHEADS:
            write(file, config + at, head)
        for at in TABLES:
            write(file, config + at, table_of_contents())
        write(file, config + VMDB, database.image(sequence))
        write(file, config + DATABASE, given.beside)
        for piece, data in disk.contents:
            write(file, given.first + piece.start, data)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("disks")
    parser.add_argument("volumes", nargs="+")
    parser.add_argument("--group", default="WIN-TEST-Dg0", help="the disk group's name")
    parser.add_argument("--gpt", action="store_true", help="a GUID partition table")
    parser.add_argument("--system", help="of it: what is in a further partition that is not dynamic")
    parser.add_argument("--stale", action="store_true", help="the last disk's database is older than the others'")
    parser.add_argument("--beyond", type=int, default=0, help="what is said of the first disk's pieces is so many sectors too much")
    given = parser.parse_args()
    given.guid = uuid.uuid5(uuid.NAMESPACE_DNS, given.group)
    given.beside = b""
    if given.system:
        with open(given.system, "rb") as file:
            given.beside = padded(file.read(), ALIGNMENT * SECTOR)
    # Where the first piece is, and what all count from. (Windows has 2048 and 63.)
    given.first = 4 * ALIGNMENT + len(given.beside) // SECTOR if given.gpt else ALIGNMENT
    given.base = given.first if given.gpt else 63
    return given


def main():
    given = parse()
    disks = [Disk(path, f"Disk{n + 1}", uuid.uuid5(given.guid, f"Disk{n + 1}")) for n, path in enumerate(given.disks.split(","))]
    volumes = []
    for line in given.volumes:
        kind, where, path = line.split(":", 2)
        with open(path, "rb") as file:
            data = padded(file.read(), SECTOR)
        volumes.append(Volume(kind, [disks[ord(letter) - ord("a")] for letter in where], data, f"Volume{len(volumes) + 1}"))
    database = Database(given, disks, volumes)
    for disk in disks:
        write_disk(given, disk, database, 7 - (given.stale and disk is disks[-1]))


if __name__ == "__main__":
    main()
