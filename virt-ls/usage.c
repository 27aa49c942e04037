/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usage.h"

#include "cli/option-values.h"

#include <string.h>
#include <time.h>

enum code {
    OPT_LONG = COMMON_OPTIONS_COMMAND,
    OPT_RECURSIVE,
    OPT_CSV,
    OPT_JSON,
    OPT_HUMAN,
    OPT_CHECKSUM,
    OPT_EXTRA,
    OPT_TIMES,
    OPT_TIME_T,
    OPT_TIME_RELATIVE,
    OPT_TIME_DAYS,
    OPT_UIDS,
    OPT_MOUNT
};

#define FLAG POPT_ARG_NONE
#define ALIAS (POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN)
#define MAYBE_VALUE (POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL)

struct poptOption usage_table[] = {
    {"long", 'l', FLAG, NULL, OPT_LONG, "as ls -la; with -R: see the manual page", NULL},
    {"recursive", 'R', FLAG, NULL, OPT_RECURSIVE, "all that is below, too", NULL},
    {"csv", 0, FLAG, NULL, OPT_CSV, "write CSV (-lR)", NULL},
    {"json", 0, FLAG, NULL, OPT_JSON, "write JSON Lines: all that is known", NULL},
    {"human-readable", 'h', FLAG, NULL, OPT_HUMAN, "sizes in powers of 1024 (-lR)", NULL},
    {"checksum", 0, MAYBE_VALUE, NULL, OPT_CHECKSUM,
     "of regular files: crc, md5 (default), sha1, sha224, sha256, sha384, sha512 (-lR, "
     "JSON)",
     "TYPE"},
    {"extra-stats", 0, FLAG, NULL, OPT_EXTRA, "device, inode, links, blocks (-lR)", NULL},
    {"times", 0, FLAG, NULL, OPT_TIMES, "of access, modification, status change (-lR)", NULL},
    {"time-t", 0, FLAG, NULL, OPT_TIME_T, "times as seconds since 1970", NULL},
    {"time-relative", 0, FLAG, NULL, OPT_TIME_RELATIVE, "times as seconds before now", NULL},
    {"time-days", 0, FLAG, NULL, OPT_TIME_DAYS, "times as days before now", NULL},
    {"uids", 0, FLAG, NULL, OPT_UIDS, "numbers of user and group (-lR)", NULL},
    {"mount", 'm', POPT_ARG_STRING, NULL, OPT_MOUNT,
     "DEV[:MNT[:OPTIONS[:FSTYPE]]]: mount DEV at MNT (default /), instead of looking for an "
     "operating system",
     "DEV[:MNT...]"},
    /* virt-ls takes these too. */
    {"checksums", 0, MAYBE_VALUE | POPT_ARGFLAG_DOC_HIDDEN, NULL, OPT_CHECKSUM, "", NULL},
    {"extra-stat", 0, ALIAS, NULL, OPT_EXTRA, "", NULL},
    {"time", 0, ALIAS, NULL, OPT_TIMES, "", NULL},
    {"uid", 0, ALIAS, NULL, OPT_UIDS, "", NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, common_options_popt, 0, "Options of all commands:", NULL},
    POPT_TABLEEND};

/* --- the question --- */

/* opaque<> of the .x files. */
static int copy(const char *text, size_t length, size_t maximum, const char *what, u_int *to_length,
                char **to, error **err)
{
    if (length > maximum)
        return error_set(err, ERROR_REFUSED, "%s is longer than %zu bytes", what, maximum);
    *to = strndup(text, length);
    if (!*to)
        return error_no_memory(err);
    *to_length = (u_int)length;
    return 0;
}

static int take_directory(struct ls_options *options, const char *path, error **err)
{
    ls_args *ls = &options->asked.args;
    u_int count = ls->directories.directories_len;

    if (path[0] != '/')
        return error_set(err, ERROR_REFUSED,
                         "%s: a directory in the guest must begin with /; images are named with -a",
                         path[0] ? path : "\"\"");
    if (count == MAX_DIRECTORIES)
        return error_set(err, ERROR_REFUSED, "more than %d directories", MAX_DIRECTORIES);
    ls_directory *list = reallocarray(ls->directories.directories_val, count + 1, sizeof *list);
    if (!list)
        return error_no_memory(err);
    ls->directories.directories_val = list;
    list[count] = (ls_directory){0};
    ls->directories.directories_len++;
    return copy(path, strlen(path), MAX_PATH, "a directory's path", &list[count].path.path_len,
                &list[count].path.path_val, err);
}

/* The part of *rest up to a colon; *rest is what stands behind it, NULL: nothing. */
static size_t split(const char **rest)
{
    const char *colon = strchr(*rest, ':');
    size_t length = colon ? (size_t)(colon - *rest) : strlen(*rest);

    *rest = colon ? colon + 1 : NULL;
    return length;
}

static int fill_mount(ls_mount *mount, const char *text, error **err)
{
    const char *device = text, *rest = text;
    size_t length = split(&rest);

    if (length == 0)
        return error_set(err, ERROR_REFUSED, "no device is named");
    if (copy(device, length, MAX_DEVICE_NAME, "the device", &mount->device.device_len,
             &mount->device.device_val, err) < 0)
        return -1;
    const char *point = rest ? rest : "/";
    length = rest ? split(&rest) : 1;
    if (length > 0 && point[0] != '/')
        return error_set(err, ERROR_REFUSED, "%.*s does not begin with /", (int)length, point);
    if (copy(length ? point : "/", length ? length : 1, MAX_PATH, "the directory",
             &mount->mountpoint.mountpoint_len, &mount->mountpoint.mountpoint_val, err) < 0)
        return -1;
    const char *how = rest ? rest : "";
    length = rest ? split(&rest) : 0;
    if (copy(how, length, MAX_MOUNT_OPTIONS, "the options", &mount->options.options_len,
             &mount->options.options_val, err) < 0)
        return -1;
    const char *type = rest ? rest : "";
    return copy(type, strlen(type), MAX_FSTYPE, "the filesystem's type", &mount->fstype.fstype_len,
                &mount->fstype.fstype_val, err);
}

static int take_mount(struct ls_options *options, const char *text, error **err)
{
    ls_args *ls = &options->asked.args;
    u_int count = ls->mounts.mounts_len;

    if (count == MAX_MOUNTS)
        return error_set(err, ERROR_REFUSED, "more than %d times -m", MAX_MOUNTS);
    ls_mount *list = reallocarray(ls->mounts.mounts_val, count + 1, sizeof *list);
    if (!list)
        return error_no_memory(err);
    ls->mounts.mounts_val = list;
    list[count] = (ls_mount){0};
    ls->mounts.mounts_len++;
    if (fill_mount(&list[count], text, err) < 0)
        return error_prefix(err, "-m %s", text);
    return 0;
}

static int take_checksum(struct ls_options *options, const char *word, error **err)
{
    static const char *const words[] = {"crc",    "md5",    "sha1",  "sha224",
                                        "sha256", "sha384", "sha512"};
    unsigned chosen = LS_MD5 - LS_CRC;

    if (word && *word &&
        option_value_choose("--checksum", word, words, sizeof words / sizeof words[0], &chosen,
                            err) < 0)
        return -1;
    options->style.checksum = (enum ls_checksum)(LS_CRC + chosen);
    return 0;
}

/* --- the command line --- */

static const struct option_flag flags[] = {
    {OPT_LONG, offsetof(struct ls_options, listing)},
    {OPT_RECURSIVE, offsetof(struct ls_options, recursive)},
    {OPT_CSV, offsetof(struct ls_options, style.csv)},
    {OPT_JSON, offsetof(struct ls_options, json)},
    {OPT_HUMAN, offsetof(struct ls_options, style.human)},
    {OPT_EXTRA, offsetof(struct ls_options, style.extra)},
    {OPT_TIMES, offsetof(struct ls_options, style.times)},
    {OPT_UIDS, offsetof(struct ls_options, style.uids)},
};

static void take_time(struct ls_style *style, int code)
{
    style->times = true;
    style->time = code == OPT_TIME_T          ? TIME_T
                  : code == OPT_TIME_RELATIVE ? TIME_RELATIVE
                                              : TIME_DAYS;
}

static int take(void *data, int code, const char *value, error **err)
{
    struct ls_options *options = data;

    if (option_value_flag(flags, sizeof flags / sizeof flags[0], code, options))
        return 0;
    switch (code) {
    case POPT_LINE_ARGUMENT:
        return take_directory(options, value, err);
    case OPT_MOUNT:
        return take_mount(options, value, err);
    case OPT_CHECKSUM:
        return take_checksum(options, value, err);
    default:
        take_time(&options->style, code);
        return 0;
    }
}

static enum ls_form form_of(const struct ls_options *options)
{
    if (options->json)
        return FORM_JSON;
    if (options->listing)
        return options->recursive ? FORM_TREE : FORM_LONG;
    return FORM_NAMES;
}

/* Options that contradict each other, or mean nothing. */
static int check(const struct ls_options *options, error **err)
{
    const struct ls_style *style = &options->style;
    bool tree = options->listing && options->recursive, date = style->time != TIME_DATE;
    const struct {
        bool wrong;
        const char *what, *why;
    } checks[] = {
        {style->csv && style->human, "-h and --csv", "cannot be used together"},
        {style->csv && options->json, "--csv and --json", "cannot be used together"},
        {style->human && options->json, "-h and --json", "cannot be used together"},
        {date && options->json, "--time-... and --json", "cannot be used together"},
        {!tree && style->csv, "--csv", "is for -lR only"},
        {!tree && style->human, "-h", "is for -lR only"},
        {!tree && !options->json && style->checksum != LS_NO_CHECKSUM, "--checksum",
         "is for -lR and --json only"},
        {!tree && !options->json && style->extra, "--extra-stats", "is for -lR only"},
        {!tree && !options->json && style->times, "--times and --time-...", "are for -lR only"},
        {!tree && !options->json && style->uids, "--uids", "is for -lR only"},
        {options->asked.args.directories.directories_len == 0,
         "no directory given:", "name one, such as /"},
    };

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].wrong)
            return error_set(err, ERROR_REFUSED, "%s %s", checks[i].what, checks[i].why);
    return 0;
}

static int finish(struct ls_options *options, error **err)
{
    struct ls_style *style = &options->style;
    ls_args *ls = &options->asked.args;

    style->form = form_of(options);
    /* A shard prints what the whole list would have printed of it. */
    style->many = options->common.lists->len > 0 || options->common.pools ||
                  guest_list_numbered(options->common.guests) > 1;
    style->null = options->common.null && !style->csv && !options->json;
    style->escape = !style->null && !options->json && isatty(STDOUT_FILENO);
    style->now = (int64_t)time(NULL);
    ls->checksum = style->checksum;
    ls->as_is = options->common.no_recovery;
    ls->fragile = options->common.safe ? FRAGILE_REFUSED : FRAGILE_ELSEWHERE;
    ls->dots = style->form == FORM_LONG;
    ls->names_only = style->form == FORM_NAMES;
    if (options->recursive)
        ls->order = style->form == FORM_NAMES ? LS_PATHS : LS_TREE;
    if (xdr_sizeof((xdrproc_t)xdr_ls_args, ls) > QUESTION_MAX)
        return error_set(err, ERROR_REFUSED, "directories and -m have more than %d bytes together",
                         QUESTION_MAX);
    options->common.config.question = (struct question){&question_ls, &options->asked};
    return 0;
}

int usage_parse(struct ls_options *options, int argc, char **argv, error **err)
{
    *options = (struct ls_options){0};
    common_options_init(&options->common);
    options->common.own_arguments = true;
    if (common_options_parse(&options->common, argc, argv, usage_table, take, options, err) < 0)
        return -1;
    if (options->common.show != SHOW_NOTHING)
        return 0;
    return check(options, err) < 0 ? -1 : finish(options, err);
}

void usage_clear(struct ls_options *options)
{
    xdr_free((xdrproc_t)xdr_ls_args, &options->asked.args);
    options->asked = (struct question_ls_asked){0};
    common_options_clear(&options->common);
}

void usage_help(FILE *to)
{
    fputs("\nExit status: 0 every directory of every guest was listed, 1 some was not,\n"
          "2 wrong usage, 3 no appliance could be started.\n"
          "With -0 lines of output end in NUL too (not those of --csv and --json).\n",
          to);
}
