/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands as processes of their own: a script's VANISH and PAUSE are theirs (fake-hypervisor.h).
 */
#ifndef VLT_TEST_HOSTS_H
#define VLT_TEST_HOSTS_H

#include <sys/types.h>

/* Runs in the child; returns the exit status, 0: success. It must not use assert_…(): cmocka would
 * go on with the next test in the child. */
typedef int (*host_work)(void *data);

enum host_end {
    HOST_DONE,
    HOST_FAILED, /* any other exit status */
    HOST_KILLED,
    HOST_STOPPED /* stopped: kill it, or send SIGCONT, and wait again */
};

pid_t host_start(host_work work, void *data);
/* Until it ends or stops. Kills it and fails the test after 10 s. */
enum host_end host_wait(pid_t pid);
enum host_end host_run(host_work work, void *data); /* both */

/* In a test's main(), before the first host: appliances that hosts leave become its children. */
void hosts_adopt(void);

/* For use in host_work: prints what is false, and returns 1. */
#define HOST_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("%s:%d: false in a host: %s\n", __FILE__, __LINE__, #condition);           \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

#endif
