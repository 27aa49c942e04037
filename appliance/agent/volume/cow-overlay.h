/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writable views of read-only devices.
 *
 * LVM and md open the members of a volume for writing, and a driver writes when it replays a
 * filesystem's journal; the disks refuse both. A view is a dm snapshot on RAM disks, so its writes
 * stay in the appliance's memory. A view that has no room left fails all I/O. */
#ifndef VLT_AGENT_COW_OVERLAY_H
#define VLT_AGENT_COW_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define COW_OVERLAY_NODE_MAX 64

/* Bytes of a RAM disk. The kernel takes them when they are first written and keeps them: a later
 * view that writes to the same place takes no more. */
#define COW_OVERLAY_RAM (64U << 20)

/* The first write into a piece of a view copies the whole piece, and each piece is read by itself.
 * Large pieces (128 KiB) are for what is hardly written: LVM reads so much in one go, twice, and 32
 * small pieces take 5 ms under emulation. Small ones (4 KiB) are for what is written here and
 * there, as by a journal that is replayed. */
enum cow_overlay_use { COW_OVERLAY_WRITTEN, COW_OVERLAY_READ };

/* Makes a view of a device of `size` bytes, and its node. What is written goes to `rams` RAM disks,
 * from number `first`: at most `room` bytes. `first` is the view's number, too. 0, `node` and
 * *number, or -errno. */
int cow_overlay_make(unsigned first, uint64_t room, enum cow_overlay_use use, dev_t origin,
                     uint64_t size, char node[COW_OVERLAY_NODE_MAX], dev_t *number);

/* How many RAM disks that takes. */
unsigned cow_overlay_rams(uint64_t room);

/* Bytes that a view from that RAM disk on may take, of the memory that there is. */
uint64_t cow_overlay_room(unsigned first);

/* Bytes that have been written to a view; UINT64_MAX: there was no room for more, and the view is
 * of no use. */
uint64_t cow_overlay_used(unsigned first);

/* Takes one away that is not in use. Its device stays, and has nothing in it: the kernel forgets
 * what it had read of it when the last who had it open closed it. 0 or -errno. */
int cow_overlay_remove(unsigned first);

/* Takes away all views that begin with one of the first `count` RAM disks, the last first. 0 or
 * -errno: some are in use. */
int cow_overlay_clear(unsigned count);

/* Whether the device of the mapper is one of views: it stays when a guest's devices are removed.
 * Those whose names a guest has a part in have a '-' in them (VG-LV, luks-UUID). */
bool cow_overlay_stays(const char *name);

#endif
