/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slots.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct slot {
    enum slot_state state;
    unsigned generation;
};

struct slots {
    unsigned limit;
    struct slot slot[];
};

slots *slots_new(unsigned limit)
{
    if (limit < 1)
        limit = 1;
    if (limit > SLOT_COUNT)
        limit = SLOT_COUNT;

    slots *table = calloc(1, sizeof *table + limit * sizeof table->slot[0]);
    if (table)
        table->limit = limit;
    return table;
}

void slots_free(slots *table)
{
    free(table);
}

static const char *state_name(enum slot_state state)
{
    static const char *const names[] = {
        [SLOT_FREE] = "free",
        [SLOT_ATTACHING] = "being attached",
        [SLOT_READY] = "attached",
        [SLOT_DETACHING] = "being detached",
    };
    return names[state];
}

int slots_check(const slots *table, unsigned slot, error **err)
{
    if (slot < table->limit)
        return 0;
    if (table->limit == 1)
        return error_set(err, STATUS_REFUSED, "slot %u is not reserved (slot 0 is)", slot);
    return error_set(err, STATUS_REFUSED, "slot %u is not reserved (slots 0-%u are)", slot,
                     table->limit - 1);
}

/* Every change of state goes through here: from exactly one state to its successor. */
static int move(slots *table, unsigned slot, enum slot_state from, enum slot_state to, error **err)
{
    if (slots_check(table, slot, err) < 0)
        return -1;
    enum slot_state now = table->slot[slot].state;
    if (now != from)
        return error_set(err, STATUS_REFUSED, "slot %u is %s, not %s", slot, state_name(now),
                         state_name(from));
    table->slot[slot].state = to;
    return 0;
}

int slots_reserve(slots *table, error **err)
{
    for (unsigned slot = 0; slot < table->limit; slot++)
        if (table->slot[slot].state == SLOT_FREE)
            return slots_reserve_at(table, slot, err) < 0 ? -1 : (int)slot;
    return error_set(err, STATUS_REFUSED, "no slot is free (there are %u)", table->limit);
}

int slots_reserve_at(slots *table, unsigned slot, error **err)
{
    if (move(table, slot, SLOT_FREE, SLOT_ATTACHING, err) < 0)
        return -1;
    table->slot[slot].generation++;
    return 0;
}

int slots_commit(slots *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_ATTACHING, SLOT_READY, err);
}

int slots_rollback(slots *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_ATTACHING, SLOT_FREE, err);
}

int slots_detach(slots *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_READY, SLOT_DETACHING, err);
}

int slots_release(slots *table, unsigned slot, error **err)
{
    return move(table, slot, SLOT_DETACHING, SLOT_FREE, err);
}

enum slot_state slots_state(const slots *table, unsigned slot)
{
    return slot < table->limit ? table->slot[slot].state : SLOT_FREE;
}

unsigned slots_limit(const slots *table)
{
    return table->limit;
}

unsigned slots_count(const slots *table, enum slot_state state)
{
    unsigned count = 0;

    for (unsigned slot = 0; slot < table->limit; slot++)
        count += table->slot[slot].state == state;
    return count;
}

unsigned slots_generation(const slots *table, unsigned slot)
{
    return slot < table->limit ? table->slot[slot].generation : 0;
}

/* The letters count in base 26 without a zero (a = 1 … z = 26), as the kernel's
 * sd_format_disk_name() in drivers/scsi/sd.c has it. */
char *drive_name(unsigned index, char buffer[DRIVE_NAME_MAX])
{
    char letters[DRIVE_NAME_MAX];
    size_t start = sizeof letters - 1;

    letters[start] = '\0';
    for (uint64_t rest = (uint64_t)index + 1; rest > 0; rest = (rest - 1) / 26)
        letters[--start] = (char)('a' + (rest - 1) % 26);
    snprintf(buffer, DRIVE_NAME_MAX, "sd%.*s", DRIVE_NAME_MAX - 3, letters + start);
    return buffer;
}

int drive_index(const char *name)
{
    int index = 0;

    if (strncmp(name, "/dev/", 5) == 0)
        name += 5;
    if (strncmp(name, "sd", 2) != 0 || name[2] == '\0')
        return -1;
    for (const char *letter = name + 2; *letter; letter++) {
        if (*letter < 'a' || *letter > 'z')
            return -1;
        if (__builtin_mul_overflow(index, 26, &index) ||
            __builtin_add_overflow(index, *letter - 'a' + 1, &index))
            return -1;
    }
    return index - 1;
}
