/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-list.h"

#include "base/clock.h"
#include "base/text-format.h"
#include "guest-record.h"
#include "list-reader.h"

#include <inttypes.h>
#include <string.h>

struct list_file {
    enum guest_list_kind kind;
    char *path; /* "-": stdin */
    enum image_format format;
    unsigned block_size;
};

struct list_pool {
    char *name;
    enum image_format format;
    unsigned block_size;
};

struct guest_list {
    struct guest **guests; /* from the command line; those before next_guest are given away */
    size_t guest_count, next_guest;
    struct list_file *files;
    size_t file_count, next_file; /* the open one is next_file */
    struct list_pool *pools;      /* those before next_pool have come */
    size_t pool_count, next_pool;
    char delimiter;
    uint64_t numbered; /* guests that have a number */
    struct shard shard;
    guest_list_skip skip; /* NULL: none is skipped */
    const void *skip_data;
    uint64_t skipped;
    struct list_reader reader;
    bool waiting; /* for the list */
    struct guest_list_hypervisor hypervisor;
    void (*trace)(void *data, const char *text);
    void *trace_data;
    guest_lookup *lookup; /* NULL: no lookup is running */
    error *lookup_failed; /* what is sought from now on is not found, and this is why */
    bool looking;         /* it is waited for */
    bool all_found;       /* all guests of the hypervisor have come */
};

guest_list *guest_list_new(void)
{
    guest_list *list = calloc(1, sizeof *list);

    if (list) {
        list->delimiter = '\n';
        list->reader = LIST_READER_CLOSED;
    }
    return list;
}

void guest_list_free(guest_list *list)
{
    if (!list)
        return;
    for (size_t i = list->next_guest; i < list->guest_count; i++)
        guest_free(list->guests[i]);
    for (size_t i = 0; i < list->file_count; i++)
        free(list->files[i].path);
    for (size_t i = 0; i < list->pool_count; i++)
        free(list->pools[i].name);
    free(list->pools);
    list_reader_close(&list->reader);
    guest_lookup_free(list->lookup);
    error_free(list->lookup_failed);
    free(list->guests);
    free(list->files);
    free(list);
}

int guest_list_add(guest_list *list, struct guest *guest, error **err)
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

int guest_list_add_file(guest_list *list, enum guest_list_kind kind, const char *path,
                        enum image_format format, unsigned block_size, error **err)
{
    struct list_file *files = reallocarray(list->files, list->file_count + 1, sizeof *files);

    if (!files)
        return error_no_memory(err);
    list->files = files;
    char *copy = strdup(path);
    if (!copy)
        return error_no_memory(err);
    list->files[list->file_count++] =
        (struct list_file){.kind = kind, .path = copy, .format = format, .block_size = block_size};
    return 0;
}

int guest_list_add_pool(guest_list *list, const char *name, enum image_format format,
                        unsigned block_size, error **err)
{
    struct list_pool *pools = reallocarray(list->pools, list->pool_count + 1, sizeof *pools);

    if (!pools)
        return error_no_memory(err);
    list->pools = pools;
    char *copy = strdup(name);
    if (!copy)
        return error_no_memory(err);
    list->pools[list->pool_count++] =
        (struct list_pool){.name = copy, .format = format, .block_size = block_size};
    return 0;
}

void guest_list_set_delimiter(guest_list *list, char delimiter)
{
    list->delimiter = delimiter;
}

void guest_list_set_shard(guest_list *list, const struct shard *shard)
{
    list->shard = *shard;
}

void guest_list_set_skip(guest_list *list, guest_list_skip skip, const void *data)
{
    list->skip = skip;
    list->skip_data = data;
}

void guest_list_set_hypervisor(guest_list *list, const struct guest_list_hypervisor *hypervisor)
{
    list->hypervisor = *hypervisor;
}

void guest_list_set_trace(guest_list *list, void (*trace)(void *data, const char *text), void *data)
{
    list->trace = trace;
    list->trace_data = data;
}

/* A guest that is an answer already. Takes name and refused over. NULL: no memory. */
static struct guest *refused_guest(guest_list *list, char *name, error *refused)
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

static struct guest *refused_list(guest_list *list, int errnum)
{
    error *refused = NULL;

    error_set_errno(&refused, ERROR_UNREADABLE, errnum, "cannot read the list");
    return refused_guest(list, strdup(list->files[list->next_file].path), refused);
}

static struct guest *refused_entry(guest_list *list, error *refused)
{
    char *name = text_format("%s:%" PRIu64, list->files[list->next_file].path, list->reader.entry);
    return refused_guest(list, name, refused);
}

static char delimiter_of(const guest_list *list)
{
    return list->files[list->next_file].kind == GUEST_LIST_RECORDS ? '\n' : list->delimiter;
}

static size_t longest_of(const guest_list *list)
{
    return list->files[list->next_file].kind == GUEST_LIST_RECORDS ? GUEST_RECORD_MAX
                                                                   : GUEST_LIST_MAX_PATH;
}

static const char *entry_word(const guest_list *list)
{
    return delimiter_of(list) ? "line" : "entry";
}

/* 1; 0: it is passed over. */
static int read_entry(const struct list_file *file, const char *entry, size_t length,
                      struct guest *guest, error **err)
{
    if (file->kind == GUEST_LIST_RECORDS)
        return guest_record_read(entry, length, file->format, file->block_size, guest, err);
    return guest_add_image(guest, entry, length, file->format, file->block_size, err) < 0 ? -1 : 1;
}

/* The guest that an entry is, refused where it is none. NULL: it is passed over, or *err: no
 * memory. */
static struct guest *parse_entry(guest_list *list, const char *entry, size_t length, error **err)
{
    AUTO_ERROR error *refused = NULL;
    AUTO_GUEST struct guest *guest = guest_new(list->numbered);
    int result = -1;

    if (!guest)
        error_no_memory(&refused);
    else if (length == 0)
        error_set(&refused, ERROR_REFUSED, "the %s is blank", entry_word(list));
    else
        result = read_entry(&list->files[list->next_file], entry, length, guest, &refused);
    if (result == 0)
        return NULL;
    if (result > 0) {
        list->numbered++;
        return STEAL(guest);
    }
    struct guest *answer = error_is_of_guest(refused) ? refused_entry(list, STEAL(refused)) : NULL;
    if (!answer)
        error_no_memory(err);
    return answer;
}

static struct guest *too_long_entry(guest_list *list)
{
    error *refused = NULL;

    error_set(&refused, ERROR_REFUSED, "the %s has more than %zu bytes", entry_word(list),
              longest_of(list));
    return refused_entry(list, refused);
}

static void next_list(guest_list *list)
{
    list_reader_close(&list->reader);
    list->next_file++;
}

static enum guest_list_next give(struct guest *made, struct guest **guest, error **err)
{
    if (!made) {
        error_no_memory(err);
        return GUEST_LIST_END;
    }
    *guest = made;
    return GUEST_LIST_GUEST;
}

/* The list failed: that is its last guest. */
static enum guest_list_next give_up_list(guest_list *list, int errnum, struct guest **guest,
                                         error **err)
{
    struct guest *refused = refused_list(list, errnum);

    next_list(list);
    return give(refused, guest, err);
}

/* The next guest of the list that is open. GUEST_LIST_END: the entry was passed over, or the list
 * ends, unless *err is set. */
static enum guest_list_next next_from_list(guest_list *list, struct guest **guest, error **err)
{
    const char *entry;
    size_t length;
    AUTO_ERROR error *failed = NULL;

    switch (list_reader_next(&list->reader, &entry, &length)) {
    case LIST_READ_ENTRY:
        *guest = parse_entry(list, entry, length, &failed);
        if (failed)
            error_propagate(err, STEAL(failed));
        return *guest ? GUEST_LIST_GUEST : GUEST_LIST_END;
    case LIST_READ_TOO_LONG:
        return give(too_long_entry(list), guest, err);
    case LIST_READ_WAIT:
        list->waiting = true;
        return GUEST_LIST_WAIT;
    case LIST_READ_END:
        next_list(list);
        return GUEST_LIST_END;
    case LIST_READ_FAILED:
        return give_up_list(list, errno, guest, err);
    case LIST_READ_NO_MEMORY:
        break;
    }
    return give(NULL, guest, err);
}

/* --- guests that a hypervisor has --- */

static bool is_sought(const guest_list *list, const struct guest *guest)
{
    return guest->sought && shard_takes(&list->shard, guest->number);
}

/* The names that are sought, in order, and behind them those of pools: *names is new memory, which
 * they do not belong to. How many of the former there are. */
static size_t sought_names(const guest_list *list, const char ***names)
{
    size_t count = 0;

    *names = calloc(list->guest_count + list->pool_count + 1, sizeof **names);
    for (size_t i = list->next_guest; *names && i < list->guest_count; i++)
        if (is_sought(list, list->guests[i]))
            (*names)[count++] = list->guests[i]->name;
    for (size_t i = 0; *names && i < list->pool_count; i++)
        (*names)[count + i] = list->pools[i].name;
    return count;
}

void guest_list_begin(guest_list *list)
{
    const struct guest_list_hypervisor *hypervisor = &list->hypervisor;
    AUTO_FREE const char **names = NULL;
    struct guest_lookup_query query = {
        .uri = hypervisor->uri, .trace = list->trace != NULL, .live = hypervisor->live};

    if (list->lookup || list->lookup_failed)
        return;
    query.count = sought_names(list, &names);
    query.names = names;
    query.pools = names ? names + query.count : NULL;
    query.pool_count = list->pool_count;
    if (!names)
        error_no_memory(&list->lookup_failed);
    else if (query.count > 0 || query.pool_count > 0 || hypervisor->all)
        list->lookup =
            guest_lookup_start(hypervisor->work, &query, hypervisor->timeout, &list->lookup_failed);
}

/* The next one that has been found; GUEST_LIST_END where none will be any more: lookup_failed says
 * why, unless that is all. */
static enum guest_list_next next_found(guest_list *list, struct guest **guest)
{
    guest_list_begin(list);
    while (list->lookup && !list->lookup_failed) {
        AUTO_FREE char *text = NULL;
        switch (guest_lookup_next(list->lookup, guest, &text, &list->lookup_failed)) {
        case GUEST_LOOKUP_GUEST:
            return GUEST_LIST_GUEST;
        case GUEST_LOOKUP_WAIT:
            list->looking = true;
            return GUEST_LIST_WAIT;
        case GUEST_LOOKUP_TRACE:
            list->trace(list->trace_data, text); /* it was asked for */
            break;
        case GUEST_LOOKUP_POOL_END:
            if (list->next_pool < list->pool_count)
                list->next_pool++;
            break;
        case GUEST_LOOKUP_END:
            return GUEST_LIST_END;
        }
    }
    return GUEST_LIST_END;
}

static const char no_answer[] = "libvirt has not answered for it";

/* Gives it its place in the list, and its name. */
static enum guest_list_next give_found(const guest_list *list, struct guest *found, uint64_t number,
                                       struct guest **guest, error **err)
{
    found->number = number;
    if (list->hypervisor.uuids && found->uuid[0] && guest_set_name(found, found->uuid, err) < 0) {
        guest_free(found);
        return GUEST_LIST_END;
    }
    *guest = found;
    return GUEST_LIST_GUEST;
}

/* What has been found for the next guest of the command line. */
static enum guest_list_next next_sought(guest_list *list, struct guest **guest, error **err)
{
    struct guest *sought = list->guests[list->next_guest], *found = NULL;
    enum guest_list_next next = next_found(list, &found);

    if (next == GUEST_LIST_WAIT)
        return next;
    list->next_guest++;
    if (next == GUEST_LIST_GUEST) {
        next = give_found(list, found, sought->number, guest, err);
        guest_free(sought);
        return next;
    }
    if (!list->lookup_failed)
        error_set(&list->lookup_failed, ERROR_UNREADABLE, no_answer);
    error_set(&sought->refused, error_kind(list->lookup_failed), "%s",
              error_message(list->lookup_failed));
    return give(sought, guest, err);
}

static enum guest_list_next next_of_all(guest_list *list, struct guest **guest, error **err)
{
    const char *uri = list->hypervisor.uri;
    struct guest *found = NULL;
    error *refused = NULL;

    switch (next_found(list, &found)) {
    case GUEST_LIST_WAIT:
        return GUEST_LIST_WAIT;
    case GUEST_LIST_GUEST:
        return give_found(list, found, list->numbered++, guest, err);
    case GUEST_LIST_END:
        break;
    }
    list->all_found = true;
    if (!list->lookup_failed)
        return GUEST_LIST_END;
    error_set(&refused, error_kind(list->lookup_failed), "%s", error_message(list->lookup_failed));
    return give(refused_guest(list, strdup(uri ? uri : "libvirt"), refused), guest, err);
}

/* A volume, read as the images that the user names: what was said for the pool holds for it. */
static enum guest_list_next give_volume(guest_list *list, struct guest *found, struct guest **guest,
                                        error **err)
{
    const struct list_pool *pool = &list->pools[list->next_pool];

    for (size_t i = 0; i < found->image_count; i++) {
        found->images[i].format = pool->format;
        found->images[i].block_size = pool->block_size;
    }
    return give_found(list, found, list->numbered++, guest, err);
}

static enum guest_list_next next_of_pools(guest_list *list, struct guest **guest, error **err)
{
    struct guest *found = NULL;
    error *refused = NULL;
    enum guest_list_next next = next_found(list, &found);

    if (next == GUEST_LIST_GUEST && list->next_pool < list->pool_count)
        return give_volume(list, found, guest, err);
    guest_free(found);
    if (next == GUEST_LIST_WAIT || list->next_pool == list->pool_count)
        return next == GUEST_LIST_WAIT ? next : GUEST_LIST_END;
    if (!list->lookup_failed)
        error_set(&list->lookup_failed, ERROR_UNREADABLE, no_answer);
    error_set(&refused, error_kind(list->lookup_failed), "%s", error_message(list->lookup_failed));
    return give(refused_guest(list, strdup(list->pools[list->next_pool++].name), refused), guest,
                err);
}

/* --- */

/* The next guest, of whatever shard. */
static enum guest_list_next next_of_any(guest_list *list, struct guest **guest, error **err)
{
    AUTO_ERROR error *failed = NULL;

    list->waiting = list->looking = false;
    if (list->next_guest < list->guest_count)
        return is_sought(list, list->guests[list->next_guest])
                   ? next_sought(list, guest, err)
                   : give(list->guests[list->next_guest++], guest, err);

    while (list->next_file < list->file_count && !failed) {
        const char *path = list->files[list->next_file].path;
        int errnum = list->reader.fd < 0 ? list_reader_open(&list->reader, path, delimiter_of(list),
                                                            longest_of(list))
                                         : 0;
        if (errnum != 0)
            return give_up_list(list, errnum, guest, err);
        enum guest_list_next next = next_from_list(list, guest, &failed);
        if (next != GUEST_LIST_END)
            return next;
    }
    if (failed) {
        error_propagate(err, STEAL(failed));
        return GUEST_LIST_END;
    }
    if (list->next_pool < list->pool_count)
        return next_of_pools(list, guest, err);
    return list->hypervisor.all && !list->all_found ? next_of_all(list, guest, err)
                                                    : GUEST_LIST_END;
}

static bool is_wanted(guest_list *list, const struct guest *guest)
{
    if (!shard_takes(&list->shard, guest->number))
        return false;
    if (!list->skip || !list->skip(list->skip_data, guest))
        return true;
    list->skipped++;
    return false;
}

enum guest_list_next guest_list_next(guest_list *list, struct guest **guest, error **err)
{
    for (;;) {
        enum guest_list_next next = next_of_any(list, guest, err);
        if (next != GUEST_LIST_GUEST || is_wanted(list, *guest))
            return next;
        guest_free(STEAL(*guest));
    }
}

int guest_list_fd(const guest_list *list)
{
    if (list->looking)
        return guest_lookup_fd(list->lookup);
    return list->waiting ? list->reader.fd : -1;
}

uint64_t guest_list_deadline(const guest_list *list)
{
    return list->looking ? guest_lookup_deadline(list->lookup) : CLOCK_NEVER;
}

uint64_t guest_list_total(const guest_list *list)
{
    bool all_known =
        (!list->hypervisor.all || list->all_found) && list->next_pool == list->pool_count;

    return list->next_file == list->file_count && all_known
               ? shard_size(&list->shard, list->numbered) - list->skipped
               : 0;
}

uint64_t guest_list_numbered(const guest_list *list)
{
    return list->numbered;
}
