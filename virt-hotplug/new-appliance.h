/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts a new appliance, which then waits for the next command. */
#ifndef VHP_NEW_APPLIANCE_H
#define VHP_NEW_APPLIANCE_H

#include "appliance-directory.h"
#include "appliance/disk-record.h"

struct new_appliance {
    const char *name, *directory, *uri; /* or NULL */
    const char *accel;                  /* "kvm", "tcg", or NULL: what works */
    unsigned memory_mib;                /* 0: the default */
    struct launch_settings settings;

    /* At the first slots. */
    char *const *images;
    struct image_chain **chains; /* owned */
    unsigned image_count;
    unsigned block_size;
    enum disk_mode mode;

    struct sandbox box; /* chosen by new_appliance_start() */
};

/* 0 and the locked *directory, which is the caller's; 1: signal_fd is readable, and nothing is
 * left; -1 and *err, and nothing is left. */
int new_appliance_start(struct new_appliance *start, int signal_fd, appliance_directory **directory,
                        error **err);
void new_appliance_clear(struct new_appliance *start);

/* A connection that keeps the appliance from being idle; -1: none could be made. */
int new_appliance_hold(const appliance_directory *directory, const struct sandbox *box);

#endif
