# SPDX-License-Identifier: LGPL-2.1-or-later
"""The images of a soak: many names of few files, with faults among them, and what is right to say of each."""

import dataclasses
import os
import shutil
import socket
import subprocess

OTHER_OWNER = 4321
VARIANTS = 16  # of ext4, each with a label and UUID of its own, so that a row for another image shows
OTHERS = ("ext2.img", "ext3.img", "xfs.img", "btrfs.img", "vfat.img", "exfat.img", "f2fs.img", "gpt.img", "mbr.img",
          "ext4.qcow2", "squashfs.img", "iso9660.iso", "udf.img")

# What can become of an image that is cut off while it is looked at. No crash: reads beyond its end give nothing. But QEMU 7.2
# loses a read by io_uring at the end of a file that ends within a sector (1000 bytes), and that guest is waited for in vain.
CUT = frozenset(("ok", "corrupt", "unsupported", "empty", "refused", "unreadable", "timeout"))


@dataclasses.dataclass
class Image:
    """One entry of the list."""
    path: bytes            # as it is listed
    right: frozenset       # the statuses that are right
    template: str = ""     # where it is ok, its rows are this one's; "": they are not looked at
    fate: str = ""         # what happens to it under way: delete, truncate
    sharp: bool = True     # it must be the same afterwards


def right(*statuses):
    return frozenset(statuses)


# kind: how many of 1000. All kinds are in a list of 100 names or more, at least once.
SHARES = {
    "plain": 700, "other": 120, "named": 40,
    "half": 8, "odd": 6, "empty": 8, "loop": 8, "closed": 8, "absent": 15, "below-a-file": 5, "directory": 8, "fifo": 8,
    "socket": 4, "device": 4, "broken": 12, "headless": 8, "random": 5, "zeros": 5, "swap": 4, "minix": 3,
    "deleted": 10, "truncated": 10,
    "memory": 2, "panic": 1, "die": 1,
    "nbd": 3, "nbd-error": 1, "nbd-late-error": 1, "nbd-stall": 1, "nbd-late-stall": 0.4, "nbd-dies": 1, "nbd-late-death": 1,
    "nbd-gone": 1,
}

# What the agent of tests/faults/agent-fault.c does where a filesystem says so: the appliance ends.
AGENT_FAULTS = ("memory", "panic", "die")

HOSTILE = (b"new\nline", b"two\n\nlines\n", b"esc\x1b[31mred", b"bell\x07\r", b"not\xff\xfeutf8", b"'quote\"", b"$(touch owned)",
           b"`id`", b"a;b|c&d", b"--format=raw", b"nbd:localhost", b"json:{}", b"%s%n%d", b"  spaces  ", b"\\backslash\\n",
           b"comma,comma", b"a:b:c", b"*?[x]", b"\xe2\x80\xaegnp", b"\xcc\x81" * 40, b"x" * 200)


class Maker:
    """Makes them below a directory: templates in `templates`, names in `list`."""

    def __init__(self, source, directory, rng, servers):
        self.source, self.directory, self.rng, self.servers = source, directory, rng, servers
        self.templates = os.path.join(directory, "templates")
        self.names = os.path.join(directory, "list")
        os.makedirs(self.templates)
        os.makedirs(self.names)
        self.number = 0

    def copy(self, name, to):
        path = os.path.join(self.templates, to)
        subprocess.run(["cp", "--sparse=always", os.path.join(self.source, name), path], check=True)
        return path

    def make_templates(self):
        """What is linked to. Some belong to somebody else: they are another trust domain."""
        for i in range(VARIANTS):
            path = self.copy("ext4.img", f"ext4-{i}")
            uuid = f"00000000-0000-4000-8000-{i:012d}"
            subprocess.run(["tune2fs", "-L", f"soak-{i}", "-U", uuid, path], check=True, stdout=subprocess.DEVNULL)
            if i % 4 == 3 and os.geteuid() == 0:
                os.chown(path, OTHER_OWNER, OTHER_OWNER)
                os.chmod(path, 0o600)
        for name in OTHERS + ("ext4-broken.img", "random.img", "zeros.img", "swap.img", "minix.img"):
            self.copy(name, name)
        headless = self.copy("ext4.img", "headless")
        with open(headless, "r+b") as file:  # the superblock is overwritten
            file.seek(1024)
            file.write(self.rng.randbytes(1024))
        for fault in AGENT_FAULTS:
            self.make_fault(fault)
        half = self.copy("ext4.img", "half")
        os.truncate(half, 4 << 20)
        odd = self.copy("ext4.img", "odd")
        os.truncate(odd, 1000)
        for name in os.listdir(self.templates):
            self.mark(os.path.join(self.templates, name))

    def make_fault(self, fault):
        """A filesystem that brings that fault about."""
        inside = os.path.join(self.directory, "inside-" + fault)
        os.mkdir(inside)
        with open(os.path.join(inside, "fault"), "x", encoding="ascii") as file:
            file.write(fault + "\n")
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-d", inside, os.path.join(self.templates, fault), "2M"], check=True,
                       stdout=subprocess.DEVNULL)

    @staticmethod
    def mark(path):
        """Times and an attribute that nobody would set by accident."""
        os.utime(path, (1_000_000_000, 1_000_000_000))
        try:
            os.setxattr(path, "user.soak", b"kept")
        except OSError:
            pass  # not every file system has them

    def references(self):
        """The templates whose rows are to be known."""
        return [f"ext4-{i}" for i in range(VARIANTS)] + list(OTHERS) + ["minix.img"]

    # --- one image of a kind ---

    def name(self, kind, tail=b""):
        self.number += 1
        return os.path.join(os.fsencode(self.names), b"%05d-%s%s" % (self.number, kind.encode(), tail))

    def link(self, kind, template, statuses=right("ok"), tail=b""):
        path = self.name(kind, tail)
        os.link(os.path.join(self.templates, template), path)
        return Image(path, statuses, template if "ok" in statuses else "")

    def variant(self):
        return f"ext4-{self.rng.randrange(VARIANTS)}"

    def own(self, kind, fate):
        """A file of its own, for something will happen to it."""
        path = self.name(kind)
        template = self.variant()
        subprocess.run(["cp", "--sparse=always", os.path.join(self.templates, template), path], check=True)
        if fate == "delete":
            return Image(path, right("ok", "unreadable"), template, fate, sharp=False)
        return Image(path, CUT, "", fate, sharp=False)

    def make(self, kind):
        """One of that kind."""
        if kind.startswith("nbd"):
            return self.make_remote(kind)
        linked = {"broken": ("ext4-broken.img", "corrupt"), "headless": ("headless", "unsupported"), "half": ("half", "corrupt"),
                  "odd": ("odd", "empty"), "random": ("random.img", "unsupported"), "zeros": ("zeros.img", "empty"),
                  "swap": ("swap.img", "empty"), "minix": ("minix.img", "ok")}
        if kind in linked:
            template, status = linked[kind]
            return self.link(kind, template, right(status))
        if kind in AGENT_FAULTS:
            # Memory takes its time to be filled, the more where the host has other work.
            return self.link(kind, kind, right("crashed", "timeout") if kind == "memory" else right("crashed"))
        return getattr(self, "make_" + kind.replace("-", "_"))()

    def make_plain(self):
        return self.link("plain", self.variant())

    def make_other(self):
        return self.link("other", self.rng.choice(OTHERS))

    def make_named(self):
        return self.link("named", self.variant(), tail=b"-" + HOSTILE[self.number % len(HOSTILE)])

    def make_deleted(self):
        return self.own("deleted", "delete")

    def make_truncated(self):
        return self.own("truncated", "truncate")

    def make_empty(self):
        path = self.name("empty")
        open(path, "xb").close()
        return Image(path, right("empty"))

    def make_loop(self):
        path = self.name("loop")
        os.symlink(path, path)
        return Image(path, right("unreadable"))

    def make_closed(self):
        path = self.name("closed")
        shutil.copyfile(os.path.join(self.templates, "ext4-0"), path)
        os.chmod(path, 0)
        if os.geteuid() == 0:  # who may read everything
            return Image(path, right("ok"), "ext4-0")
        return Image(path, right("unreadable"))

    def make_absent(self):
        return Image(self.name("absent"), right("unreadable"))

    def make_below_a_file(self):
        return Image(os.path.join(os.fsencode(self.templates), b"ext4-0", b"image"), right("unreadable"))

    def make_directory(self):
        path = self.name("directory")
        os.mkdir(path)
        return Image(path, right("refused"))

    def make_fifo(self):
        path = self.name("fifo")
        os.mkfifo(path)
        return Image(path, right("refused"))

    def make_socket(self):
        path = self.name("socket")
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path)
        return Image(path, right("refused"))

    def make_device(self):
        path = self.name("device")
        os.symlink("/dev/null", path)
        return Image(path, right("refused"))

    def make_remote(self, kind):
        template = self.variant()
        uri = self.servers.start(kind, os.path.join(self.templates, template))
        failed = right("unreadable", "corrupt")
        statuses = {"nbd": right("ok"), "nbd-error": failed, "nbd-late-error": failed, "nbd-stall": right("timeout"),
                    "nbd-late-stall": right("timeout"), "nbd-dies": failed, "nbd-late-death": failed,
                    "nbd-gone": right("unreadable")}[kind]
        return Image(uri.encode(), statuses, template if kind == "nbd" else "")

    def make_all(self, count):
        """The list, in a random order."""
        kinds = list(SHARES) if count >= 100 else ["plain"] * count
        kinds += self.rng.choices(list(SHARES), weights=SHARES.values(), k=count - len(kinds))
        self.rng.shuffle(kinds)
        return [self.make(kind) for kind in kinds]
