/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests that the user asked for, one at a time: from the command line, then from lists, or all
 * that a hypervisor has.
 *
 * Lists are read as they come, so that `find | virt-df-live --images-from -` answers the first
 * images before find has found the last; memory does not grow with the list. An entry of a list of
 * images is one path of any bytes: spaces, TABs, a CR before the newline belong to it. Guests of
 * several images come from lists of guests (guest-record.h). */
#ifndef VLT_GUEST_LIST_H
#define VLT_GUEST_LIST_H

#include "guest-lookup.h"
#include "shard.h"

/* Bytes of a path in a list; Linux opens paths of up to 4095. */
#define GUEST_LIST_MAX_PATH 8192

typedef struct guest_list guest_list;

guest_list *guest_list_new(void); /* NULL: no memory */
void guest_list_free(guest_list *list);

/* Appends a guest from the command line; takes it over, also on failure. Its number is set here.
 * Guests on the command line come before those in lists. A guest that is `sought` (guest.h) is
 * looked up when its turn comes; the guest that is found takes its place, or a refused one if there
 * is none. */
int guest_list_add(guest_list *list, struct guest *guest, error **err);

enum guest_list_kind {
    GUEST_LIST_IMAGES, /* each entry is the path of an image, and that a guest */
    GUEST_LIST_RECORDS /* each line is a guest as guest-record.h has it */
};

/* Appends a list: a path, or "-" for stdin. Opened when its turn comes. format and block_size apply
 * to all its images, except where a record has its own. */
int guest_list_add_file(guest_list *list, enum guest_list_kind kind, const char *path,
                        enum image_format format, unsigned block_size, error **err);

/* Appends a storage pool of the hypervisor, each volume of which is a guest. Pools come after
 * lists. */
int guest_list_add_pool(guest_list *list, const char *name, enum image_format format,
                        unsigned block_size, error **err);

/* The byte that ends an entry in all lists of images: '\n' (default) or '\0'. The last entry may
 * lack it. */
void guest_list_set_delimiter(guest_list *list, char delimiter);

/* Only guests of this shard come; the others are numbered, too. Before guest_list_begin(). */
void guest_list_set_shard(guest_list *list, const struct shard *shard);

/* Guests of which skip() says true do not come. data must outlive the list. */
typedef bool (*guest_list_skip)(const void *data, const struct guest *guest);
void guest_list_set_skip(guest_list *list, guest_list_skip skip, const void *data);

/* The hypervisor in which guests are looked up, and how. */
struct guest_list_hypervisor {
    guest_lookup_work work;
    const char *uri;  /* NULL: libvirt's default. It must outlive the list. */
    bool all;         /* every guest that it has; nothing else is in the list then */
    bool uuids;       /* guests that have a UUID are named by it */
    bool live;        /* as guest_lookup_query's */
    unsigned timeout; /* seconds, as for guest_lookup_start() */
};
void guest_list_set_hypervisor(guest_list *list, const struct guest_list_hypervisor *hypervisor);

/* Passes each call to the hypervisor, as text, to trace(). To be called before guest_list_begin().
 */
void guest_list_set_trace(guest_list *list, void (*trace)(void *data, const char *text),
                          void *data);

/* Starts the lookup, if any guest is to be looked up. To be called before this process becomes a
 * child subreaper (guest-lookup.h). A failure comes in place of the guests. */
void guest_list_begin(guest_list *list);

enum guest_list_next { GUEST_LIST_GUEST, GUEST_LIST_WAIT, GUEST_LIST_END };

/* The next guest, now the caller's. GUEST_LIST_WAIT: nothing yet, poll guest_list_fd() for POLLIN
 * until guest_list_deadline() first (this function never blocks on a pipe or a terminal; it reads
 * once when called, after poll said so, or when the file is regular). An entry that cannot be a
 * path (blank, longer than GUEST_LIST_MAX_PATH, with a NUL inside a line) or that is not a valid
 * record comes as a guest with `refused` set, named LIST:ENTRY (entry from 1; stdin is "-"). A list
 * that cannot be opened or read comes as one such guest, named after the list; the other lists go
 * on. When the hypervisor fails, each guest that is still sought there comes as one such guest;
 * where all guests are wanted, one such guest comes, named after the hypervisor's URI. Only lack of
 * memory is fatal: then it returns GUEST_LIST_END and sets *err. */
enum guest_list_next guest_list_next(guest_list *list, struct guest **guest, error **err);

/* What to poll while GUEST_LIST_WAIT; -1 otherwise. Still the list's. */
int guest_list_fd(const guest_list *list);
uint64_t guest_list_deadline(const guest_list *list); /* of clock.h; CLOCK_NEVER */

/* The number of all guests of the shard, if there are no lists or all have been read, without those
 * that have been skipped so far; 0: not known yet. */
uint64_t guest_list_total(const guest_list *list);

/* How many guests have been numbered so far, those that do not come included. */
uint64_t guest_list_numbered(const guest_list *list);

static inline void cleanup_guest_list(guest_list **list)
{
    guest_list_free(*list);
}
#define AUTO_GUEST_LIST CLEANUP(cleanup_guest_list)

#endif
