/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks into slots and out again: each attach is a transaction over the slot table, the hypervisor
 * and the agent. Reserve, attach, and commit when the agent has seen that disk (slot, size, serial
 * and number match); roll back on any failure. A slot whose disk has been read is vacant: the next
 * disk with blocks of that size takes the old one's place behind the same device, which costs the
 * guest half of what another device would (docs/performance.md). A slot is free again only when
 * both the hypervisor and the agent have reported that the device is gone. */
#ifndef VLT_SLOT_HOTPLUG_H
#define VLT_SLOT_HOTPLUG_H

#include "hypervisor.h"
#include "slot-table.h"

typedef struct slot_hotplug slot_hotplug;

/* Works on hv, which stays the caller's, and whose machine has so many reserved slots: they are
 * vacant. NULL: no memory. */
slot_hotplug *slot_hotplug_new(hypervisor *hv, unsigned reserved);
void slot_hotplug_free(slot_hotplug *self);

/* Attaches at the lowest vacant slot with that block size, or else at the lowest free one; slot and
 * serial of `wanted` are ignored. Fills *request with the slot, size, serial and number that the
 * agent must see; slot_hotplug_disk_clear() frees the serial. 0; or -1, and the slot is as it was.
 */
int slot_hotplug_attach(slot_hotplug *self, const struct hypervisor_disk *wanted, disk *request,
                        error **err);
void slot_hotplug_disk_clear(disk *request);

/* The agent has answered for the slot: attaching → ready. */
int slot_hotplug_confirm(slot_hotplug *self, unsigned slot, error **err);

/* The guest of a confirmed disk has its answer, and nothing reads the disk any more: its place may
 * be taken. Until then, or until it is detached, QEMU keeps it open. */
int slot_hotplug_vacate(slot_hotplug *self, unsigned slot, error **err);

/* Starts to detach all disks (a reserved slot that no disk has been in stays), writes their slots
 * to `slots` (room for SLOT_COUNT), and returns their number; -1 and *err. The slots are free after
 * slot_hotplug_removed() for each and one slot_hotplug_gone(). */
int slot_hotplug_detach_all(slot_hotplug *self, unsigned *slots, error **err);
int slot_hotplug_removed(slot_hotplug *self, unsigned slot,
                         error **err);                  /* the hypervisor says so */
int slot_hotplug_gone(slot_hotplug *self, error **err); /* the agent says so, of all */

unsigned slot_hotplug_attached(const slot_hotplug *self); /* slots that are not free, nor
                                                            reserved and as they were */

#endif
