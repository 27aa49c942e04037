/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that all commands share, and how a command line is read. Where there is no memory for
 * a list of it, GLib ends the process: nothing has been started yet.
 *
 * --format and --blocksize are positional, as in virt-df: they apply to the images and lists that
 * follow. So options and arguments are read in one pass, in the order in which they stand. */
#ifndef VLT_COMMON_OPTIONS_H
#define VLT_COMMON_OPTIONS_H

#include "guest/keys.h"
#include "popt-line.h"
#include "progress.h"
#include "resume.h"
#include "scan/supervisor.h"

#include <glib.h>

/* Exit statuses. Where several apply: 3, else 4, else 1. A passed threshold goes before failed
 * guests, because the user asked to be alerted to it, and failed guests are named on stderr. 3 goes
 * before it, because most guests were not scanned then. */
enum command_exit {
    COMMAND_OK = 0,
    COMMAND_GUEST_FAILED = 1, /* a guest failed, or its answer could not be written */
    COMMAND_USAGE = 2,        /* wrong usage; nothing was started */
    COMMAND_NO_APPLIANCE = 3,
    COMMAND_THRESHOLD = 4 /* a threshold was passed */
};

/* What to do instead of the command's work. */
enum common_options_show { SHOW_NOTHING, SHOW_HELP, SHOW_USAGE, SHOW_VERSION };

struct common_options {
    struct supervisor_config config; /* its strings are owned by this struct */
    guest_list *guests;              /* complete when common_options_parse() is done; owned */
    GPtrArray *lists;                /* char *, what --images-from and --guests-from named; owned */
    bool pools;                      /* --pool named one */
    enum progress_mode progress;
    enum common_options_show show;
    bool quiet, stats, verbose;
    key_list keys; /* what config.keys points to */
    bool keys_from_stdin;
    bool consistent;
    struct shard shard;
    resume *resume;   /* --resume; NULL: it was not given; owned */
    bool no_recovery; /* for the command's question */
    bool safe;        /* --filesystems=safe; for the command's question, too */
    bool null;        /* -0: entries of lists end in NUL */
    /* Set by the command before common_options_parse(): arguments are not images, but are passed to
     * the command's take function with the code POPT_LINE_ARGUMENT. */
    bool own_arguments;
    /* Set by the command, too: a command line without guests means all libvirt guests. */
    bool all_by_default;
    bool uuids; /* libvirt guests are named by their UUIDs */

    /* The state while a command line is read. */
    enum image_format format;
    unsigned block_size;
    GPtrArray *pending;  /* struct guest *, in order; owned */
    struct guest *added; /* the one that -a adds to, one of pending */
    char *appliance;     /* what config.appliance points to */
    char *snapshot;      /* what config.snapshot points to */
    char *connect;       /* -c; what the list's hypervisor points to */
};

/* For a command's table: { NULL, 0, POPT_ARG_INCLUDE_TABLE, common_options_popt, 0, "…", NULL }. */
extern struct poptOption common_options_popt[];

/* A command's own options have codes from here on. */
#define COMMON_OPTIONS_COMMAND 512

/* Fills in the defaults. Nothing is allocated. */
void common_options_init(struct common_options *options);
void common_options_clear(struct common_options *options);

/* Reads the command line. 0: options are complete, or options->show is set and the rest is to be
 * ignored. -1 and *err: wrong usage. table is the command's, with common_options_popt in it; take
 * reads one of its options, and returns 0 or -1. */
int common_options_parse(struct common_options *options, int argc, char **argv,
                         struct poptOption *table, popt_line_take take, void *data, error **err);

static inline void cleanup_common_options(struct common_options *options)
{
    common_options_clear(options);
}
#define AUTO_COMMON_OPTIONS CLEANUP(cleanup_common_options)

#endif
