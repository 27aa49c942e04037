/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images as `attach` and `launch` take them. */
#ifndef VHP_DISK_OPTIONS_H
#define VHP_DISK_OPTIONS_H

#include "appliance/disk-record.h"
#include "command-line.h"

/* What stands on the command line; the strings are popt's. */
struct disk_options {
    char *format, *block_size, *backing;
    char *transient_size;
    int writable, transient;
};

#define DISK_OPTIONS(where)                                                                        \
    {"rw", 0, POPT_ARG_NONE, &(where).writable, 0, "what is written goes into the image", NULL},   \
        {"transient",                                                                              \
         0,                                                                                        \
         POPT_ARG_NONE,                                                                            \
         &(where).transient,                                                                       \
         0,                                                                                        \
         "it can be written, and what is written is lost when it is detached",                     \
         NULL},                                                                                    \
        {"transient-size",                                                                         \
         0,                                                                                        \
         POPT_ARG_STRING,                                                                          \
         &(where).transient_size,                                                                  \
         0,                                                                                        \
         "room for that, on the host (default 1024)",                                              \
         "MIB"},                                                                                   \
        {"format",                                                                                 \
         0,                                                                                        \
         POPT_ARG_STRING,                                                                          \
         &(where).format,                                                                          \
         0,                                                                                        \
         "the image's format (default: detect; raw is asserted for writing by naming it)",         \
         "raw|qcow2|..."},                                                                         \
        {"blocksize", 0, POPT_ARG_STRING, &(where).block_size, 0, "logical sector (default 512)",  \
         "512|4096"},                                                                              \
    {                                                                                              \
        "backing", 0, POPT_ARG_STRING, &(where).backing, 0,                                        \
            "which other files an image may name (default same-dir)", "deny|same-dir|allow"        \
    }

/* 0; -1 and *err: wrong usage. */
int disk_options_check(const struct disk_options *options, error **err);

/* The image and what it names, opened; after disk_options_check(). NULL and *err. */
struct image_chain *disk_options_open(const char *image, const struct disk_options *options,
                                      error **err);
enum disk_mode disk_options_mode(const struct disk_options *options);
unsigned disk_options_block_size(const struct disk_options *options);

/* "/dev/sdb" on stdout. */
void disk_options_print_device(unsigned slot);

#endif
