/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cleanup attributes for locals: a resource is released when its variable goes out of scope.
 *
 * Hand-over is visible at the call: `take(STEAL(path))` leaves path NULL, `take(steal_fd(&fd))`
 * leaves fd -1. Each module with an opaque type defines its own attribute beside its free function.
 */
#ifndef VLT_CLEANUP_H
#define VLT_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *where)
{
    free(*(void **)where);
}

/* Keeps errno, so that `return -errno` after a failure means that failure. */
static inline void cleanup_fd(int *fd)
{
    int saved = errno;
    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

static inline void cleanup_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static inline void cleanup_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

#define AUTO_FREE CLEANUP(cleanup_free)
#define AUTO_FD CLEANUP(cleanup_fd)
#define AUTO_FILE CLEANUP(cleanup_file)
#define AUTO_DIR CLEANUP(cleanup_dir)

/* The pointer's value; the variable itself becomes NULL. */
#define STEAL(pointer)                                                                             \
    __extension__({                                                                                \
        __typeof__(pointer) stolen_ = (pointer);                                                   \
        (pointer) = NULL;                                                                          \
        stolen_;                                                                                   \
    })

static inline int steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

#endif
