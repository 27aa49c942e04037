/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The temporary directory of one run: sockets, the hypervisor's files, consoles. The next run
 * removes one that a killed run has left, and kills a QEMU that still works in it. */
#ifndef VLT_RUN_DIRECTORY_H
#define VLT_RUN_DIRECTORY_H

#include "sandbox.h"

typedef struct run_directory run_directory;

/* Makes BASE/virt-live-XXXXXX, where BASE is the first usable one of $XDG_RUNTIME_DIR (not root's),
 * $TMPDIR, /run and /dev/shm where they are a tmpfs, /tmp: usable is what can be written, has room
 * for an appliance's memory, and is short enough for the Unix sockets below it, whose paths go on
 * for up to socket_room bytes after it. (Memory, because an appliance has some forty directories
 * and files, made and removed.) What killed runs left is removed in all of them.
 * Locked as long as this process, or a child that keeps the descriptor, lives. NULL and *err. */
run_directory *run_directory_new(const struct sandbox *box, size_t socket_room, error **err);

/* The same for large files: in $TMPDIR or /var/tmp, neither of which should be a tmpfs. */
run_directory *run_directory_new_for_files(const struct sandbox *box, size_t socket_room,
                                           error **err);

/* Removes it. Only the process that made it should. */
void run_directory_free(run_directory *self);

const char *run_directory_path(const run_directory *self);

/* A new directory below it that belongs to the sandboxed user, 0700: "…/NAME". The caller's
 * string, or NULL and *err. */
char *run_directory_subdirectory(run_directory *self, const char *name, error **err);
int run_directory_remove_subdirectory(run_directory *self, const char *name); /* 0 or -errno */

#endif
