/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes and the warden above them. What each does is told through shared memory. */
#include "process/warden.h"

#include "base/clock.h"
#include "process/child-list.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

struct shared {
    atomic_int worker, daemon, warden; /* pids */
    atomic_int cleaned;                /* by this pid */
    atomic_int open_files;             /* that the worker has */
    int exit_code;
    bool stay;
};

static int set_up(void **state)
{
    void *map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    *state = map;
    return map == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
    munmap(*state, sizeof(struct shared));
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 0 : -1;
}

static void wait_for(const atomic_int *value)
{
    for (int i = 0; i < 30000 && *value == 0; i++)
        usleep(1000);
    assert_int_not_equal(*value, 0);
}

/* Whether it vanishes; zombies of ours are reaped on the way. */
static bool vanishes(pid_t pid)
{
    uint64_t deadline = clock_now() + 30 * CLOCK_SECOND;
    while (kill(pid, 0) == 0 && clock_now() < deadline) {
        waitpid(pid, NULL, WNOHANG);
        usleep(1000);
    }
    return kill(pid, 0) < 0 && errno == ESRCH;
}

/* As a QEMU that has become a daemon: a session of its own, no parent, deaf to SIGTERM. */
static void leave_daemon(struct shared *shared)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        shared->daemon = getpid();
        alarm(120);
        for (;;)
            pause();
    }
    waitpid(child, NULL, 0);
    wait_for(&shared->daemon);
}

static int work(void *data)
{
    struct shared *shared = data;
    shared->warden = getppid();
    leave_daemon(shared);
    shared->worker = getpid();
    alarm(120);
    while (shared->stay)
        pause();
    return shared->exit_code;
}

static void clean_up(void *data)
{
    struct shared *shared = data;
    shared->cleaned = getpid();
}

static pid_t start(struct shared *shared)
{
    pid_t pid = warden_start(work, clean_up, shared, NULL, 0, NULL);
    assert_true(pid > 0);
    wait_for(&shared->worker);
    assert_int_equal(shared->warden, pid);
    return pid;
}

static void assert_all_gone(const struct shared *shared)
{
    assert_true(vanishes(shared->worker));
    assert_true(vanishes(shared->daemon));
    assert_true(vanishes(shared->warden));
}

static void what_a_worker_leaves_behind_ends_with_it(void **state)
{
    struct shared *shared = *state;
    int status;
    shared->exit_code = 7;
    pid_t pid = start(shared);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_all_gone(shared);
    assert_int_equal(shared->cleaned, pid);
}

static void a_killed_worker_is_cleaned_up_after(void **state)
{
    struct shared *shared = *state;
    int status;
    shared->stay = true;
    pid_t pid = start(shared);
    kill(shared->worker, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_all_gone(shared);
    assert_int_equal(shared->cleaned, pid);
}

static void sigterm_to_the_warden_ends_everything(void **state)
{
    struct shared *shared = *state;
    shared->stay = true;
    pid_t pid = start(shared);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_all_gone(shared);
    assert_int_equal(shared->cleaned, pid);
}

/* The daemon is then ours, the supervisor's, to end: it is a subreaper. */
static void a_killed_warden_takes_the_worker_with_it(void **state)
{
    struct shared *shared = *state;
    shared->stay = true;
    pid_t pid = start(shared);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(vanishes(shared->worker));
    assert_int_equal(kill(shared->daemon, 0), 0);
    child_list_end();
    assert_all_gone(shared);
}

static void a_killed_supervisor_takes_everything_with_it(void **state)
{
    struct shared *shared = *state;
    shared->stay = true;
    pid_t supervisor = fork();
    if (supervisor == 0) {
        warden_start(work, clean_up, shared, NULL, 0, NULL);
        for (;;)
            pause();
    }
    wait_for(&shared->worker);
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    assert_all_gone(shared);
    assert_int_equal(shared->cleaned, shared->warden);
}

static void a_supervisor_that_exits_takes_everything_with_it(void **state)
{
    struct shared *shared = *state;
    shared->stay = true;
    pid_t supervisor = fork();
    if (supervisor == 0) {
        warden_start(work, clean_up, shared, NULL, 0, NULL);
        wait_for(&shared->worker);
        _exit(0);
    }
    waitpid(supervisor, NULL, 0);
    assert_all_gone(shared);
}

/* As a command that starts a daemon: it has a warden only until that is up. */
static pid_t start_outlived(struct shared *shared)
{
    const struct warden_task task = {work, shared, NULL, 0, .outlived = true};
    pid_t self = getpid(), pid = warden_fork();
    if (pid == 0)
        _exit(warden_watch(&task, self));
    assert_true(pid > 0);
    wait_for(&shared->worker);
    return pid;
}

static void a_daemon_that_came_up_outlives_the_warden(void **state)
{
    struct shared *shared = *state;
    int status;
    pid_t pid = start_outlived(shared);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(kill(shared->daemon, 0), 0);
    kill(shared->daemon, SIGKILL);
    assert_all_gone(shared);
}

static void a_daemon_whose_start_failed_ends_with_the_warden(void **state)
{
    struct shared *shared = *state;
    int status;
    shared->exit_code = 3;
    pid_t pid = start_outlived(shared);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_all_gone(shared);
}

static void a_daemon_whose_start_is_interrupted_ends_with_the_warden(void **state)
{
    struct shared *shared = *state;
    int status;
    shared->stay = true;
    pid_t pid = start_outlived(shared);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_all_gone(shared);
}

/* A signal that is ignored is lost, unless it is blocked. */
static void a_warden_that_is_told_to_end_at_once_does_so(void **state)
{
    struct shared *shared = *state;
    const struct warden_task task = {work, shared, NULL, 0, .outlived = true};
    int status;
    shared->stay = true;
    signal(SIGTERM, SIG_IGN);
    pid_t self = getpid(), pid = warden_fork();
    if (pid == 0) {
        raise(SIGTERM);
        _exit(warden_watch(&task, self));
    }
    signal(SIGTERM, SIG_DFL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 1);
    if (shared->worker != 0)
        assert_all_gone(shared);
}

static int count_files(void *data)
{
    struct shared *shared = data;
    int count = 0;
    for (int fd = 3; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    shared->open_files = count;
    return fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 ? 0 : 1;
}

static void a_worker_has_no_descriptors_but_those_it_is_given(void **state)
{
    struct shared *shared = *state;
    int keep[2], other[2], status;
    assert_int_equal(pipe(other), 0);
    assert_int_equal(pipe(keep), 0);
    pid_t pid = warden_start(count_files, clean_up, shared, (int[]){keep[1], keep[0]}, 2, NULL);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(shared->open_files, 2);
    for (int i = 0; i < 2; i++) {
        close(keep[i]);
        close(other[i]);
    }
}

static int look_at_signals(void *data)
{
    sigset_t mask;
    struct sigaction action;
    (void)data;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigaction(SIGINT, NULL, &action);
    return sigismember(&mask, SIGTERM) || action.sa_handler != SIG_DFL || getpgrp() != getpid();
}

static void a_worker_has_default_signals_and_a_group_of_its_own(void **state)
{
    sigset_t block;
    int status;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    signal(SIGINT, SIG_IGN);
    pid_t pid = warden_start(look_at_signals, clean_up, *state, NULL, 0, NULL);
    waitpid(pid, &status, 0);
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    signal(SIGINT, SIG_DFL);
    assert_int_equal(status, 0);
}

static int do_nothing(void *data)
{
    (void)data;
    return 0;
}

static void clean_up_when_told(void *data)
{
    struct shared *shared = data;
    wait_for(&shared->daemon);
}

/* The supervisor hears of its worker's end from the socket: no other process may hold it. */
static void the_warden_does_not_hold_the_sockets(void **state)
{
    struct shared *shared = *state;
    int pair[2], status;
    char byte;
    assert_int_equal(pipe(pair), 0);
    pid_t pid = warden_start(do_nothing, clean_up_when_told, shared, &pair[1], 1, NULL);
    close(pair[1]);
    assert_int_equal(read(pair[0], &byte, 1), 0);
    shared->daemon = 1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    close(pair[0]);
}

int main(void)
{
#define WARDED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WARDED(what_a_worker_leaves_behind_ends_with_it),
        WARDED(a_killed_worker_is_cleaned_up_after),
        WARDED(sigterm_to_the_warden_ends_everything),
        WARDED(a_killed_warden_takes_the_worker_with_it),
        WARDED(a_killed_supervisor_takes_everything_with_it),
        WARDED(a_supervisor_that_exits_takes_everything_with_it),
        WARDED(a_daemon_that_came_up_outlives_the_warden),
        WARDED(a_daemon_whose_start_failed_ends_with_the_warden),
        WARDED(a_daemon_whose_start_is_interrupted_ends_with_the_warden),
        WARDED(a_warden_that_is_told_to_end_at_once_does_so),
        WARDED(a_worker_has_no_descriptors_but_those_it_is_given),
        WARDED(a_worker_has_default_signals_and_a_group_of_its_own),
        WARDED(the_warden_does_not_hold_the_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
