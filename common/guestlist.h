/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests that the user asked for, one at a time: from the command line, then from lists, or
 * all that a hypervisor has.
 *
 * Lists are read as they come, so that `find | virt-df-live --images-from -` answers the first
 * images before find has found the last; memory does not grow with the list. An entry is an image's
 * path, or several with TAB between them: the disks of one guest. Bytes are taken as they are:
 * spaces belong to the name. With newline as delimiter a CR before it belongs to the name too. */
#ifndef VLT_GUESTLIST_H
#define VLT_GUESTLIST_H

#include "lookup.h"

/* Bytes of a path in a list; Linux opens paths of up to 4095. */
#define GUESTLIST_MAX_PATH 8192

typedef struct guestlist guestlist;

guestlist *guestlist_new(void); /* NULL: no memory */
void guestlist_free(guestlist *list);

/* Appends a guest from the command line; takes it over, also on failure. Its number is set here.
 * Guests on the command line come before those in lists. One that is sought (guest.h) is looked for
 * when its turn comes; what is found comes in its place, also if that is only that it is not there.
 */
int guestlist_add(guestlist *list, struct guest *guest, error **err);

/* Appends a list: a path, or "-" for stdin. Opened when its turn comes. format and block_size hold
 * for all its images. */
int guestlist_add_file(guestlist *list, const char *path, enum image_format format,
                       unsigned block_size, error **err);

/* For all files: what ends an entry, '\n' (default) or '\0'. The last entry may lack it. */
void guestlist_set_delimiter(guestlist *list, char delimiter);

/* How guests that are sought are looked for, and where all of them are. */
struct guestlist_hypervisor {
    lookup_work work;
    const char *uri;  /* NULL: libvirt's default. It must outlive the list. */
    bool all;         /* every guest that it has; nothing else is in the list then */
    bool uuids;       /* guests that have a UUID are named by it */
    bool live;        /* as lookup_query's */
    unsigned timeout; /* seconds, as for lookup_start() */
};
void guestlist_set_hypervisor(guestlist *list, const struct guestlist_hypervisor *hypervisor);

/* Calls to the hypervisor, as bytes, go there; before guestlist_begin(). */
void guestlist_set_trace(guestlist *list, void (*trace)(void *data, const char *text), void *data);

/* Starts looking, if there is anything to look for: before this process becomes a child subreaper
 * (lookup.h). A failure comes in place of the guests. */
void guestlist_begin(guestlist *list);

enum guestlist_next { GUESTLIST_GUEST, GUESTLIST_WAIT, GUESTLIST_END };

/* The next guest, now the caller's. GUESTLIST_WAIT: nothing yet, poll guestlist_fd() for POLLIN
 * until guestlist_deadline() first (this function never blocks on a pipe or a terminal; it reads
 * once when called, after poll said so, or when the file is regular). A list's entry that is no
 * image — blank, longer than a path can be (GUESTLIST_MAX_PATH), with an empty name between TABs,
 * with a NUL inside a line — comes as a guest with `refused` set, named LIST:ENTRY (entry from 1;
 * stdin is "-"). A list that cannot be opened or read comes as one such guest, named after the
 * list; the other lists go on. Where a hypervisor cannot be asked any more, each guest that is
 * sought there comes as one such guest, and where all are wanted it does so itself, named by its
 * URI. Only having no memory is fatal: then it returns GUESTLIST_END and sets *err. */
enum guestlist_next guestlist_next(guestlist *list, struct guest **guest, error **err);

/* What to poll while GUESTLIST_WAIT; -1 otherwise. Still the list's. */
int guestlist_fd(const guestlist *list);
uint64_t guestlist_deadline(const guestlist *list); /* of clock.h; CLOCK_NEVER */

/* How many guests there are in all, if no list is involved or all have been read; 0: not known yet.
 */
uint64_t guestlist_total(const guestlist *list);

static inline void cleanup_guestlist(guestlist **list)
{
    guestlist_free(*list);
}
#define AUTO_GUESTLIST CLEANUP(cleanup_guestlist)

#endif
