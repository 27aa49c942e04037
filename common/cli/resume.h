/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --resume: which guests an earlier --json output has answered for. It may be cut off anywhere. A
 * guest is known by its place in the list, its name and its images. It takes some 100 bytes of
 * memory for each guest (measured: 93, with 400,000 of them). Where there is no memory, GLib ends
 * the process. */
#ifndef VLT_RESUME_H
#define VLT_RESUME_H

#include "guest/guest.h"

typedef struct resume resume;

/* Reads a file. NULL and *err: it cannot be read, or there is something in it and no line is JSON.
 */
resume *resume_read(const char *path, error **err);
void resume_free(resume *self); /* NULL is fine */

/* Whether the guest, which has its number, was answered for. */
bool resume_has(const resume *self, const struct guest *guest);

#endif
