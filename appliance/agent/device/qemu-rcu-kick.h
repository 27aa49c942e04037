/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes QEMU free a removed disk at once.
 *
 * QEMU sends DEVICE_DELETED when it frees the device in a callback of its RCU thread. That thread
 * waits up to five times 10 ms until thirty callbacks are queued (call_rcu_thread(), util/rcu.c of
 * 7.2). Each change of the memory map queues some, because the old map is freed in the same way. So
 * the agent changes an unused part of the map, and changes it back. docs/performance.md has the
 * gain. */
#ifndef VLT_AGENT_QEMU_RCU_KICK_H
#define VLT_AGENT_QEMU_RCU_KICK_H

/* Does nothing where the host bridge is not the one that it knows. */
void qemu_rcu_kick(void);

#endif
