/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listings (listing.x) on the host: checks whether an honest agent could have given one, and reads
 * its items one at a time. */
#ifndef VLT_LISTING_READER_H
#define VLT_LISTING_READER_H

#include "spool.h"
#include "wire/listing.h"
#include "wire/protocol.h"
#include <stdbool.h>

/* How far a guest's listing has been checked. Begins as all zero bytes. */
struct listing_check {
    bool begun;
    unsigned directory;
};

/* Whether these bytes, the next of a listing that answers `asked`, are items that may stand there.
 * 0 or -1 and *err: the agent cannot be believed. */
int listing_check_part(struct listing_check *self, const ls_args *asked, const void *items,
                       size_t length, error **err);

/* Reads a listing, a record of its spool at a time. */
struct listing_reader {
    spool *from;
    uint64_t record; /* where it is in the spool */
    const char *items;
    size_t length, at;
};

/* A place in a listing. */
struct listing_mark {
    uint64_t record;
    size_t at;
    bool begun;
};

void listing_read(struct listing_reader *self, spool *from);
/* The next item: 1 and *item, which the caller ends with listing_item_clear(); 0: there is no
 * further one; -1 and *err. */
int listing_next(struct listing_reader *self, listing_item *item, error **err);
void listing_item_clear(listing_item *item);

/* Where the reader is; and moves it back there: 0 or -1 and *err. */
struct listing_mark listing_tell(const struct listing_reader *self);
int listing_seek(struct listing_reader *self, const struct listing_mark *mark, error **err);

/* Bytes of a digest of that kind; 0: none. */
size_t listing_digest_length(enum ls_checksum kind);

#endif
