# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to a run from outside: signals to its processes at random moments, and to its images."""

import collections
import contextlib
import os
import signal
import threading
import time

# action: weight, signal, whom it hits. Those that stop are continued after a moment, but for a hang.
ACTIONS = {
    "worker killed": (25, signal.SIGKILL, "vlt-worker"),
    "QEMU killed": (20, signal.SIGKILL, "qemu-system"),
    "warden killed": (8, signal.SIGKILL, "warden"),
    "connecting killed": (4, signal.SIGKILL, "vlt-remote"),
    "worker stopped": (10, signal.SIGSTOP, "vlt-worker"),
    "QEMU stopped": (10, signal.SIGSTOP, "qemu-system"),
    "warden stopped": (4, signal.SIGSTOP, "warden"),
    "command stopped": (6, signal.SIGSTOP, "command"),
    "QEMU hung": (2, signal.SIGSTOP, "qemu-system"),
}


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def descendants(pid):
    """(pid, name) of all below it."""
    found = []
    for child in children(pid):
        found.append((child, name_of(child)))
        found += descendants(child)
    return found


class Striker(threading.Thread):
    """Strikes until the command has ended. A strike waits for an answer since the last one, or for PATIENCE: three
    appliances in a row that do not come up end a run, and rightly."""

    PATIENCE = 5  # seconds; answers come in order, and the first may have to wait for its time-out

    def __init__(self, command, rng, images, answered, pace, hangs):
        super().__init__()
        self.command, self.rng, self.answered, self.pace, self.hangs = command, rng, answered, pace, hangs
        self.done = collections.Counter()
        self.peaks = collections.Counter()
        self.fates = collections.deque(sorted(
            ((max(0, index - rng.randrange(60)), image) for index, image in enumerate(images) if image.fate),
            key=lambda pair: pair[0]))

    def run(self):
        struck_at, patience_ends = 0, 0
        next_strike = time.monotonic() + self.delay()
        next_look = 0
        while self.command.poll() is None:
            count = self.answered()
            self.meet_fates(count)
            if time.monotonic() >= next_look:
                self.measure()
                next_look = time.monotonic() + 0.3
            now = time.monotonic()
            if (count > struck_at or now > patience_ends) and now >= next_strike:
                if self.strike():
                    struck_at, patience_ends = count, now + self.PATIENCE
                next_strike = time.monotonic() + self.delay()
            time.sleep(0.02)

    def delay(self):
        return self.rng.expovariate(1 / self.pace)

    def meet_fates(self, count):
        while self.fates and self.fates[0][0] <= count:
            image = self.fates.popleft()[1]
            if image.fate == "delete":
                os.unlink(image.path)
            else:
                os.truncate(image.path, self.rng.choice((0, 1000, 4096, 1 << 20, 12 << 20)))
            self.done["image " + image.fate + "d"] += 1

    def victims(self, whom):
        if whom == "command":
            return [self.command.pid]
        below = children(self.command.pid)
        if whom == "warden":
            return [pid for pid in below if children(pid) and name_of(pid).startswith("virt-")]
        return [pid for pid, name in descendants(self.command.pid) if name.startswith(whom)]

    def strike(self):
        """Whether anybody was hit."""
        names = [name for name in ACTIONS if name != "QEMU hung" or self.done[name] < self.hangs]
        name = self.rng.choices(names, weights=[ACTIONS[name][0] for name in names])[0]
        victims = self.victims(ACTIONS[name][2])
        if not victims:
            return False
        pid = self.rng.choice(victims)
        pause = self.rng.uniform(0.05, 1)
        try:
            os.kill(pid, ACTIONS[name][1])
        except ProcessLookupError:
            return False
        self.done[name] += 1
        if name.endswith("stopped"):
            time.sleep(pause)
            # Its number is not somebody else's yet: its parent has not reaped it, or it lives.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return True

    # --- what the run needs at most ---

    def measure(self):
        below = descendants(self.command.pid)
        self.note("processes", 1 + len(below))
        self.note("command KiB", memory(self.command.pid, "RssAnon"))
        with contextlib.suppress(OSError):
            self.note("command files", len(os.listdir(f"/proc/{self.command.pid}/fd")))
        for pid, name in below:
            if name.startswith("qemu-system"):
                self.note("appliance KiB", memory(pid, "VmHWM"))

    def note(self, what, value):
        self.peaks[what] = max(self.peaks[what], value)


def memory(pid, which):
    """That line of its status, KiB. The command maps the template to sum it up, so what is its own is RssAnon."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(which + ":"):
                    return int(line.split()[1])
    return 0
