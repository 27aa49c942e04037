#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""soak.py BUILD [-n N] [--seed SEED]

virt-df-live over N images with faults among them, while its processes are killed and stopped and images vanish, at
random moments of a printed seed. Then: is each image answered once, in order, with the right status and its own rows;
is anything left; is every image what it was; did an appliance that some image filled stay within its memory. One line
says so; exit status 1 if anything is off. The appliance is that of tests/faults/agent-fault.c, whose agent takes all
memory, panics or dies where an image says so.

A guest that was alone in its appliance when QEMU was killed cannot be told from one that ended QEMU: `crashed` is right
as often as QEMU was killed, and `timeout` as often as QEMU was stopped for good. Neither is for anything else."""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree stays as it is
import checks  # noqa: E402
import images  # noqa: E402
import servers  # noqa: E402
import strikes  # noqa: E402


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("-n", "--images", type=int, default=1000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--pace", type=float, default=1.5, help="seconds between strikes, on average")
    parser.add_argument("--timeout", type=int, default=10, help="of a guest, seconds")
    parser.add_argument("--templates", help="directory of make-images.sh's images (BUILD/test-images)")
    parser.add_argument("options", nargs="*", help="of virt-df-live, after --")
    given = parser.parse_args()
    given.seed = random.randrange(1 << 32) if given.seed is None else given.seed
    given.templates = given.templates or os.path.join(given.build, "test-images")
    return given


# KiB that an appliance may have at most: its own memory, filled (APPLIANCE_MEMORY_DEFAULT, 512 MiB), and as much as a
# quarter of that for QEMU itself.
APPLIANCE_BOUND = 640 << 10


class Soak:
    def __init__(self, given, directory):
        self.given, self.directory = given, directory
        self.program = os.path.join(os.path.abspath(given.build), "bin", "virt-df-live")
        self.appliance = os.path.join(os.path.abspath(given.build), "faults", "appliance")
        self.temporary = os.path.join(directory, "tmp")
        self.out = os.path.join(directory, "out")
        self.rng = random.Random(given.seed)
        self.servers = servers.Servers(os.path.join(directory, "servers"))
        self.verdict = checks.Verdict()
        self.references = {}
        self.counted_to = self.counted = 0
        os.makedirs(self.temporary)
        for path in (directory, self.temporary):
            os.chmod(path, 0o711)  # root's QEMU runs as somebody else
        os.environ["TMPDIR"] = self.temporary
        os.environ.pop("XDG_RUNTIME_DIR", None)

    def start(self, listed, options):
        """The command over a list of paths."""
        path = os.path.join(self.directory, "names")
        with open(path, "wb") as file:
            file.writelines(name + b"\0" for name in listed)
        with open(self.out, "wb") as out, open(os.path.join(self.directory, "err"), "wb") as err:
            return subprocess.Popen([self.program, "--appliance", self.appliance, "--json", "-0", "--images-from", path,
                                     *options], stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=err, start_new_session=True)

    def learn(self, maker):
        """The rows of each template, from a run that nobody disturbs."""
        listed = [os.path.join(maker.templates, name).encode() for name in maker.references()]
        self.start(listed, []).wait()
        for path, status, message, rows in checks.read_answers(self.out):
            if status != "ok":
                raise RuntimeError(f"{path!r} cannot be scanned: {message}")
            self.references[os.path.basename(path).decode()] = rows
        if len(self.references) != len(listed):
            raise RuntimeError("the templates cannot be scanned: " + self.errors())

    def errors(self):
        with open(os.path.join(self.directory, "err"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def count_answers(self):
        """How many there are by now; reads only what is new."""
        with open(self.out, "rb") as file:
            file.seek(self.counted_to)
            new = file.read()
        self.counted_to += new.rfind(b"\n") + 1
        self.counted += new[:new.rfind(b"\n") + 1].count(b'{"type":"guest"')
        return self.counted

    def run(self):
        maker = images.Maker(self.given.templates, self.directory, self.rng, self.servers)
        maker.make_templates()
        self.learn(maker)
        listed = maker.make_all(self.given.images)
        blunt = {image.path for image in listed if not image.sharp}
        before = checks.state(maker.names, blunt)
        since = time.monotonic()
        command = self.start([image.path for image in listed], ["--timeout", str(self.given.timeout), *self.given.options])
        striker = strikes.Striker(command, self.rng, listed, self.count_answers, self.given.pace,
                                  1 + self.given.images // 1000)
        striker.start()
        status = command.wait()
        wall = time.monotonic() - since
        striker.join()
        checks.judge(listed, checks.read_answers(self.out), self.references, self.verdict)
        checks.find_left(self.directory, self.temporary, self.servers.directory, self.verdict)
        checks.compare(before, checks.state(maker.names, blunt), self.verdict)
        return self.report(striker, status, wall)

    def report(self, striker, status, wall):
        verdict, done, peaks = self.verdict, striker.done, striker.peaks
        expected = 1 if self.given.images >= 100 else 0  # some cannot be scanned
        struck_out = verdict.crashed > done["QEMU killed"] or verdict.timed_out > done["QEMU hung"]
        if status != expected and not (status == 1 and verdict.crashed + verdict.timed_out > 0):
            verdict.complain(f"exit status {status}, not {expected}: {self.errors()}")
            verdict.lost = max(verdict.lost, 1)
        if peaks["appliance KiB"] > APPLIANCE_BOUND:
            verdict.complain(f"an appliance took {peaks['appliance KiB']} KiB, more than {APPLIANCE_BOUND}")
            verdict.wrong += 1
        good = not (verdict.lost or verdict.twice or verdict.disordered or verdict.wrong or struck_out or verdict.left
                    or verdict.changed)
        for text in verdict.complaints[:50]:
            print("# " + text)
        print("# strikes: " + ", ".join(f"{count} {name}" for name, count in sorted(done.items())))
        print("# at most: " + ", ".join(f"{value} {name}" for name, value in sorted(peaks.items())))
        print(f"{'ok' if good else 'not ok'}: asked {verdict.asked}, answered {verdict.answered}, lost {verdict.lost}, "
              f"twice {verdict.twice}, out of order {verdict.disordered}, wrong {verdict.wrong}, "
              f"struck: {verdict.crashed} crashed of {done['QEMU killed']}, {verdict.timed_out} timed out of "
              f"{done['QEMU hung']}, left over {len(verdict.left)}, changed {len(verdict.changed)}; "
              f"seed {self.given.seed}, {wall:.1f} s", flush=True)
        return 0 if good else 1


def main():
    given = parse()
    print(f"# seed {given.seed}", flush=True)
    directory = tempfile.mkdtemp(prefix="vlt-soak.", dir="/tmp")
    soak = Soak(given, directory)
    try:
        return soak.run()
    finally:
        soak.servers.end()
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
