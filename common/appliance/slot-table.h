/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slot table of one appliance. Pure: no I/O.
 *
 * Slot k is virtio-scsi target k and is called /dev/sd(k) in the appliance. SLOT_COUNT (255) slots,
 * 0-254; target 255 is the hidden root drive and is no slot. A slot moves
 * free → attaching → ready → detaching → free; anything else is refused. Where disks are replaced,
 * it goes from ready to vacant: its disk is not needed any more, and its device is there for the
 * next one. From there it moves → attaching or → detaching. */
#ifndef VLT_SLOT_TABLE_H
#define VLT_SLOT_TABLE_H

#include "base/error.h"
#include "wire/protocol.h"
#include <stddef.h>

enum slot_state { SLOT_FREE, SLOT_ATTACHING, SLOT_READY, SLOT_VACANT, SLOT_DETACHING };

typedef struct slot_table slot_table;

/* `limit` slots can be used at once, 1 to SLOT_COUNT: the slots 0 to limit - 1. NULL: no memory. */
slot_table *slot_table_new(unsigned limit);
void slot_table_free(slot_table *table);

/* 0; -1 where the slot is outside the limit: the message names the valid ones. */
int slot_table_check(const slot_table *table, unsigned slot, error **err);

/* Reserves the lowest free slot: → attaching. Its number, or -1 where all are taken. */
int slot_table_reserve(slot_table *table, error **err);
/* Reserves this slot, which may be vacant. 0 or -1 (outside the limit; occupied). */
int slot_table_reserve_at(slot_table *table, unsigned slot, error **err);
int slot_table_commit(slot_table *table, unsigned slot, error **err); /* attaching → ready */
/* attaching → free, or vacant where it was vacant when it was reserved */
int slot_table_rollback(slot_table *table, unsigned slot, error **err);
int slot_table_vacate(slot_table *table, unsigned slot, error **err); /* ready → vacant */
/* ready, or vacant → detaching */
int slot_table_detach(slot_table *table, unsigned slot, error **err);
int slot_table_release(slot_table *table, unsigned slot, error **err); /* detaching → free */

enum slot_state slot_table_state(const slot_table *table,
                                 unsigned slot); /* SLOT_FREE outside the limit */
unsigned slot_table_limit(const slot_table *table);
unsigned slot_table_count(const slot_table *table, enum slot_state state);

/* How often the slot has been reserved: distinguishes its occupants. */
unsigned slot_table_generation(const slot_table *table, unsigned slot);

static inline void cleanup_slot_table(slot_table **table)
{
    slot_table_free(*table);
}
#define AUTO_SLOT_TABLE CLEANUP(cleanup_slot_table)

#endif
