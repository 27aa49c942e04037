/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests as they stand in the records of lookup.x. Pure. */
#ifndef VLT_LOOKUP_RECORD_H
#define VLT_LOOKUP_RECORD_H

#include "guest.h"
#include "wire/lookup.h"

/* What it points to is the guest's, but for arrays: lookup_record_clear() frees those. 0, or -1: no
 * memory, and nothing is to be cleared. What is too long for a record becomes a guest that is
 * refused. */
int lookup_record_write(const struct guest *guest, found_guest *record);
void lookup_record_clear(found_guest *record);

/* Overwrites what is secret in one that was decoded, before it is freed. */
void lookup_record_wipe(found_guest *record);

/* New memory; its number is not set. NULL and *err: no memory, or (ERROR_REFUSED) this is no
 * record that lookup_record_write() makes. */
struct guest *lookup_record_read(const found_guest *record, error **err);

#endif
