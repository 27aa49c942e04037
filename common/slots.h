/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slot table of one appliance, and the device names that go with slots. Pure: no I/O.
 *
 * Slot k is virtio-scsi target k and is called /dev/sd(k) in the appliance. SLOT_COUNT (255) slots,
 * 0-254; target 255 is the hidden root drive and is no slot. A slot moves
 * free → attaching → ready → detaching → free; anything else is refused. */
#ifndef VLT_SLOTS_H
#define VLT_SLOTS_H

#include "error.h"
#include <stddef.h>

#define ROOT_DRIVE_TARGET 255

enum slot_state { SLOT_FREE, SLOT_ATTACHING, SLOT_READY, SLOT_DETACHING };

typedef struct slots slots;

/* `limit` slots can be used at once, 1 to SLOT_COUNT: the slots 0 to limit - 1. NULL: no memory. */
slots *slots_new(unsigned limit);
void slots_free(slots *table);

/* 0; -1 where the slot is outside the limit: the message says which there are. */
int slots_check(const slots *table, unsigned slot, error **err);

/* Reserves the lowest free slot: → attaching. Its number, or -1 where all are taken. */
int slots_reserve(slots *table, error **err);
/* Reserves that very slot. 0 or -1 (outside the limit: the message says which there are; occupied).
 */
int slots_reserve_at(slots *table, unsigned slot, error **err);
int slots_commit(slots *table, unsigned slot, error **err);   /* attaching → ready */
int slots_rollback(slots *table, unsigned slot, error **err); /* attaching → free */
int slots_detach(slots *table, unsigned slot, error **err);   /* ready → detaching */
int slots_release(slots *table, unsigned slot, error **err);  /* detaching → free */

enum slot_state slots_state(const slots *table, unsigned slot); /* SLOT_FREE outside the limit */
unsigned slots_limit(const slots *table);
unsigned slots_count(const slots *table, enum slot_state state);

/* How often the slot has been reserved: tells one occupant from the next. */
unsigned slots_generation(const slots *table, unsigned slot);

/* Room for the longest name that drive_name() writes for an unsigned, and its NUL. */
#define DRIVE_NAME_MAX 12

/* 0 → "sda", 25 → "sdz", 26 → "sdaa", 254 → "sdiu", 701 → "sdzz", 702 → "sdaaa". Returns buffer. */
char *drive_name(unsigned index, char buffer[DRIVE_NAME_MAX]);
/* The inverse, strict: "sda" or "/dev/sda" → 0. -1 for anything else, including partitions. */
int drive_index(const char *name);

static inline void cleanup_slots(slots **table)
{
    slots_free(*table);
}
#define AUTO_SLOTS CLEANUP(cleanup_slots)

#endif
