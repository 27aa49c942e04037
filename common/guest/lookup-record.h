/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests as they stand in the records of lookup.x. Pure. */
#ifndef VLT_LOOKUP_RECORD_H
#define VLT_LOOKUP_RECORD_H

#include "guest.h"
#include "wire/lookup.h"

/* The record points to the guest's strings; lookup_record_clear() frees its arrays. 0, or -1: no
 * memory, and nothing is to be cleared. A guest that does not fit into a record is written as a
 * refused guest. */
int lookup_record_write(const struct guest *guest, found_guest *record);
void lookup_record_clear(found_guest *record);

/* Overwrites the secrets in a decoded record, before it is freed. */
void lookup_record_wipe(found_guest *record);

/* New memory; its number is not set. NULL and *err: no memory, or (ERROR_REFUSED) not a record as
 * lookup_record_write() makes it. */
struct guest *lookup_record_read(const found_guest *record, error **err);

#endif
