/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common-options.h"

#include "appliance/appliance.h"
#include "libvirt/hypervisor-libvirt.h"
#include "libvirt/lookup-libvirt.h"
#include "option-values.h"

#include <string.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define TIMEOUT_MAX 1000000 /* seconds; more than eleven days is a slip */

enum code {
    OPT_IMAGE = POPT_LINE_ARGUMENT,
    OPT_ADD = 256,
    OPT_DOMAIN,
    OPT_POOL,
    OPT_CONNECT,
    OPT_FORMAT,
    OPT_BLOCKSIZE,
    OPT_IMAGES_FROM,
    OPT_GUESTS_FROM,
    OPT_NULL,
    OPT_SHARD,
    OPT_RESUME,
    OPT_ISOLATE,
    OPT_WAVE,
    OPT_PARALLEL,
    OPT_TIMEOUT,
    OPT_ACCEL,
    OPT_MEMSIZE,
    OPT_APPLIANCE,
    OPT_BACKING,
    OPT_CONSISTENT,
    OPT_SNAPSHOT,
    OPT_NO_RECOVERY,
    OPT_FILESYSTEMS,
    OPT_KEY,
    OPT_KEYS_FROM_STDIN,
    OPT_PROGRESS,
    OPT_QUIET,
    OPT_STATS,
    OPT_VERBOSE,
    OPT_TRACE,
    OPT_VERSION,
    OPT_HELP,
    OPT_USAGE
};

#define VALUE POPT_ARG_STRING
#define MAYBE_VALUE (POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL)
#define FLAG POPT_ARG_NONE

struct poptOption common_options_popt[] = {
    {"add", 'a', VALUE, NULL, OPT_ADD, "scan this image; several -a are the disks of one guest",
     "FILE|URI"},
    {"domain", 'd', VALUE, NULL, OPT_DOMAIN, "scan the disks of this libvirt guest", "NAME|UUID"},
    {"pool", 0, VALUE, NULL, OPT_POOL,
     "scan the volumes of this libvirt storage pool; each is a guest", "NAME"},
    {"connect", 'c', VALUE, NULL, OPT_CONNECT, "where libvirt's guests are", "URI"},
    {"format", 0, MAYBE_VALUE, NULL, OPT_FORMAT,
     "format of the images that follow (without a value: detect)", "raw|qcow2|..."},
    {"blocksize", 0, MAYBE_VALUE, NULL, OPT_BLOCKSIZE,
     "logical sector of the images that follow (without a value: 512)", "512|4096"},
    {"images-from", 0, VALUE, NULL, OPT_IMAGES_FROM,
     "scan the images in this list, one a line, - is stdin; each is a guest", "FILE"},
    {"guests-from", 0, VALUE, NULL, OPT_GUESTS_FROM,
     "scan the guests in this list: JSON Lines of \"name\" and \"images\"; - is stdin", "FILE"},
    {"null", '0', FLAG, NULL, OPT_NULL, "entries of --images-from end in NUL, not in newline",
     NULL},
    {"shard", 0, VALUE, NULL, OPT_SHARD,
     "scan the guests whose place in the list, from 0, is K modulo N; auto: K and N are those of "
     "the Slurm array or Kubernetes Job",
     "K/N|auto"},
    {"resume", 0, VALUE, NULL, OPT_RESUME,
     "leave out the guests that this earlier output of --json, which may be cut off, has answered "
     "for",
     "FILE"},
    {"isolate", 0, VALUE, NULL, OPT_ISOLATE,
     "what guests must have in common to share an appliance: nothing (none), the owner of their "
     "images (owner, the default), their directory too, or be the same (guest)",
     "none|owner|directory|guest"},
    {"wave", 0, VALUE, NULL, OPT_WAVE, "disks in an appliance at once, 1-255 (default 255)", "N"},
    {NULL, 'P', VALUE, NULL, OPT_PARALLEL,
     "appliances at once (default 0: from cores and available memory)", "N"},
    {"timeout", 0, VALUE, NULL, OPT_TIMEOUT, "for one guest (default 60, 0: none)", "SECONDS"},
    {"accel", 0, VALUE, NULL, OPT_ACCEL, "how appliances run (default auto)", "auto|kvm|tcg"},
    {"memsize", 0, VALUE, NULL, OPT_MEMSIZE, "memory of an appliance", "MIB"},
    {"appliance", 0, VALUE, NULL, OPT_APPLIANCE, "where the appliance's files are", "DIR"},
    {"backing", 0, VALUE, NULL, OPT_BACKING,
     "which other files an image may name (default same-dir)", "deny|same-dir|allow"},
    {"consistent", 0, FLAG, NULL, OPT_CONSISTENT,
     "read running libvirt guests as of one point in time, from a backup", NULL},
    {"snapshot", 0, VALUE, NULL, OPT_SNAPSHOT,
     "read each image, a qcow2, as of its internal snapshot of this name", "NAME"},
    {"no-recovery", 0, FLAG, NULL, OPT_NO_RECOVERY,
     "read filesystems as they lie there, without replaying their journals in memory", NULL},
    {"filesystems", 0, VALUE, NULL, OPT_FILESYSTEMS,
     "which are read: all (default), or only those whose drivers are well kept", "all|safe"},
    {"key", 0, VALUE, NULL, OPT_KEY,
     "opens what is encrypted: ID:key:PASSPHRASE or ID:file:PATH; ID is a device of the guest, a "
     "UUID, or all",
     "SELECTOR"},
    {"keys-from-stdin", 0, FLAG, NULL, OPT_KEYS_FROM_STDIN,
     "each line of stdin is a key for all that is encrypted", NULL},
    {"progress", 0, VALUE, NULL, OPT_PROGRESS,
     "a progress bar on stderr (default auto: on a terminal)", "auto|always|never"},
    {"quiet", 'q', FLAG, NULL, OPT_QUIET, "no progress bar, no warnings; errors only", NULL},
    {"stats", 0, FLAG, NULL, OPT_STATS, "what the run took, as JSON, last on stderr", NULL},
    {"verbose", 'v', FLAG, NULL, OPT_VERBOSE, "say what is being done", NULL},
    {NULL, 'x', FLAG, NULL, OPT_TRACE, "trace calls to libvirt, with their time", NULL},
    {"version", 'V', FLAG, NULL, OPT_VERSION, "print the version", NULL},
    {"help", 0, FLAG, NULL, OPT_HELP, "print this help", NULL},
    {"usage", 0, FLAG, NULL, OPT_USAGE, "print a brief usage message", NULL},
    POPT_TABLEEND};

void common_options_init(struct common_options *options)
{
    *options = (struct common_options){.config = {.driver = &hypervisor_libvirt,
                                                  .isolation = ISOLATE_OWNER,
                                                  .backing = BACKING_SAME_DIR,
                                                  .wave = SLOT_COUNT,
                                                  .timeout = 60}};
}

void common_options_clear(struct common_options *options)
{
    g_clear_pointer(&options->pending, g_ptr_array_unref);
    g_clear_pointer(&options->lists, g_ptr_array_unref);
    free(options->appliance);
    free(options->connect);
    free(options->snapshot);
    keys_clear(&options->keys);
    guest_list_free(options->guests);
    resume_free(options->resume);
    common_options_init(options);
}

/* ---- values ---- */

static int take_isolate(struct common_options *options, const char *word, error **err)
{
    static const char *const words[] = {[ISOLATE_NONE] = "none",
                                        [ISOLATE_OWNER] = "owner",
                                        [ISOLATE_DIRECTORY] = "directory",
                                        [ISOLATE_GUEST] = "guest"};
    unsigned chosen = 0;

    if (option_value_choose("--isolate", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    options->config.isolation = (enum isolation)chosen;
    return 0;
}

static int take_filesystems(struct common_options *options, const char *word, error **err)
{
    static const char *const words[] = {"all", "safe"};
    unsigned chosen = 0;

    if (option_value_choose("--filesystems", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    options->safe = chosen == 1;
    return 0;
}

static int take_progress(struct common_options *options, const char *word, error **err)
{
    static const char *const words[] = {
        [PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always", [PROGRESS_NEVER] = "never"};
    unsigned chosen = 0;

    if (option_value_choose("--progress", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    options->progress = (enum progress_mode)chosen;
    return 0;
}

/* *to is owned. */
static int take_word(const char *word, char **to, error **err)
{
    char *copy = strdup(word);

    if (!copy)
        return error_no_memory(err);
    free(*to);
    *to = copy;
    return 0;
}

static int take_snapshot(struct common_options *options, const char *name, error **err)
{
    if (!*name)
        return error_set(err, ERROR_USAGE, "--snapshot: the name of a snapshot is empty");
    if (take_word(name, &options->snapshot, err) < 0)
        return -1;
    options->config.snapshot = options->snapshot;
    return 0;
}

static int take_appliance(struct common_options *options, const char *word, error **err)
{
    if (take_word(word, &options->appliance, err) < 0)
        return -1;
    options->config.appliance = options->appliance;
    return 0;
}

/* ---- images and lists ---- */

/* A new guest behind those that stand already; NULL: no memory. */
static struct guest *append_guest(struct common_options *options)
{
    struct guest *guest = guest_new(options->pending->len);

    if (guest)
        g_ptr_array_add(options->pending, guest);
    return guest;
}

static int add_image(struct common_options *options, struct guest *guest, const char *path,
                     error **err)
{
    if (!guest)
        return error_no_memory(err);
    size_t length = strlen(path);
    if (guest_add_image(guest, path, length, options->format, options->block_size, err) == 0)
        return 0;
    /* There may be a password in a URI. */
    bool secret = remote_uri_is(path, length);
    return error_prefix(err, "image \"%.*s%s\"", (int)(secret ? strcspn(path, ":") : length), path,
                        secret ? "://..." : "");
}

/* Where several -a stand, their guest has the place of the first. */
static int take_add(struct common_options *options, const char *path, error **err)
{
    if (!options->added)
        options->added = append_guest(options);
    return add_image(options, options->added, path, err);
}

/* Each is a guest of its own. */
static int take_domain(struct common_options *options, const char *name, error **err)
{
    if (!*name)
        return error_set(err, ERROR_REFUSED, "-d: the name of a guest is empty");
    struct guest *guest = append_guest(options);
    if (!guest)
        return error_no_memory(err);
    guest->sought = true;
    return guest_set_name(guest, name, err);
}

/* guest_list_add_file() comes later, when it is known whether -0 stands behind; what held here for
 * the list does not change any more. */
static int take_list(struct common_options *options, enum guest_list_kind kind, const char *path,
                     error **err)
{
    g_ptr_array_add(options->lists, g_strdup(path));
    return guest_list_add_file(options->guests, kind, path, options->format, options->block_size,
                               err);
}

static int take_pool(struct common_options *options, const char *name, error **err)
{
    if (!*name)
        return error_set(err, ERROR_USAGE, "--pool: the name of a storage pool is empty");
    options->pools = true;
    return guest_list_add_pool(options->guests, name, options->format, options->block_size, err);
}

static int take_resume(struct common_options *options, const char *path, error **err)
{
    if (options->resume)
        return error_set(err, ERROR_USAGE, "--resume: there can be one only");
    options->resume = resume_read(path, err);
    return options->resume ? 0 : -1;
}

static bool was_answered(const void *data, const struct guest *guest)
{
    return resume_has(data, guest);
}

/* ---- the command line ---- */

static const struct option_flag flags[] = {
    {OPT_NULL, offsetof(struct common_options, null)},
    {OPT_CONSISTENT, offsetof(struct common_options, consistent)},
    {OPT_NO_RECOVERY, offsetof(struct common_options, no_recovery)},
    {OPT_KEYS_FROM_STDIN, offsetof(struct common_options, keys_from_stdin)},
    {OPT_QUIET, offsetof(struct common_options, quiet)},
    {OPT_STATS, offsetof(struct common_options, stats)},
    {OPT_VERBOSE, offsetof(struct common_options, verbose)},
    {OPT_TRACE, offsetof(struct common_options, config.trace)},
};

/* An option without a value. */
static int take_flag(struct common_options *options, int code)
{
    if (code == OPT_NULL)
        guest_list_set_delimiter(options->guests, '\0');
    if (!option_value_flag(flags, ARRAY_SIZE(flags), code, options))
        options->show = code == OPT_VERSION ? SHOW_VERSION
                        : code == OPT_HELP  ? SHOW_HELP
                                            : SHOW_USAGE;
    return 0;
}

static int take_common(struct common_options *options, int code, const char *value, error **err)
{
    switch (code) {
    case OPT_IMAGE:
        return add_image(options, append_guest(options), value, err);
    case OPT_ADD:
        return take_add(options, value, err);
    case OPT_DOMAIN:
        return take_domain(options, value, err);
    case OPT_POOL:
        return take_pool(options, value, err);
    case OPT_CONNECT:
        return take_word(value, &options->connect, err);
    case OPT_FORMAT:
        return option_value_format(value, &options->format, err);
    case OPT_BLOCKSIZE:
        return option_value_block_size(value, &options->block_size, err);
    case OPT_IMAGES_FROM:
        return take_list(options, GUEST_LIST_IMAGES, value, err);
    case OPT_GUESTS_FROM:
        return take_list(options, GUEST_LIST_RECORDS, value, err);
    case OPT_SHARD:
        return shard_parse(value, &options->shard, err);
    case OPT_RESUME:
        return take_resume(options, value, err);
    case OPT_ISOLATE:
        return take_isolate(options, value, err);
    case OPT_WAVE:
        return option_value_number("--wave", value, 1, SLOT_COUNT, &options->config.wave, err);
    case OPT_PARALLEL:
        return option_value_number("-P", value, 0, SUPERVISOR_PARALLEL_MAX,
                                   &options->config.parallel, err);
    case OPT_TIMEOUT:
        return option_value_number("--timeout", value, 0, TIMEOUT_MAX, &options->config.timeout,
                                   err);
    case OPT_ACCEL:
        return option_value_accel(value, &options->config.accel, err);
    case OPT_MEMSIZE:
        options->config.memory_fixed = true;
        return option_value_number("--memsize", value, APPLIANCE_MEMORY_MIN, APPLIANCE_MEMORY_MAX,
                                   &options->config.memory_mib, err);
    case OPT_APPLIANCE:
        return take_appliance(options, value, err);
    case OPT_BACKING:
        return option_value_backing(value, &options->config.backing, err);
    case OPT_SNAPSHOT:
        return take_snapshot(options, value, err);
    case OPT_FILESYSTEMS:
        return take_filesystems(options, value, err);
    case OPT_KEY:
        return keys_add(&options->keys, value, err);
    case OPT_PROGRESS:
        return take_progress(options, value, err);
    default:
        return take_flag(options, code);
    }
}

static bool reads_stdin(const struct common_options *options)
{
    return g_ptr_array_find_with_equal_func(options->lists, "-", g_str_equal, NULL);
}

static int finish_keys(struct common_options *options, error **err)
{
    if (options->keys_from_stdin && reads_stdin(options))
        return error_set(err, ERROR_REFUSED, "stdin cannot be both a list and --keys-from-stdin");
    if (options->keys_from_stdin && keys_add_lines(&options->keys, STDIN_FILENO, err) < 0)
        return -1;
    if (options->keys.key_list_len == 0)
        return 0;
    options->config.keys = &options->keys;
    if (options->config.memory_mib == 0)
        options->config.memory_mib = APPLIANCE_MEMORY_KEYS;
    return 0;
}

/* libvirt cannot be asked about an image that is named by its path. */
static int finish_consistent(struct common_options *options,
                             struct guest_list_hypervisor *hypervisor, error **err)
{
    bool any = hypervisor->all;

    if (!options->consistent)
        return 0;
    for (guint i = 0; i < options->pending->len; i++)
        any |= ((const struct guest *)options->pending->pdata[i])->sought;
    if (options->config.snapshot)
        return error_set(err, ERROR_USAGE, "--consistent and --snapshot exclude each other");
    if (!any)
        return error_set(err, ERROR_REFUSED,
                         "--consistent is for libvirt guests: name one with -d");
    hypervisor->live = true;
    options->config.backups = &backup_libvirt;
    options->config.backups_uri = options->connect;
    return 0;
}

/* Hands the guests over, in order, when the command line has been read. */
static int finish(struct common_options *options, error **err)
{
    struct guest_list_hypervisor hypervisor = {.work = lookup_libvirt,
                                               .uri = options->connect,
                                               .uuids = options->uuids,
                                               .timeout = options->config.timeout};

    if (options->pending->len == 0 && options->lists->len == 0 && !options->pools) {
        if (!options->all_by_default)
            return error_set(err, ERROR_REFUSED,
                             "no image given: name one with -a, a libvirt guest with -d, a storage "
                             "pool with --pool, or a list of images with --images-from, of guests "
                             "with --guests-from");
        hypervisor.all = true;
    }
    if (finish_keys(options, err) < 0 || finish_consistent(options, &hypervisor, err) < 0)
        return -1;
    while (options->pending->len > 0)
        if (guest_list_add(options->guests, g_ptr_array_steal_index(options->pending, 0), err) < 0)
            return -1;
    options->added = NULL;
    guest_list_set_hypervisor(options->guests, &hypervisor);
    guest_list_set_shard(options->guests, &options->shard);
    if (options->resume)
        guest_list_set_skip(options->guests, was_answered, options->resume);
    return 0;
}

struct reading {
    struct common_options *options;
    popt_line_take take; /* the command's */
    void *data;
};

static int take_one(void *data, int code, const char *value, error **err)
{
    const struct reading *self = data;
    bool own = code >= COMMON_OPTIONS_COMMAND ||
               (code == POPT_LINE_ARGUMENT && self->options->own_arguments);
    int result = own ? self->take(self->data, code, value, err)
                     : take_common(self->options, code, value, err);

    return result < 0 ? -1 : self->options->show != SHOW_NOTHING;
}

int common_options_parse(struct common_options *options, int argc, char **argv,
                         struct poptOption *table, popt_line_take take, void *data, error **err)
{
    struct reading reading = {.options = options, .take = take, .data = data};

    options->pending = g_ptr_array_new_with_free_func((GDestroyNotify)guest_free);
    options->lists = g_ptr_array_new_with_free_func(g_free);
    options->guests = guest_list_new();
    if (!options->guests)
        return error_no_memory(err);
    if (popt_line_read(argc, argv, table, false, take_one, &reading, err) < 0)
        return -1;
    return options->show == SHOW_NOTHING ? finish(options, err) : 0;
}
