/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Computes the figures of a row from the agent's answer about a volume. Pure. */
#ifndef VDL_ROW_H
#define VDL_ROW_H

#include "appliance/slot-table.h"
#include "scan/question-df.h"
#include "scan/supervisor.h"

/* Bytes and inodes. */
struct figures {
    uint64_t size, used, available;
    uint64_t inodes, inodes_used, inodes_free;
};

/* A line of output: a volume; or, where volume is NULL, a guest without volumes or that failed; or,
 * where guest is NULL too, a sum. */
struct row {
    const struct guest *guest;
    const volume *volume;
    bool filled; /* figures mean something */
    struct figures figures;
    uint64_t filesystems; /* of a guest: those that figures are the sum of */
    const char *group;    /* of a sum: what its guests have in common; NULL: it is that of all */
    enum status status;
    const char *message; /* bytes as they came; NULL where there is none */
    size_t message_length;
};

/* What guests of one sum have in common. */
enum total_by { TOTAL_NONE, TOTAL_ALL, TOTAL_OWNER, TOTAL_DIRECTORY };

/* The sum of rows. */
struct totals {
    enum total_by by;
    const char *group; /* the owner or the directory; NULL: of all */
    uint64_t guests, filesystems;
    struct figures figures;
};

/* The row of a volume. It borrows from both. */
struct row row_of_volume(const struct guest *guest, const volume *v);
/* The row of the guest itself. */
struct row row_of_guest(const struct guest *guest, const scan_ret *result);
struct row row_of_totals(const struct totals *totals);

/* Figures above UINT64_MAX become UINT64_MAX. */
struct figures row_figures(const usage *u);
void row_figures_add(struct figures *sum, const struct figures *more);

/* "/dev/sda", "/dev/sda1", "/dev/vg/lv": as the guest has them; the bytes of a name as they came.
 * Returns buffer. */
#define ROW_DEVICE_MAX (MAX_VOLUME_NAME + 8)
char *row_device(const volume *v, char buffer[ROW_DEVICE_MAX]);

/* used of total, in percent; 0 where total is 0. */
unsigned row_percent_up(uint64_t used, uint64_t total); /* rounded up, as df does */
/* As virt-df computes it, in float, so that one decimal of it is the same figure. */
double row_percent_exact(uint64_t used, uint64_t total);
bool row_percent_above(uint64_t used, uint64_t total, unsigned limit);

#endif
