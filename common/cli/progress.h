/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A progress bar: one line that is drawn over itself, on the stream that the command gives it. */
#ifndef VLT_PROGRESS_H
#define VLT_PROGRESS_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

enum progress_mode {
    PROGRESS_AUTO,   /* when the stream is a terminal, and the work takes longer than two seconds */
    PROGRESS_ALWAYS, /* at once, on any stream */
    PROGRESS_NEVER
};

typedef struct progress progress;

/* to stays the caller's. The clock starts here. NULL: no memory. Every function takes NULL for a
 * bar that is never drawn. */
progress *progress_new(FILE *to, enum progress_mode mode);
void progress_free(progress *bar); /* hides it first */

/* total 0: not known yet. Draws at most ten times a second. */
void progress_update(progress *bar, uint64_t done, uint64_t total);

/* Takes the bar off the line, if it is there, so that something else can be printed. The next
 * update draws it again. */
void progress_hide(progress *bar);

/* The bar's text, at most `width` characters, as C string in buffer, which has more room than
 * width: "[#####.....] 500/1000 50% 12/s 0:42 left". elapsed is in microseconds. Pure. */
char *progress_text(uint64_t done, uint64_t total, uint64_t elapsed, unsigned width, char *buffer);

/* The same without a bar: "500/1000 50% 12/s 0:42 left". */
#define PROGRESS_FIGURES_MAX 128
char *progress_figures(uint64_t done, uint64_t total, uint64_t elapsed,
                       char buffer[PROGRESS_FIGURES_MAX]);

#endif
