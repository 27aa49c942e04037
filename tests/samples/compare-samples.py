#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare-samples.py VIRT-DF-LIVE DIR: scans the images that check-samples.sh has put into DIR, and compares the answers with what
libblkid's own tests expect, and with what e2fsck says. Exit 1 where one is silent, has another type, or harmed an appliance."""

import collections
import json
import pathlib
import subprocess
import sys

command, directory = sys.argv[1], pathlib.Path(sys.argv[2])

# Where libblkid's word is another one, and why that is right.
OTHERWISE = {
    "drbd-v08.img": "it has 1474561 bytes, and its mark is counted from its end: a disk has whole sectors",
    "drbd-v09.img": "the same",
}


def scan(images):
    """Entries and the guest's own record, by the image's name."""
    run = subprocess.run([command, "--json", "--timeout=60", *map(str, images)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=False, text=True)
    entries, guests = collections.defaultdict(list), {}
    for line in run.stdout.splitlines():
        record = json.loads(line)
        name = record["images"][0]
        if record["type"] == "guest":
            guests[name] = record
        else:
            entries[name].append(record)
    return entries, guests


def silence(guest, entries):
    """What is wrong with an answer, whatever the image holds; None: nothing."""
    if guest is None:
        return "no answer"
    if guest["status"] in ("crashed", "timeout"):
        return f"{guest['status']}: {guest['message']}"
    if guest["status"] != "ok" and not guest["message"]:
        return f"{guest['status']}, and no reason"
    if guest["status"] == "ok" and not any(entry["type"] == "filesystem" for entry in entries):
        return "ok, and no filesystem"
    return None


def expected_type(image):
    """ID_FS_TYPE of libblkid's test; "ambivalent" where it says that; None: the test says nothing of a type."""
    expected = directory / "source/tests/expected/blkid" / f"low-probe-{image.stem}"
    if not expected.exists():
        return None
    values = dict(line.split("=", 1) for line in expected.read_text(errors="replace").splitlines() if "=" in line)
    return values.get("ID_FS_TYPE") or ("ambivalent" if "ID_FS_AMBIVALENT" in values else None)


def wrong_type(image, guest, entries):
    wanted = expected_type(image)
    if wanted is None or image.name in OTHERWISE:
        return None
    found = {entry["fstype"] for entry in entries if entry["fstype"]}
    if wanted == "ambivalent":
        return None if "ambiguous" in (guest["message"] or "") else f"libblkid: ambivalent; here: {sorted(found)}"
    if wanted in found or wanted in (guest["message"] or ""):
        return None
    return f"libblkid: {wanted}; here: {sorted(found)}: {guest['status']}: {guest['message']}"


def e2fsck(image):
    """Its word: some of the images make it run for ever."""
    try:
        code = subprocess.run(["e2fsck", "-fn", str(image)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=5).returncode
    except subprocess.TimeoutExpired:
        return "nothing in 5 s"
    return "clean" if code == 0 else "damaged"


def check(kind, also):
    images = sorted((directory / "images" / kind).glob("*.img"))
    entries, guests = scan(images)
    wrong, statuses = [], collections.Counter()
    for image in images:
        guest = guests.get(str(image))
        why = silence(guest, entries[str(image)]) or also(image, guest, entries[str(image)])
        statuses[guest["status"] if guest else "-"] += 1
        if why:
            wrong.append(f"{kind}/{image.name}: {why}")
    print(f"{kind}: {len(images)} images: " + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))
    return wrong


damage = collections.Counter()


def count_damage(image, guest, _entries):
    damage[(guest["status"], e2fsck(image))] += 1


problems = check("blkid", wrong_type) + check("tables", lambda *_: None) + check("e2fsck", count_damage)
for (status, word), count in sorted(damage.items()):
    print(f"  {count} of which e2fsck says {word}: {status}")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
