/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listing-reader.h"

#include "appliance/agent-client.h"
#include <string.h>
#include <sys/stat.h>

#define NANOSECONDS 1000000000

size_t listing_digest_length(enum ls_checksum kind)
{
    static const size_t lengths[] = {
        [LS_CRC] = 4,     [LS_MD5] = 16,    [LS_SHA1] = 20,   [LS_SHA224] = 28,
        [LS_SHA256] = 32, [LS_SHA384] = 48, [LS_SHA512] = 64,
    };
    size_t index = (size_t)kind;
    return index < sizeof lengths / sizeof lengths[0] ? lengths[index] : 0;
}

void listing_item_clear(listing_item *item)
{
    xdr_free((xdrproc_t)xdr_listing_item, item);
    memset(item, 0, sizeof *item);
}

/* The item at *at, which is moved behind it. 0 or -1: there is none. */
static int take_item(const char *items, size_t length, size_t *at, listing_item *item)
{
    XDR xdr;
    memset(item, 0, sizeof *item);
    /* XDR_DECODE only reads from the memory; the API has one pointer type for both ways. */
    xdrmem_create(&xdr, (char *)(uintptr_t)items + *at, (u_int)(length - *at), XDR_DECODE);
    bool whole = xdr_listing_item(&xdr, item);
    *at += xdr_getpos(&xdr);
    xdr_destroy(&xdr);
    if (whole)
        return 0;
    listing_item_clear(item);
    return -1;
}

/* --- checks --- */

static bool has_nul(const char *bytes, size_t length)
{
    return length > 0 && memchr(bytes, 0, length);
}

/* Whether it is the name of something in a directory. */
static bool is_name(const char *name, size_t length, bool dots)
{
    bool dot = (length == 1 && name[0] == '.') || (length == 2 && memcmp(name, "..", 2) == 0);
    return length > 0 && (!dot || dots);
}

/* Whether it is a path below a directory, or a name in it: what a reader joins to the directory's
 * own path must not lead elsewhere. */
static bool is_path(const ls_args *asked, const char *path, size_t length)
{
    bool names = asked->order == LS_NAMES;
    if (has_nul(path, length) || (names && memchr(path, '/', length)))
        return false;
    for (size_t start = 0, end; start <= length; start = end + 1) {
        const char *slash = memchr(path + start, '/', length - start);
        end = slash ? (size_t)(slash - path) : length;
        if (!is_name(path + start, end - start, names && asked->dots))
            return false;
    }
    return true;
}

static bool is_time(const listing_time *time)
{
    return time->nanoseconds < NANOSECONDS;
}

static bool is_entry(const ls_args *asked, const listing_entry *entry)
{
    u_int path = entry->path.path_len, digest = entry->digest.digest_len;
    bool itself = path == 0 && asked->order == LS_TREE;
    if (!itself && (path == 0 || !is_path(asked, entry->path.path_val, path)))
        return false;
    if (!is_time(&entry->accessed) || !is_time(&entry->modified) || !is_time(&entry->changed))
        return false;
    if (entry->target.target_len > 0 &&
        (!S_ISLNK(entry->mode) || has_nul(entry->target.target_val, entry->target.target_len)))
        return false;
    return digest == 0 ||
           (S_ISREG(entry->mode) && digest == listing_digest_length(asked->checksum));
}

static bool is_problem(const ls_args *asked, const listing_problem *problem)
{
    u_int path = problem->path.path_len;
    return path == 0 || is_path(asked, problem->path.path_val, path);
}

/* Directories come in the order in which they were asked for, each once at most. */
static bool is_next_directory(struct listing_check *self, const ls_args *asked, unsigned index)
{
    bool next =
        index < asked->directories.directories_len && (!self->begun || index > self->directory);
    self->begun = true;
    self->directory = index;
    return next;
}

static bool may_stand_here(struct listing_check *self, const ls_args *asked,
                           const listing_item *item)
{
    switch (item->kind) {
    case LISTING_DIRECTORY:
        return is_next_directory(self, asked, item->listing_item_u.directory);
    case LISTING_ENTRY:
        return self->begun && is_entry(asked, &item->listing_item_u.entry);
    case LISTING_PROBLEM:
        return self->begun && is_problem(asked, &item->listing_item_u.problem);
    }
    return false;
}

static int distrust(error **err)
{
    return agent_client_distrust(err, "listed what cannot be");
}

int listing_check_part(struct listing_check *self, const ls_args *asked, const void *items,
                       size_t length, error **err)
{
    listing_item item;
    for (size_t at = 0; at < length;) {
        if (take_item(items, length, &at, &item) < 0)
            return distrust(err);
        bool good = may_stand_here(self, asked, &item);
        listing_item_clear(&item);
        if (!good)
            return distrust(err);
    }
    return 0;
}

/* --- reading --- */

void listing_read(struct listing_reader *self, spool *from)
{
    *self = (struct listing_reader){.from = from};
    if (from)
        spool_rewind(from);
}

/* The next record: 1; 0: none; -1 and *err. */
static int next_record(struct listing_reader *self, error **err)
{
    const void *record;
    uint64_t place = self->from ? spool_tell(self->from) : 0;
    int got = self->from ? spool_next(self->from, &record, &self->length, err) : 0;
    if (got <= 0)
        return got;
    self->record = place;
    self->items = record;
    self->at = 0;
    return 1;
}

struct listing_mark listing_tell(const struct listing_reader *self)
{
    return (struct listing_mark){self->record, self->at, self->items != NULL};
}

int listing_seek(struct listing_reader *self, const struct listing_mark *mark, error **err)
{
    listing_read(self, self->from);
    if (!mark->begun)
        return 0;
    spool_seek(self->from, mark->record);
    if (next_record(self, err) < 0)
        return -1;
    self->at = mark->at;
    return 0;
}

int listing_next(struct listing_reader *self, listing_item *item, error **err)
{
    while (self->at == self->length) {
        int got = next_record(self, err);
        if (got <= 0)
            return got;
    }
    return take_item(self->items, self->length, &self->at, item) < 0 ? distrust(err) : 1;
}
