/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* asprintf */
#include "guestlist.h"

#include "clock.h"
#include "list-reader.h"

#include <inttypes.h>
#include <string.h>

/* The longest entry that can be a guest: all its images, and what separates them. */
#define ENTRY_MAX ((size_t)SLOT_COUNT * (GUESTLIST_MAX_PATH + 1))

struct list_file {
    char *path; /* "-": stdin */
    enum image_format format;
    unsigned block_size;
};

struct guestlist {
    struct guest **guests; /* from the command line; those before next_guest are given away */
    size_t guest_count, next_guest;
    struct list_file *files;
    size_t file_count, next_file; /* the open one is next_file */
    char delimiter;
    uint64_t numbered; /* guests that have a number */
    struct list_reader reader;
    bool waiting; /* for the list */
    struct guestlist_hypervisor hypervisor;
    void (*trace)(void *data, const char *text);
    void *trace_data;
    lookup *lookup;       /* NULL: nobody is looking */
    error *lookup_failed; /* what is sought from now on is not found, and this is why */
    bool looking;         /* it is waited for */
    bool all_found;       /* all guests of the hypervisor have come */
};

guestlist *guestlist_new(void)
{
    guestlist *list = calloc(1, sizeof *list);

    if (list) {
        list->delimiter = '\n';
        list->reader = LIST_READER_CLOSED;
    }
    return list;
}

void guestlist_free(guestlist *list)
{
    if (!list)
        return;
    for (size_t i = list->next_guest; i < list->guest_count; i++)
        guest_free(list->guests[i]);
    for (size_t i = 0; i < list->file_count; i++)
        free(list->files[i].path);
    list_reader_close(&list->reader);
    lookup_free(list->lookup);
    error_free(list->lookup_failed);
    free(list->guests);
    free(list->files);
    free(list);
}

int guestlist_add(guestlist *list, struct guest *guest, error **err)
{
    struct guest **guests = reallocarray(list->guests, list->guest_count + 1, sizeof *guests);

    if (!guests) {
        guest_free(guest);
        return error_no_memory(err);
    }
    guest->number = list->numbered++;
    list->guests = guests;
    list->guests[list->guest_count++] = guest;
    return 0;
}

int guestlist_add_file(guestlist *list, const char *path, enum image_format format,
                       unsigned block_size, error **err)
{
    struct list_file *files = reallocarray(list->files, list->file_count + 1, sizeof *files);

    if (!files)
        return error_no_memory(err);
    list->files = files;
    char *copy = strdup(path);
    if (!copy)
        return error_no_memory(err);
    list->files[list->file_count++] =
        (struct list_file){.path = copy, .format = format, .block_size = block_size};
    return 0;
}

void guestlist_set_delimiter(guestlist *list, char delimiter)
{
    list->delimiter = delimiter;
}

void guestlist_set_hypervisor(guestlist *list, const struct guestlist_hypervisor *hypervisor)
{
    list->hypervisor = *hypervisor;
}

void guestlist_set_trace(guestlist *list, void (*trace)(void *data, const char *text), void *data)
{
    list->trace = trace;
    list->trace_data = data;
}

/* A guest that is an answer already. Takes name and refused over. NULL: no memory. */
static struct guest *refused_guest(guestlist *list, char *name, error *refused)
{
    struct guest *guest = name ? guest_new(list->numbered) : NULL;

    if (!guest) {
        free(name);
        error_free(refused);
        return NULL;
    }
    list->numbered++;
    guest->name = name;
    guest->refused = refused;
    return guest;
}

static struct guest *refused_list(guestlist *list, int errnum)
{
    error *refused = NULL;

    error_set_errno(&refused, STATUS_UNREADABLE, errnum, "cannot read the list");
    return refused_guest(list, strdup(list->files[list->next_file].path), refused);
}

static struct guest *refused_entry(guestlist *list, error *refused)
{
    char *name = NULL;

    if (asprintf(&name, "%s:%" PRIu64, list->files[list->next_file].path, list->reader.entry) < 0)
        name = NULL;
    return refused_guest(list, name, refused);
}

static int add_images(const struct list_file *file, struct guest *guest, const char *entry,
                      size_t length, error **err)
{
    const char *end = entry + length;

    for (;;) {
        const char *tab = memchr(entry, '\t', (size_t)(end - entry));
        size_t size = (size_t)((tab ? tab : end) - entry);
        if (size > GUESTLIST_MAX_PATH)
            return error_set(err, STATUS_REFUSED, "the name of an image has more than %d bytes",
                             GUESTLIST_MAX_PATH);
        if (guest_add_image(guest, entry, size, file->format, file->block_size, err) < 0)
            return -1;
        if (!tab)
            return 0;
        entry = tab + 1;
    }
}

/* The guest that an entry is, refused where it is none. NULL: no memory. */
static struct guest *parse_entry(guestlist *list, const char *entry, size_t length)
{
    AUTO_ERROR error *refused = NULL;

    if (length == 0) {
        error_set(&refused, STATUS_REFUSED, "the %s is blank", list->delimiter ? "line" : "entry");
        return refused_entry(list, STEAL(refused));
    }
    AUTO_GUEST struct guest *guest = guest_new(list->numbered);
    if (!guest)
        return NULL;
    if (add_images(&list->files[list->next_file], guest, entry, length, &refused) < 0)
        return error_status(refused) != STATUS_CRASHED ? refused_entry(list, STEAL(refused)) : NULL;
    list->numbered++;
    return STEAL(guest);
}

static struct guest *too_long_entry(guestlist *list)
{
    error *refused = NULL;

    error_set(&refused, STATUS_REFUSED, "the %s has more than %zu bytes",
              list->delimiter ? "line" : "entry", ENTRY_MAX);
    return refused_entry(list, refused);
}

static void next_list(guestlist *list)
{
    list_reader_close(&list->reader);
    list->next_file++;
}

static enum guestlist_next give(struct guest *made, struct guest **guest, error **err)
{
    if (!made) {
        error_no_memory(err);
        return GUESTLIST_END;
    }
    *guest = made;
    return GUESTLIST_GUEST;
}

/* The list failed: that is its last guest. */
static enum guestlist_next give_up_list(guestlist *list, int errnum, struct guest **guest,
                                        error **err)
{
    struct guest *refused = refused_list(list, errnum);

    next_list(list);
    return give(refused, guest, err);
}

/* The next guest of the list that is open, or GUESTLIST_END: of this list, unless *err is set. */
static enum guestlist_next next_from_list(guestlist *list, struct guest **guest, error **err)
{
    const char *entry;
    size_t length;

    switch (list_reader_next(&list->reader, &entry, &length)) {
    case LIST_READ_ENTRY:
        return give(parse_entry(list, entry, length), guest, err);
    case LIST_READ_TOO_LONG:
        return give(too_long_entry(list), guest, err);
    case LIST_READ_WAIT:
        list->waiting = true;
        return GUESTLIST_WAIT;
    case LIST_READ_END:
        next_list(list);
        return GUESTLIST_END;
    case LIST_READ_FAILED:
        return give_up_list(list, errno, guest, err);
    case LIST_READ_NO_MEMORY:
        break;
    }
    return give(NULL, guest, err);
}

/* --- guests that a hypervisor has --- */

/* The names that are sought, in order: *names is new memory, which they do not belong to. */
static size_t sought_names(const guestlist *list, const char ***names)
{
    size_t count = 0;

    *names = calloc(list->guest_count + 1, sizeof **names);
    for (size_t i = list->next_guest; *names && i < list->guest_count; i++)
        if (list->guests[i]->sought)
            (*names)[count++] = list->guests[i]->name;
    return count;
}

void guestlist_begin(guestlist *list)
{
    const struct guestlist_hypervisor *hypervisor = &list->hypervisor;
    AUTO_FREE const char **names = NULL;
    struct lookup_query query = {
        .uri = hypervisor->uri, .trace = list->trace != NULL, .live = hypervisor->live};

    if (list->lookup || list->lookup_failed)
        return;
    query.count = sought_names(list, &names);
    query.names = names;
    if (!names)
        error_no_memory(&list->lookup_failed);
    else if (query.count > 0 || hypervisor->all)
        list->lookup =
            lookup_start(hypervisor->work, &query, hypervisor->timeout, &list->lookup_failed);
}

/* The next one that has been found; GUESTLIST_END where none will be any more: lookup_failed says
 * why, unless that is all. */
static enum guestlist_next next_found(guestlist *list, struct guest **guest)
{
    guestlist_begin(list);
    while (list->lookup && !list->lookup_failed) {
        AUTO_FREE char *text = NULL;
        switch (lookup_next(list->lookup, guest, &text, &list->lookup_failed)) {
        case LOOKUP_GUEST:
            return GUESTLIST_GUEST;
        case LOOKUP_WAIT:
            list->looking = true;
            return GUESTLIST_WAIT;
        case LOOKUP_TRACE:
            list->trace(list->trace_data, text); /* it was asked for */
            break;
        case LOOKUP_END:
            return GUESTLIST_END;
        }
    }
    return GUESTLIST_END;
}

/* Gives it its place in the list, and its name. */
static enum guestlist_next give_found(const guestlist *list, struct guest *found, uint64_t number,
                                      struct guest **guest, error **err)
{
    found->number = number;
    if (list->hypervisor.uuids && found->uuid[0] && guest_set_name(found, found->uuid, err) < 0) {
        guest_free(found);
        return GUESTLIST_END;
    }
    *guest = found;
    return GUESTLIST_GUEST;
}

/* What has been found for the next guest of the command line. */
static enum guestlist_next next_sought(guestlist *list, struct guest **guest, error **err)
{
    struct guest *sought = list->guests[list->next_guest], *found = NULL;
    enum guestlist_next next = next_found(list, &found);

    if (next == GUESTLIST_WAIT)
        return next;
    list->next_guest++;
    if (next == GUESTLIST_GUEST) {
        next = give_found(list, found, sought->number, guest, err);
        guest_free(sought);
        return next;
    }
    if (!list->lookup_failed)
        error_set(&list->lookup_failed, STATUS_UNREADABLE, "libvirt has not been heard about it");
    error_set(&sought->refused, error_status(list->lookup_failed), "%s",
              error_message(list->lookup_failed));
    return give(sought, guest, err);
}

static enum guestlist_next next_of_all(guestlist *list, struct guest **guest, error **err)
{
    const char *uri = list->hypervisor.uri;
    struct guest *found = NULL;
    error *refused = NULL;

    switch (next_found(list, &found)) {
    case GUESTLIST_WAIT:
        return GUESTLIST_WAIT;
    case GUESTLIST_GUEST:
        return give_found(list, found, list->numbered++, guest, err);
    case GUESTLIST_END:
        break;
    }
    list->all_found = true;
    if (!list->lookup_failed)
        return GUESTLIST_END;
    error_set(&refused, error_status(list->lookup_failed), "%s",
              error_message(list->lookup_failed));
    return give(refused_guest(list, strdup(uri ? uri : "libvirt"), refused), guest, err);
}

/* --- */

enum guestlist_next guestlist_next(guestlist *list, struct guest **guest, error **err)
{
    AUTO_ERROR error *failed = NULL;

    list->waiting = list->looking = false;
    if (list->next_guest < list->guest_count)
        return list->guests[list->next_guest]->sought
                   ? next_sought(list, guest, err)
                   : give(list->guests[list->next_guest++], guest, err);

    while (list->next_file < list->file_count && !failed) {
        const char *path = list->files[list->next_file].path;
        int errnum = list->reader.fd < 0
                         ? list_reader_open(&list->reader, path, list->delimiter, ENTRY_MAX)
                         : 0;
        if (errnum != 0)
            return give_up_list(list, errnum, guest, err);
        enum guestlist_next next = next_from_list(list, guest, &failed);
        if (next != GUESTLIST_END)
            return next;
    }
    if (failed) {
        error_propagate(err, STEAL(failed));
        return GUESTLIST_END;
    }
    return list->hypervisor.all && !list->all_found ? next_of_all(list, guest, err) : GUESTLIST_END;
}

int guestlist_fd(const guestlist *list)
{
    if (list->looking)
        return lookup_fd(list->lookup);
    return list->waiting ? list->reader.fd : -1;
}

uint64_t guestlist_deadline(const guestlist *list)
{
    return list->looking ? lookup_deadline(list->lookup) : CLOCK_NEVER;
}

uint64_t guestlist_total(const guestlist *list)
{
    bool all_known = !list->hypervisor.all || list->all_found;

    return list->next_file == list->file_count && all_known ? list->numbered : 0;
}
