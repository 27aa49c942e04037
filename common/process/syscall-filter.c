/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscall-filter.h"

#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Younger than libseccomp 2.5; their numbers are the same on every architecture. */
#define NR_FCHMODAT2 452
#define NR_SETXATTRAT 463
#define NR_REMOVEXATTRAT 466
#define NR_FILE_SETATTR 469

/* libvirt sets mode and owner of what it makes, which has them already, and takes no refusal: these
 * change nothing and return 0. */
static const int ignored[] = {SCMP_SYS(chmod),  SCMP_SYS(fchmod),  SCMP_SYS(fchmodat),
                              NR_FCHMODAT2,     SCMP_SYS(chown),   SCMP_SYS(fchown),
                              SCMP_SYS(lchown), SCMP_SYS(fchownat)};

/* What nothing reads after its process has ended need not outlive the machine. */
static const int syncs[] = {SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range)};

static const int refused[] = {
    /* what a file is besides its contents */
    SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr), NR_SETXATTRAT,
    SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr), NR_REMOVEXATTRAT,
    NR_FILE_SETATTR, SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat), SCMP_SYS(utimensat),
    /* other processes */
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(process_madvise),
    /* the kernel's larger interfaces, of which we use none */
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
    SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd)};

static void release(scmp_filter_ctx *filter)
{
    seccomp_release(*filter);
}
#define AUTO_FILTER CLEANUP(release) scmp_filter_ctx

/* The kernel looks at the lower half of an ioctl's number only. */
static int refuse_ioctl(scmp_filter_ctx filter, unsigned number)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, number));
}

static int refuse_terminal(scmp_filter_ctx filter)
{
    int result = refuse_ioctl(filter, TIOCSTI);
    return result < 0 ? result : refuse_ioctl(filter, TIOCLINUX);
}

/* A domain with something in its upper half is refused with the others. */
static int refuse_all(scmp_filter_ctx filter, bool io_uring, bool lasts)
{
    int result = refuse_terminal(filter);
    for (size_t i = 0; !lasts && result == 0 && i < sizeof syncs / sizeof *syncs; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), syncs[i], 0);
    for (size_t i = 0; result == 0 && i < sizeof ignored / sizeof *ignored; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), ignored[i], 0);
    for (size_t i = 0; result == 0 && i < sizeof refused / sizeof *refused; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    if (result == 0 && !io_uring)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0);
    return result;
}

static int load(scmp_filter_ctx filter, int made, error **err)
{
    int result = made < 0 ? made : seccomp_load(filter);
    return result < 0 ? error_set_errno(err, ERROR_HOST, -result, "cannot filter system calls") : 0;
}

int syscall_filter_terminal(error **err)
{
    AUTO_FILTER filter = seccomp_init(SCMP_ACT_ALLOW);
    return filter ? load(filter, refuse_terminal(filter), err) : error_no_memory(err);
}

int syscall_filter_install(bool io_uring, bool lasts, error **err)
{
    AUTO_FILTER filter = seccomp_init(SCMP_ACT_ALLOW);
    return filter ? load(filter, refuse_all(filter, io_uring, lasts), err) : error_no_memory(err);
}
