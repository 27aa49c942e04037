#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""threads.py FILE COMMAND...: runs the command, and writes to FILE what it and all processes below it have used.

A line each, separated by tabs: process, thread, milliseconds of processor time (/proc/PID/task/TID/schedstat); and with
"-" for the thread, how often the process has called for reading or writing (/proc/PID/io). Processes of the same name
are one. What a process did in the 20 ms before its end is missing. The exit status is the command's."""
import collections
import os
import subprocess
import sys
import time

INTERVAL = 0.02


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def processes():
    """Of each process its parent and its name."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = read(f"/proc/{pid}/stat")
        except OSError:
            continue  # it has ended
        begin, end = text.index("("), text.rindex(")")
        found[int(pid)] = int(text[end + 2:].split()[1]), text[begin + 1:end]
    return found


def below(top, found):
    """Those that descend from the process `top`, and itself."""
    for pid in found:
        at = pid
        while at in found and at != top:
            at = found[at][0]
        if at == top:
            yield pid


def look(pid, name, times, calls):
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            thread = read(f"/proc/{pid}/task/{tid}/comm").strip()
            times[pid, tid] = name, thread, int(read(f"/proc/{pid}/task/{tid}/schedstat").split()[0])
        io = dict(line.split(": ") for line in read(f"/proc/{pid}/io").splitlines())
        calls[pid] = name, int(io["syscr"]) + int(io["syscw"])
    except OSError:
        pass  # it has ended, or is another user's: what was seen before counts


def main(path, command):
    times, calls = {}, {}
    with subprocess.Popen(command) as child:
        while child.poll() is None:
            found = processes()
            for pid in below(child.pid, found):
                look(pid, found[pid][1], times, calls)
            time.sleep(INTERVAL)
    sums = collections.Counter()
    for name, thread, nanoseconds in times.values():
        sums[name, thread] += nanoseconds / 1e6
    for name, count in calls.values():
        sums[name, "-"] += count
    with open(path, "w", encoding="utf-8") as file:
        for (name, thread), value in sorted(sums.items()):
            file.write(f"{name}\t{thread}\t{value:.1f}\n")
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
