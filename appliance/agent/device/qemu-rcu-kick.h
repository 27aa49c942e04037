/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes QEMU free a disk that has gone now, and not some time later.
 *
 * QEMU says DEVICE_DELETED when it frees the device, which is a callback of its RCU thread, and
 * that waits up to five times 10 ms for there to be thirty of them (call_rcu_thread(), util/rcu.c
 * of 7.2). Each change of the memory map is some more: the old map is freed in the same way. So the
 * map is changed where nobody looks, and changed back. docs/performance.md has what it brings. */
#ifndef VLT_AGENT_QEMU_RCU_KICK_H
#define VLT_AGENT_QEMU_RCU_KICK_H

/* Does nothing where the host bridge is not the one that it knows. */
void qemu_rcu_kick(void);

#endif
