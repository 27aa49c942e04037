# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images whose metadata somebody has changed: a few bytes of a good one, by a seed; half of them with a checksum that is
right again, so that what looks at the bytes is not the checksum's test."""

import mmap
import os
import struct

BLOCK = 4096

# Where the field's worst bytes are: offset and length of superblocks and of what is read first (the documents are those of
# the kernel, Documentation/filesystems, and of each format). A negative offset is from the end.
SUPERBLOCKS = {
    "ext2.img": [(1024, 1024), (2048, 4096)],
    "ext3.img": [(1024, 1024), (2048, 4096)],
    "ext4.img": [(1024, 1024), (4096, 4096)],
    "xfs.img": [(0, 2048), (4096, 4096)],
    "btrfs.img": [(65536, 4096)],
    "vfat.img": [(0, 512), (512, 8192)],
    "exfat.img": [(0, 6144)],
    "ntfs.img": [(0, 512), (16384, 16384)],
    "iso9660.iso": [(32768, 4096), (36864, 8192)],
    "udf.img": [(32768, 16384), (131072, 512), (524288, 8192)],
    "squashfs.img": [(0, 96)],
    "erofs.img": [(1024, 128), (1152, 4096)],
    "f2fs.img": [(1024, 3072), (5120, 3072)],
    "hfsplus.img": [(1024, 512)],
    "gpt.img": [(0, 512), (512, 512), (1024, 4096)],
    "mbr.img": [(440, 72)],
    "lvm.img": [(1 << 20, 8192)],
    # PRIVHEAD; in the database, the last MiB: the table of contents, the VMDB, the records (tests/images/make-ldm.py).
    "ldm.img": [(440, 72), (3072, 512), (1024 - 1024 * 1024, 512), (17 * 512 - 1024 * 1024, 512), (18 * 512 - 1024 * 1024, 3584)],
    "luks1.img": [(0, 1024)],
    "luks2.img": [(0, 4096), (4096, 12288)],
    "qcow2": [(0, 112), (112, 4096)],
    "vmdk": [(0, 512), (512, 2048)],
    "vhdx": [(0, 8), (65536, 256), (131072, 256), (196608, 512), (262144, 512), (2097152, 4096)],
    "vpc": [(0, 512), (512, 1024)],
    "vdi": [(0, 512)],
    "qed": [(0, 512)],
    "parallels": [(0, 64), (64, 512)],
}


def crc32_castagnoli(data, crc=0xFFFFFFFF):
    """Castagnoli's, without the last inversion."""
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


def seal_ext4(copy):
    copy.write(2044, struct.pack("<I", crc32_castagnoli(copy.read(1024, 1020))))


def seal_xfs(copy):
    sector = copy.read(0, 224) + bytes(4) + copy.read(228, 284)
    copy.write(224, struct.pack("<I", crc32_castagnoli(sector) ^ 0xFFFFFFFF))


def seal_btrfs(copy):
    copy.write(65536, struct.pack("<I", crc32_castagnoli(copy.read(65536 + 32, 4096 - 32)) ^ 0xFFFFFFFF))


SEALS = {"ext4.img": seal_ext4, "xfs.img": seal_xfs, "btrfs.img": seal_btrfs}


class Template:
    """A good image, and where it is changed."""

    def __init__(self, path, kind):
        with open(path, "rb") as file:
            self.content = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            self.blocks = list(self.used_blocks(file))[:256]
        self.size = len(self.content)
        places = ((start % self.size if start < 0 else start, length) for start, length in SUPERBLOCKS[kind])
        self.first = [(start, min(length, self.size - start)) for start, length in places if start < self.size]

    def used_blocks(self, file):
        """The first blocks that are not empty."""
        at = 0
        while at < len(self.content):
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # no data beyond
                return
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            yield from (block for block in range(start & -BLOCK, at, BLOCK) if any(self.content[block:block + BLOCK]))


class Copy:
    """A template, and what is different."""

    def __init__(self, template):
        self.template = template
        self.blocks = {}  # by offset

    def block(self, at):
        return self.blocks.setdefault(at, bytearray(self.template.content[at:at + BLOCK]))

    def read(self, start, length):
        return bytes(self.block(at & -BLOCK)[at & BLOCK - 1] for at in range(start, start + length))

    def write(self, start, data):
        for at, byte in enumerate(data, start):
            if at < self.template.size:
                self.block(at & -BLOCK)[at & BLOCK - 1] = byte


VALUES = (0, 1, 0x7F, 0x80, 0xFF)


def change(rng, copy, start, length):
    """A bit, a byte, or a number of four or eight bytes."""
    at = start + rng.randrange(length)
    what = rng.randrange(4)
    if what == 0:
        copy.write(at, bytes((copy.read(at, 1)[0] ^ 1 << rng.randrange(8),)))
    elif what == 1:
        copy.write(at, bytes((rng.choice(VALUES),)))
    else:
        size = 4 if what == 2 else 8
        copy.write(at & -size, rng.choice((bytes(size), b"\xff" * size, b"\xff" * (size - 1) + b"\x7f",
                                           (1).to_bytes(size, "little"), rng.randbytes(size))))


def mutate(rng, template, kind):
    """A changed copy."""
    copy = Copy(template)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if template.first and rng.random() < 0.6:
            change(rng, copy, *rng.choice(template.first))
        else:
            at = rng.choice(template.blocks)
            change(rng, copy, at, min(BLOCK, template.size - at))
    if kind in SEALS and rng.random() < 0.5:
        SEALS[kind](copy)
    return copy


def looped_mbr(template):
    """An extended partition whose chain comes back to its beginning."""
    copy = Copy(template)
    for entry in range(446, 510, 16):
        if template.content[entry + 4] in (5, 15):
            first = struct.unpack_from("<I", template.content, entry + 8)[0] * 512
            copy.write(first + 446 + 16, bytes((0, 0, 0, 0, 5, 0, 0, 0)) + struct.pack("<II", 0, 2048))
            return copy
    raise ValueError("it has no extended partition")
