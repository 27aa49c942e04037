/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slot-table.h"

#include <stdint.h>
#include <string.h>

struct slot {
    enum slot_state state;
    unsigned generation;
    bool device; /* it was vacant when it was reserved */
};

struct slot_table {
    unsigned limit;
    struct slot slot[];
};

slot_table *slot_table_new(unsigned limit)
{
    if (limit < 1)
        limit = 1;
    if (limit > SLOT_COUNT)
        limit = SLOT_COUNT;

    slot_table *table = calloc(1, sizeof *table + limit * sizeof table->slot[0]);
    if (table)
        table->limit = limit;
    return table;
}

void slot_table_free(slot_table *table)
{
    free(table);
}

static const char *state_name(enum slot_state state)
{
    static const char *const names[] = {
        [SLOT_FREE] = "free",     [SLOT_ATTACHING] = "being attached", [SLOT_READY] = "attached",
        [SLOT_VACANT] = "vacant", [SLOT_DETACHING] = "being detached",
    };
    return names[state];
}

int slot_table_check(const slot_table *table, unsigned slot, error **err)
{
    if (slot < table->limit)
        return 0;
    if (table->limit == 1)
        return error_set(err, ERROR_REFUSED, "slot %u is not reserved (slot 0 is)", slot);
    return error_set(err, ERROR_REFUSED, "slot %u is not reserved (slots 0-%u are)", slot,
                     table->limit - 1);
}

/* Every change of state goes through here: from exactly one state to its successor. */
static int move(slot_table *table, unsigned slot, enum slot_state from, enum slot_state to,
                error **err)
{
    if (slot_table_check(table, slot, err) < 0)
        return -1;
    enum slot_state now = table->slot[slot].state;
    if (now != from)
        return error_set(err, ERROR_REFUSED, "slot %u is %s, not %s", slot, state_name(now),
                         state_name(from));
    table->slot[slot].state = to;
    return 0;
}

int slot_table_reserve(slot_table *table, error **err)
{
    for (unsigned slot = 0; slot < table->limit; slot++)
        if (table->slot[slot].state == SLOT_FREE)
            return slot_table_reserve_at(table, slot, err) < 0 ? -1 : (int)slot;
    return error_set(err, ERROR_REFUSED, "no slot is free (there are %u)", table->limit);
}

int slot_table_reserve_at(slot_table *table, unsigned slot, error **err)
{
    bool vacant = slot_table_state(table, slot) == SLOT_VACANT;
    if (move(table, slot, vacant ? SLOT_VACANT : SLOT_FREE, SLOT_ATTACHING, err) < 0)
        return -1;
    table->slot[slot].device = vacant;
    table->slot[slot].generation++;
    return 0;
}

int slot_table_commit(slot_table *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_ATTACHING, SLOT_READY, err);
}

int slot_table_rollback(slot_table *table, unsigned slot, error **err)
{
    bool device = slot < table->limit && table->slot[slot].device;
    return move(table, slot, SLOT_ATTACHING, device ? SLOT_VACANT : SLOT_FREE, err);
}

int slot_table_vacate(slot_table *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_READY, SLOT_VACANT, err);
}

int slot_table_detach(slot_table *table, unsigned slot, error **err)
{
    bool vacant = slot_table_state(table, slot) == SLOT_VACANT;
    return move(table, slot, vacant ? SLOT_VACANT : SLOT_READY, SLOT_DETACHING, err);
}

int slot_table_release(slot_table *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_DETACHING, SLOT_FREE, err);
}

enum slot_state slot_table_state(const slot_table *table, unsigned slot)
{
    return slot < table->limit ? table->slot[slot].state : SLOT_FREE;
}

unsigned slot_table_limit(const slot_table *table)
{
    return table->limit;
}

unsigned slot_table_count(const slot_table *table, enum slot_state state)
{
    unsigned count = 0;

    for (unsigned slot = 0; slot < table->limit; slot++)
        count += table->slot[slot].state == state;
    return count;
}

unsigned slot_table_generation(const slot_table *table, unsigned slot)
{
    return slot < table->limit ? table->slot[slot].generation : 0;
}
