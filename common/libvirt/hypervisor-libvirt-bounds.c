/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resource limits of the appliance's QEMU. They are for what a guest makes QEMU do. A QEMU that was
 * taken over could write as many files as it likes, each within the bound. */
#include "hypervisor-libvirt-internal.h"

#include "base/cleanup.h"
#include "libvirt-root.h"
#include "process/pid-file.h"
#include <sys/resource.h>
#include <sys/stat.h>

/* An appliance's QEMU has 930 MiB of data besides its guest's memory (VmData; 256 of them for
 * translated code), and up to 512 MiB of stacks where it reads by threads. What is left is for the
 * images: tables that no header tells of (image-tables.c). */
#define DATA_MIB 2560

/* Its log. A guest can have a line written to it for each of its requests that make no sense. */
#define LOG_BYTES ((uint64_t)16 << 20)

/* What a format adds to the disk's own bytes: tables and bitmaps, most of them with the smallest
 * clusters, 512 bytes: 8 bytes each in a qcow2's L2 tables and 8 in its refcounts. */
#define OVERHEAD_PERCENT 5
#define OVERHEAD_BYTES ((uint64_t)64 << 20)

/* 0: it has ended, or is not ours to bound. */
static pid_t find(const libvirt_hypervisor *self)
{
    AUTO_FREE char *path = self->embedded ? libvirt_root_pid_path(self->root) : NULL;
    return path ? pid_file_read(path) : 0;
}

void hypervisor_libvirt_bound(const libvirt_hypervisor *self, const struct machine_spec *spec)
{
    struct rlimit limit;
    pid_t pid = find(self);
    uint64_t bytes = ((uint64_t)spec->memory_mib + DATA_MIB) << 20;
    if (pid <= 0)
        return;
    prlimit(pid, RLIMIT_DATA, &(struct rlimit){bytes, bytes}, NULL);
    if (!spec->settings || prlimit(pid, RLIMIT_FSIZE, NULL, &limit) < 0)
        return;
    if (limit.rlim_cur > LOG_BYTES)
        limit.rlim_cur = LOG_BYTES;
    prlimit(pid, RLIMIT_FSIZE, &limit, NULL);
}

/* How long the file of a writable disk may become: it may have data already that is the disk's no
 * more, in snapshots. */
static rlim_t longest(const struct image_chain *chain)
{
    struct stat st;
    uint64_t bytes = chain->size / 100 * (100 + OVERHEAD_PERCENT) + OVERHEAD_BYTES;
    if (chain->size == 0 || fstat(chain->layers[0].fd, &st) < 0 ||
        __builtin_add_overflow(bytes, (uint64_t)st.st_size, &bytes))
        return RLIM_INFINITY;
    return bytes;
}

int hypervisor_libvirt_let_write(const libvirt_hypervisor *self, const struct image_chain *chain,
                                 error **err)
{
    struct rlimit limit;
    rlim_t bytes = longest(chain);
    pid_t pid = find(self);
    if (pid <= 0)
        return 0;
    if (prlimit(pid, RLIMIT_FSIZE, NULL, &limit) == 0) {
        if (limit.rlim_cur >= bytes)
            return 0;
        limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
        if (prlimit(pid, RLIMIT_FSIZE, &limit, NULL) == 0)
            return 0;
    }
    return error_set_errno(err, ERROR_HOST, errno, "cannot let QEMU write to files of that size");
}
