#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_shards.py BUILD [--entries N] [--shards S] [--directory DIR]

A list of N entries is scanned by one command and, at the same time, by S commands, a shard each. A fifth of the entries are images of
their own, hard links of a few small ones; the others name these again, in an order that the printed seed makes. Then: has
every entry been answered for once, are the records of both the same but for the time that they took, is what the shards wrote,
put together, the list's order; and how much memory did each command take. Exit status 1 if anything is off."""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

SMALL = (("vfat", 1), ("ext2", 1), ("ext4", 2), ("vfat", 3), ("ext4", 4), ("ext2", 3))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("-n", "--entries", type=int, default=2000)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--directory", help="for images and outputs; kept")
    return parser.parse_args()


def make_image(path, fstype, mebibytes):
    with open(path, "wb") as image:
        image.truncate(mebibytes << 20)
    subprocess.run(["mkfs." + fstype, path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_list(directory, entries, seed):
    """The images, and the list's file."""
    small = []
    for fstype, mebibytes in SMALL:
        small.append(os.path.join(directory, f"{fstype}-{mebibytes}.img"))
        make_image(small[-1], fstype, mebibytes)
    names = []
    for number in range(max(1, entries // 5)):
        where = os.path.join(directory, f"{number // 1000}")
        os.makedirs(where, exist_ok=True)
        names.append(os.path.join(where, f"{number}.img"))
        os.link(small[number % len(small)], names[-1])
    repeats = names * (entries // len(names) - 1) + names[:entries % len(names)]
    listed = names + repeats
    random.Random(seed).shuffle(listed)
    path = os.path.join(directory, "list")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(name + "\n" for name in listed)
    return path


class Command:
    """A run, and the most memory that it had, as the kernel counts it."""

    def __init__(self, program, listed, output, *options):
        self.output = output
        self.peaks = {"VmHWM": 0, "RssAnon": 0}
        with open(output, "wb") as to:
            self.process = subprocess.Popen([program, "-q", "--json", *options, "--images-from", listed], stdout=to)

    def look(self):
        """Whether it still runs."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                for name, kibibytes in re.findall(r"^(VmHWM|RssAnon):\s+(\d+) kB", status.read(), re.MULTILINE):
                    self.peaks[name] = max(self.peaks[name], int(kibibytes))
        except OSError:
            pass
        return self.process.poll() is None

    def __str__(self):
        return (f"exit status {self.process.returncode}, at most {self.peaks['RssAnon'] / 1024:.1f} MiB of its own, "
                f"{self.peaks['VmHWM'] / 1024:.1f} MiB with files that it maps")


def run(commands):
    began = time.monotonic()
    while any([command.look() for command in commands]):
        time.sleep(0.2)
    print(f"all at once: {time.monotonic() - began:.0f} s")
    for command in commands:
        print(f"  {os.path.basename(command.output)}: {command}", flush=True)


def records_of(path):
    """Pairs of index and record, without what differs from run to run."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            record.pop("elapsed_s", None)
            yield record["index"], json.dumps(record, sort_keys=True)


class Verdict:
    def __init__(self):
        self.wrong = 0

    def expect(self, right, what):
        if not right:
            self.wrong += 1
            if self.wrong <= 20:
                print(f"  WRONG: {what}")


def compare(whole, parts, entries, verdict):
    one = {}
    for index, record in records_of(whole):
        one.setdefault(index, []).append(record)
    verdict.expect(sorted(one) == list(range(entries)), f"one command answered for {len(one)} of {entries} entries")
    answered, records = set(), 0
    for number, part in enumerate(parts):
        mine, last = {}, -1
        for index, record in records_of(part):
            verdict.expect(index % len(parts) == number, f"shard {number} has entry {index}")
            verdict.expect(index >= last, f"shard {number}: entry {index} after {last}")
            mine.setdefault(index, []).append(record)
            last = index
        for index, found in mine.items():
            verdict.expect(index not in answered, f"entry {index} was answered for twice")
            verdict.expect(found == one.get(index), f"entry {index}: {found} instead of {one.get(index)}")
            records += len(found)
        answered.update(mine)
    verdict.expect(answered == set(one), f"shards answered for {len(answered)} entries, one command for {len(one)}")
    guests = sum('"type": "guest"' in record for found in one.values() for record in found)
    verdict.expect(guests == entries, f"{guests} records of guests for {entries} entries")
    return records


def check(given, directory):
    program = os.path.join(os.path.abspath(given.build), "bin", "virt-df-live")
    listed = make_list(directory, given.entries, given.seed)
    print(f"{given.entries} entries, {max(1, given.entries // 5)} images, seed {given.seed}", flush=True)
    whole = Command(program, listed, os.path.join(directory, "whole.json"))
    shards = [Command(program, listed, os.path.join(directory, f"part-{number}.json"), "--shard", f"{number}/{given.shards}",
                      "-P", "1") for number in range(given.shards)]
    run([whole, *shards])
    verdict = Verdict()
    for command in (whole, *shards):
        verdict.expect(command.process.returncode == 0, f"{command.output}: {command}")
    records = compare(whole.output, [shard.output for shard in shards], given.entries, verdict)
    print(f"{records} records, {verdict.wrong} wrong")
    return verdict.wrong == 0


def main():
    given = parse()
    directory = given.directory or tempfile.mkdtemp(prefix="vlt-shards.", dir="/var/tmp")
    os.makedirs(directory, exist_ok=True)
    os.chmod(directory, 0o755)  # root's QEMU runs as somebody else
    try:
        return 0 if check(given, directory) else 1
    finally:
        if not given.directory:
            shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
