#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ask-volume-groups.py PROGRAM DEVICE...

Asks volume-groups, which runs on this host, which linear volumes these physical volumes have: its
answer, as the agent gets it. Without a last line "." their groups are LVM's.
"""

import socket
import subprocess
import sys

ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
process = subprocess.Popen([sys.argv[1]], stdin=its)
its.close()
if ours.recv(1) != b".":
    sys.exit("volume-groups has not started")
reader, writer = socket.socketpair()
socket.send_fds(ours, ["L".encode() + ",".join(sys.argv[2:]).encode()], [writer.fileno()])
writer.close()
while part := reader.recv(65536):
    sys.stdout.write(part.decode())
ours.close()
sys.exit(process.wait())
