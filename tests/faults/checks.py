# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run has to show afterwards: its answers, what it left, and that the images are what they were."""

import base64
import contextlib
import hashlib
import json
import os
import stat
import time

FIGURES = ("device", "fstype", "label", "uuid", "size", "used", "available", "inodes")


# --- answers ---

def path_of(record):
    """The bytes of the path that a record is about."""
    if record.get("images_b64"):
        return base64.b64decode(record["images_b64"][0])
    return record["images"][0].encode()


def read_answers(path):
    """[(path, status, message, rows)] in the order of the output, of all that is a whole line."""
    answers, rows = [], []
    with open(path, "rb") as file:
        for line in file:
            record = json.loads(line)
            if record["type"] == "guest":
                answers.append((path_of(record), record["status"], record["message"], rows))
                rows = []
            elif record["type"] == "filesystem":
                rows.append(tuple(record[key] for key in FIGURES))
    return answers


class Verdict:
    """Counts of what is wrong, and what each of them is about."""

    def __init__(self):
        self.asked = self.answered = self.lost = self.twice = self.disordered = self.wrong = 0
        self.crashed = self.timed_out = 0
        self.left, self.changed, self.complaints = [], [], []

    def complain(self, text):
        self.complaints.append(text)


def judge(images, answers, references, verdict):
    """Each image once, in order, with a status that is right, and its own rows. A guest that is crashed or timed out
    where that is not right was struck, or is wrong: the caller knows how many may be."""
    verdict.asked, verdict.answered = len(images), len(answers)
    verdict.lost = max(0, len(images) - len(answers))
    verdict.twice = max(0, len(answers) - len(images))
    for number, (image, (path, status, message, rows)) in enumerate(zip(images, answers)):
        if path != image.path:
            verdict.disordered += 1
            verdict.complain(f"answer {number} is about {path!r}, not {image.path!r}")
        elif status in image.right:
            if status == "ok" and image.template and rows != references[image.template]:
                verdict.wrong += 1
                verdict.complain(f"{path!r}: rows of another image: {rows}")
        elif status == "crashed":
            verdict.crashed += 1
            verdict.complain(f"{path!r}: crashed: {message}")
        elif status == "timeout":
            verdict.timed_out += 1
            verdict.complain(f"{path!r}: timeout: {message}")
        else:
            verdict.wrong += 1
            verdict.complain(f"{path!r}: {status} ({message}) instead of {'/'.join(sorted(image.right))}")


# --- images ---

def digest(path, seen, status):
    key = (status.st_dev, status.st_ino)
    if key not in seen:
        seen[key] = None  # not ours to read, so nobody of ours has written to it
        with contextlib.suppress(PermissionError), open(path, "rb") as file:
            seen[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return seen[key]


def attributes(path):
    with contextlib.suppress(OSError):
        return sorted((name, os.getxattr(path, name, follow_symlinks=False))
                      for name in os.listxattr(path, follow_symlinks=False))
    return []


def state(directory, blunt):
    """What all is below a directory, but for the paths in `blunt`, and what it is like."""
    found, seen = {}, {}
    for top, directories, files in os.walk(os.fsencode(directory)):
        for name in directories + files:
            path = os.path.join(top, name)
            if path in blunt:
                continue
            status = os.lstat(path)
            regular = stat.S_ISREG(status.st_mode)
            found[path] = (status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
                           status.st_ino, attributes(path), digest(path, seen, status) if regular else None)
    return found


def compare(before, after, verdict):
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            verdict.changed.append(path)
            verdict.complain(f"changed: {path!r}: {before.get(path)} -> {after.get(path)}")


# --- what is left ---

def processes_of(marker):
    """Those that have the marker in their environment or command line; zombies have neither."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for part in ("environ", "cmdline"):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/{part}", "rb") as file:
                    if int(pid) != os.getpid() and marker in file.read():
                        yield int(pid)
                        break


def lines_with(path, marker):
    with contextlib.suppress(OSError):
        with open(path, "rb") as file:
            return [line.strip() for line in file if marker in line]
    return []


def loops_with(marker):
    for name in os.listdir("/sys/block"):
        for line in lines_with(f"/sys/block/{name}/loop/backing_file", marker):
            yield line


def locks_on(directory):
    """Locks on files below it: /proc/locks names them by device and inode."""
    inodes = set()
    for top, _, files in os.walk(os.fsencode(directory)):
        inodes.update(b":%d " % os.lstat(os.path.join(top, name)).st_ino for name in files)
    with open("/proc/locks", "rb") as file:
        return [line for line in file if any(inode in line for inode in inodes)]


def left_now(directory, temporary, servers):
    """servers: the directory of the test's own."""
    marker = os.fsencode(directory)
    left = [f"process {pid}" for pid in processes_of(os.fsencode(temporary))]
    left += [f"file {os.path.join(temporary, name)}" for name in os.listdir(temporary)]
    left += [f"socket {line!r}" for line in lines_with("/proc/net/unix", marker)
             if os.fsencode(servers) not in line]
    left += [f"mount {line!r}" for line in lines_with("/proc/self/mountinfo", marker)]
    left += [f"loop device of {line!r}" for line in loops_with(marker)]
    left += [f"lock {line!r}" for line in locks_on(os.path.join(directory, "list"))]
    return left


def find_left(directory, temporary, servers, verdict):
    """What was killed has half a minute to vanish."""
    deadline = time.monotonic() + 30
    while (left := left_now(directory, temporary, servers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    verdict.left = left
    for what in left:
        verdict.complain(f"left: {what}")
