/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "confinement.h"

#include "landlock.h"
#include "syscall-filter.h"
#include <sys/resource.h>

int confinement_restrict(const char *const *writable, bool lasts, error **err)
{
    if (landlock_restrict(writable, err) < 0)
        return -1;
    /* Where this is no ordinary user, who owns files, and there is no network, nothing is left that
     * io_uring could do behind the filter's back. */
    return syscall_filter_install(sandbox_has_no_network(), lasts, err);
}

int confinement_enter(const struct sandbox *box, const char *const *writable, bool lasts,
                      error **err)
{
    sandbox_leave_network(box);
    return sandbox_enter(box, err) < 0 ? -1 : confinement_restrict(writable, lasts, err);
}

int confinement_bound_files(uint64_t bytes, error **err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot bound the size of files");
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < bytes)
        bytes = limit.rlim_max;
    limit = (struct rlimit){bytes, bytes};
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot bound the size of files");
    return 0;
}
