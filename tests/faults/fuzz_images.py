#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fuzz_images.py BUILD [-n N] [--seed SEED] [KIND...]

N images of each kind whose metadata are changed by the seed (hostile.py), with good ones between them, in one list. Each
must end in rows or in a named status, once and in order; the good ones in their own rows; nothing may be left. One line a
kind says what became of them; exit status 1 if anything is off. What an image did can be looked at with --keep DIR."""

import argparse
import collections
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # the tree stays as it is
import checks  # noqa: E402
import hostile  # noqa: E402
from images import Image  # noqa: E402

FORMATS = ("qcow2", "vmdk", "vhdx", "vpc", "vdi", "qed", "parallels")
VOLUMES = ("lvm.img", "luks1.img", "luks2.img", "ldm.img")
NAMED = frozenset(("ok", "corrupt", "unsupported", "empty", "encrypted", "refused", "unreadable", "crashed", "timeout"))
GOOD_EVERY = 10
MEMORY_MAX = 800  # MiB, of the largest process: QEMU with all of its memory in use, and half as much again


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("kinds", nargs="*", help="of " + " ".join(hostile.SUPERBLOCKS))
    parser.add_argument("-n", "--images", type=int, default=50)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--timeout", type=int, default=20, help="of a guest, seconds")
    parser.add_argument("--keep", help="a directory for images that crash the appliance or time out")
    given = parser.parse_intermixed_args()
    given.seed = random.randrange(1 << 32) if given.seed is None else given.seed
    given.kinds = given.kinds or list(hostile.SUPERBLOCKS)
    return given


class Memory(threading.Thread):
    """The most that a process had resident, MiB. (getrusage() has a child begin with what its parent has.)"""

    def __init__(self, marker):
        super().__init__(daemon=True)
        self.marker, self.over, self.most = marker, threading.Event(), 0

    def run(self):
        while not self.over.wait(0.05):
            for pid in checks.processes_of(self.marker):
                with contextlib.suppress(OSError):
                    for line in checks.lines_with(f"/proc/{pid}/status", b"VmHWM:"):
                        self.most = max(self.most, int(line.split()[1]) >> 10)

    def end(self):
        self.over.set()
        self.join()
        return self.most


class Fuzz:
    def __init__(self, given, directory):
        self.given, self.directory = given, directory
        self.temporary = os.path.join(directory, "tmp")
        os.makedirs(self.temporary)
        for path in (directory, self.temporary):
            os.chmod(path, 0o711)  # root's QEMU runs as somebody else
        os.environ["TMPDIR"] = self.temporary
        os.environ.pop("XDG_RUNTIME_DIR", None)

    # --- the images ---

    def template(self, kind):
        """A good image's path."""
        build = self.given.build
        if kind in FORMATS:
            path = os.path.join(self.directory, f"good.{kind}")
            subprocess.run(["qemu-img", "convert", "-O", kind, os.path.join(build, "test-images", "ext4.img"), path], check=True)
            return path
        if kind in VOLUMES:
            return os.path.join(build, "test-volumes", kind)
        return os.path.join(build, "test-images", kind)

    def write(self, good, copy, path):
        """The good image, sparse, and over it what is different."""
        subprocess.run(["cp", "--sparse=always", good, path], check=True)
        with open(path, "r+b") as file:
            for at, block in copy.blocks.items():
                file.seek(at)
                file.write(block)

    def make(self, kind, names):
        """The list: changed images, and before each few a good one."""
        rng = random.Random(f"{self.given.seed} {kind}")
        good = self.template(kind)
        template = hostile.Template(good, kind)
        listed = []
        for number in range(self.given.images):
            if number % GOOD_EVERY == 0:
                path = os.path.join(names, f"{number:05d}-good")
                subprocess.run(["cp", "--sparse=always", good, path], check=True)
                listed.append(Image(path.encode(), frozenset(("ok", "encrypted")), "good"))
            path = os.path.join(names, f"{number:05d}-{kind}")
            looped = kind == "mbr.img" and number == 0
            self.write(good, hostile.looped_mbr(template) if looped else hostile.mutate(rng, template, kind), path)
            listed.append(Image(path.encode(), NAMED))
        return listed

    # --- a run ---

    def scan(self, command, listed, options):
        """Its answers. The rows of the good ones are told apart by what comes first."""
        path, out = os.path.join(self.directory, "names"), os.path.join(self.directory, "out")
        with open(path, "wb") as file:
            file.writelines(image.path + b"\0" for image in listed)
        with open(out, "wb") as to, open(os.path.join(self.directory, "err"), "wb") as err:
            program = os.path.join(os.path.abspath(self.given.build), "bin", command)
            subprocess.run([program, "--json", "-0", "--images-from", path, "--timeout", str(self.given.timeout), *options],
                           stdin=subprocess.DEVNULL, stdout=to, stderr=err, check=False)
        return checks.read_answers(out)

    def check(self, kind, listed, command, options):
        verdict = checks.Verdict()
        since = time.monotonic()
        answers = self.scan(command, listed, options)
        wall = time.monotonic() - since
        references = {"good": answers[0][3]} if answers else {}
        checks.judge(listed, answers, references, verdict)
        checks.find_left(self.directory, self.temporary, self.directory + "/none", verdict)
        if answers and not answers[0][3] and kind not in ("luks1.img", "luks2.img") and command == "virt-df-live":
            verdict.wrong += 1
            verdict.complain("the good image has no rows")
        self.report(kind, command, answers, verdict, wall)
        return not (verdict.lost or verdict.twice or verdict.disordered or verdict.wrong or verdict.left)

    def report(self, kind, command, answers, verdict, wall):
        counts = collections.Counter(status for _, status, _, _ in answers)
        for text in verdict.complaints[:20]:
            print("# " + text)
        for path, status, message, _ in answers:
            if status in ("crashed", "timeout"):
                print(f"# {kind}: {os.path.basename(path).decode()}: {status}: {message}")
                if self.given.keep:
                    shutil.copy(path, os.path.join(self.given.keep, f"{self.given.seed}-{os.path.basename(path).decode()}"))
        print(f"# {kind}, {command}: asked {verdict.asked}, answered {verdict.answered}, wrong {verdict.wrong}, left over "
              f"{len(verdict.left)}: " + ", ".join(f"{count} {status}" for status, count in counts.most_common()) +
              f"; {wall:.1f} s", flush=True)

    def run(self, kind):
        names = os.path.join(self.directory, "list")
        os.makedirs(names)
        try:
            listed = self.make(kind, names)
            good = self.check(kind, listed, "virt-df-live", [])
            if kind not in FORMATS + VOLUMES + ("gpt.img", "mbr.img"):
                good = self.check(kind, listed, "virt-ls", ["-lR", "-m", "/dev/sda", "/"]) and good
            return good
        finally:
            shutil.rmtree(names)


def main():
    given = parse()
    directory = tempfile.mkdtemp(prefix="vlt-fuzz.", dir="/tmp")
    fuzz = Fuzz(given, directory)
    memory = Memory(os.fsencode(fuzz.temporary))
    memory.start()
    try:
        off = [kind for kind in given.kinds if not fuzz.run(kind)]
    finally:
        largest = memory.end()
        shutil.rmtree(directory)
    if largest > MEMORY_MAX:
        off.append("memory")
    print(f"{'not ok: ' + ', '.join(off) if off else 'ok'}: {len(given.kinds)} kinds, {given.images} images each, seed {given.seed}; "
          f"the largest process had {largest} MiB", flush=True)
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
