/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/child-setup.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { FIRST = 40, KEPT = 44, LAST = 60 };

/* From here on the kernel refuses both. */
static int refuse(unsigned call, unsigned other)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, other, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0
               ? -1
               : 0;
}

/* 0: what was kept is open, and nothing else. */
static int close_in_child(void)
{
    const int kept[] = {KEPT};

    for (int fd = FIRST; fd <= LAST; fd++)
        if (dup2(STDERR_FILENO, fd) < 0)
            return 1;
    if (child_setup_close_others(kept, 1) < 0)
        return 2;
    for (int fd = STDERR_FILENO + 1; fd <= LAST; fd++)
        if ((fcntl(fd, F_GETFD) >= 0) != (fd == KEPT))
            return 3;
    return fcntl(STDERR_FILENO, F_GETFD) < 0 ? 4 : 0;
}

static void assert_child_ends_well(int (*run)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(run());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void everything_else_is_closed(void **state)
{
    (void)state;
    assert_child_ends_well(close_in_child);
}

static int close_without_close_range(void)
{
    return refuse(SYS_close_range, SYS_close_range) < 0 ? 9 : close_in_child();
}

static void so_it_is_where_the_kernel_has_no_call_for_it(void **state)
{
    (void)state;
    assert_child_ends_well(close_without_close_range);
}

static int fail_to_close(void)
{
    return refuse(SYS_close_range, SYS_openat) < 0 || child_setup_close_others(NULL, 0) != -EPERM;
}

static void what_cannot_be_closed_is_said(void **state)
{
    (void)state;
    assert_child_ends_well(fail_to_close);
}

static int tell_parent(void *data)
{
    const int *fd = data;
    pid_t parent = getppid();

    return write(*fd, &parent, sizeof parent) == (ssize_t)sizeof parent ? 0 : 1;
}

static void an_orphan_is_no_child_of_ours(void **state)
{
    pid_t parent = getpid();
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(child_setup_fork_orphan(tell_parent, &ends[1], NULL), 0);
    close(ends[1]);
    assert_int_equal(read(ends[0], &parent, sizeof parent), sizeof parent);
    assert_int_not_equal(parent, getpid());
    close(ends[0]);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(everything_else_is_closed),
        T(so_it_is_where_the_kernel_has_no_call_for_it),
        T(what_cannot_be_closed_is_said),
        T(an_orphan_is_no_child_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
