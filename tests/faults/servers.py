# SPDX-License-Identifier: LGPL-2.1-or-later
"""NBD servers that misbehave: at once, or at the n-th read, when the image has an appliance already."""

import os
import signal
import subprocess
import time

READS = 2  # what the host looks at is one read; so this is in the appliance

# Reads are counted by lines of a file. nbdkit gives the script a count ($3) and an offset ($4).
LATE = """
echo >> {counter}
if [ "$(wc -l < {counter})" -gt {reads} ]; then {then}; fi
dd if={image} iflag=count_bytes,skip_bytes count=$3 skip=$4 status=none
"""
# nbdkit has the scripts in a directory of /tmp, $tmpdir, which it removes when it ends by itself.
DIE = 'rm -rf "$tmpdir"; kill -KILL $PPID'
THEN = {"nbd-late-error": "echo EIO bad sector >&2; exit 1", "nbd-late-stall": "exec sleep 1000", "nbd-late-death": DIE}


class Servers:
    """Their sockets are in a directory of their own; end() ends them all."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        os.makedirs(directory)

    @staticmethod
    def arguments(kind, image, counter):
        if kind == "nbd":
            return ["file", image]
        if kind == "nbd-error":
            return ["--filter=error", "file", image, "error=EIO", "error-pread-rate=100%"]
        if kind == "nbd-stall":
            return ["--filter=delay", "file", image, "rdelay=1000"]
        size = f"echo {os.path.getsize(image)}"
        if kind == "nbd-dies":
            return ["eval", f"get_size={size}", f"pread={DIE}"]
        script = LATE.format(counter=counter, reads=READS, image=image, then=THEN[kind])
        return ["eval", f"get_size={size}", f"pread={script}"]

    def start(self, kind, image):
        """The URI of one more."""
        number = len(self.processes)
        path = os.path.join(self.directory, f"{number}-{kind}")
        self.processes.append(None)
        if kind != "nbd-gone":
            command = ["nbdkit", "--foreground", "--readonly", f"--unix={path}"]
            self.processes[-1] = subprocess.Popen(
                command + self.arguments(kind, image, path + ".reads"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True, env={"PATH": os.environ["PATH"], "TMPDIR": self.directory})
            self.await_socket(path)
        return f"nbd+unix:///?socket={path}"

    @staticmethod
    def await_socket(path):
        deadline = time.monotonic() + 10
        while not os.path.exists(path):
            if time.monotonic() > deadline:
                raise RuntimeError(f"nbdkit does not listen at {path}")
            time.sleep(0.01)

    def end(self):
        for process in filter(None, self.processes):
            self.send(process, signal.SIGTERM)
        for process in filter(None, self.processes):
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass
            self.send(process, signal.SIGKILL)
            process.wait()
        self.processes = []

    @staticmethod
    def send(process, number):
        """To it and its scripts."""
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
