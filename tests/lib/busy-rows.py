#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""busy-rows.py CONSOLE ROUNDS DEVICE=NAME,…

Reads, as it is written, the output of a virt-df-live --json that asks ROUNDS times for a guest that writes all the time (busy-guest.sh),
or for its disks one by one, and compares each row with what the guest says on its CONSOLE around that moment. A disk is named
after its filesystem; of a guest the table says which device is which. Says what is wrong, and ends with status 1 where something is."""
import json
import os
import signal
import sys
import time

SLACK = 3 << 20  # what a filesystem sets aside while it is mounted, and a file that is being written
BEFORE = 16  # the guest's last words of a filesystem that count before a scan has begun: a round and a half
AFTER = 4  # and those that count after it has ended
PATIENCE = 20  # seconds for a guest's four rows, on a machine that others use: what takes longer hangs

console, rounds, devices = open(sys.argv[1], "rb"), int(sys.argv[2]), dict(word.split("=") for word in sys.argv[3].split(","))
said = {name: [] for name in devices.values()}  # each time: bytes of the filesystem, and those in use
rest = b""


def listen():
    """Takes what the guest has said since, and says how often it has spoken of each filesystem."""
    global rest
    *lines, rest = (rest + console.read()).split(b"\n")
    for line in lines:
        name, *figures = line.decode(errors="replace").split() or [""]
        if name in said and len(figures) == 3 and all(word.isdigit() for word in figures):
            block, blocks, free = map(int, figures)
            said[name].append((block * blocks, block * (blocks - free)))
    return {name: len(all_figures) for name, all_figures in said.items()}


def name_of(row):
    own = os.path.basename(row["guest"]).split(".")[0]
    return own if own in said else devices[row["device"]]


def check(row, since, until):
    """since, until: how much the guest had said when the scan may have begun, and when its row came."""
    if row["status"] != "ok":
        return f"{row['status']}: {row.get('message')}"
    name = name_of(row)
    around = said[name][max(since[name] - BEFORE, 0):until[name] + AFTER]
    low, high = min(used for _, used in around) - SLACK, max(used for _, used in around) + SLACK
    size = around[-1][0]
    if abs(row["size"] - size) > size // 100:
        return f"a size of {row['size']}, and it has {size}"
    return None if low <= row["used"] <= high else f"{row['used']} used, and by the guest it is {low} to {high}"


rows, answers, marks = [], [], [listen()]
signal.alarm(PATIENCE * (rounds + 2))
for text in sys.stdin:
    line = json.loads(text)
    if line["type"] == "filesystem":
        # Two appliances may be at work, and each one looks at its next guest while it is answered for this one.
        rows.append((line, marks[max(len(marks) - 4, 0)], listen()))
    if line["type"] == "guest":
        answers.append(line)
        marks.append(listen())
ended = listen()
while any(count < ended[name] + AFTER for name, count in listen().items()):
    time.sleep(0.1)

wrong = [f"{answer['guest']}: {answer['status']}: {answer.get('message')}" for answer in answers if answer["status"] != "ok"]
names = [name_of(row) for row, _, _ in rows]
if sorted(names) != sorted(name for name in said for _ in range(rounds)):
    wrong.append(f"rows of {', '.join(f'{name} {names.count(name)}' for name in said)}, and not {rounds} of each")
for number, (row, since, until) in enumerate(rows, 1):
    why = check(row, since, until)
    if why:
        wrong.append(f"row {number}: {row['guest']} {row['device']}: {why}")
recovered = sum(row["recovered"] is True for row, _, _ in rows)
print(f"{len(rows)} rows, {recovered} of them recovered, {len(wrong)} things that are wrong")
print("\n".join(wrong[:20]))
sys.exit(1 if wrong else 0)
