/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/landlock.h"

#include "base/file-tree.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the confined child does tells by its exit status what it was not able to. */
enum { DONE = 0, NOT_DONE = 1, NO_LANDLOCK = 77, NOT_CONFINED = 78 };

static char top[] = "/tmp/vlt-landlock.XXXXXX";
static char own[64], other[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(top + strlen(top) - 6, "XXXXXX");
    if (!mkdtemp(top))
        return -1;
    snprintf(own, sizeof own, "%s/own", top);
    snprintf(other, sizeof other, "%s/other", top);
    return mkdir(own, 0700) < 0 || mkdir(other, 0700) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return file_tree_remove(AT_FDCWD, top);
}

static int confined(int (*work)(const char *), const char *argument)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        int result = landlock_restrict((const char *const[]){own, NULL}, NULL);
        _exit(result < 0 ? NOT_CONFINED : result == 0 ? NO_LANDLOCK : work(argument));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_LANDLOCK)
        skip();
    return WEXITSTATUS(status);
}

/* A path below one of the two. */
static const char *below(const char *directory, const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static int make_file(const char *path)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd < 0 || write(fd, "x", 1) != 1 ? NOT_DONE : DONE;
}

static int read_file(const char *path)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? NOT_DONE : DONE;
}

static int remove_file(const char *path)
{
    return unlink(path) < 0 ? NOT_DONE : DONE;
}

static int write_null(const char *path)
{
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 || write(fd, "x", 1) != 1 ? NOT_DONE : DONE;
}

static void its_own_directory_can_be_written(void **state)
{
    (void)state;
    assert_int_equal(confined(make_file, below(own, "file")), DONE);
    assert_int_equal(confined(remove_file, below(own, "file")), DONE);
}

static void nothing_else_can_be_written_or_removed(void **state)
{
    (void)state;
    assert_int_equal(make_file(below(other, "file")), DONE);
    assert_int_equal(confined(make_file, below(other, "file")), NOT_DONE);
    assert_int_equal(confined(make_file, below(other, "new")), NOT_DONE);
    assert_int_equal(confined(remove_file, below(other, "file")), NOT_DONE);
}

static void everything_can_be_read(void **state)
{
    (void)state;
    assert_int_equal(make_file(below(other, "file")), DONE);
    assert_int_equal(confined(read_file, below(other, "file")), DONE);
}

static void devices_are_as_they_were(void **state)
{
    (void)state;
    assert_int_equal(confined(write_null, "/dev/null"), DONE);
}

static int shell(const char *command)
{
    execl("/bin/sh", "sh", "-c", command, NULL);
    return NOT_DONE;
}

static void what_it_starts_is_confined_too(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "echo x > %s/file && ! echo x 2>&- > %s/file", own, other);
    assert_int_equal(confined(shell, command), DONE);
}

/* A parent's signal 0 is asked for: the kernel says whether it would be sent. */
static int signal_parent(const char *unused)
{
    (void)unused;
    return kill(getppid(), 0) < 0 ? NOT_DONE : DONE;
}

static int connect_tcp(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)atoi(port))};
    AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno == EACCES
               ? NOT_DONE
               : DONE;
}

/* The kernel here may have no rules for these: then they are as before, which is no failure. */
static void processes_outside_and_the_network_are_out_of_reach(void **state)
{
    (void)state;
    int signals = confined(signal_parent, NULL), network = confined(connect_tcp, "9");
    if (signals == DONE || network == DONE)
        skip(); /* Linux before 6.12, 6.7 */
    assert_int_equal(signals, NOT_DONE);
    assert_int_equal(network, NOT_DONE);
}

static void a_path_that_is_not_there_allows_nothing(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        int result = landlock_restrict((const char *const[]){below(top, "absent"), NULL}, NULL);
        _exit(result < 0    ? NOT_CONFINED
              : result == 0 ? NO_LANDLOCK
                            : make_file(below(own, "file")));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WEXITSTATUS(status) == NO_LANDLOCK)
        skip();
    assert_int_equal(WEXITSTATUS(status), NOT_DONE);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(its_own_directory_can_be_written),
        T(nothing_else_can_be_written_or_removed),
        T(everything_can_be_read),
        T(devices_are_as_they_were),
        T(what_it_starts_is_confined_too),
        T(processes_outside_and_the_network_are_out_of_reach),
        T(a_path_that_is_not_there_allows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
