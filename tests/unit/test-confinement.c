/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keeps a worker and its QEMU in, tried from within. */
#include "process/confinement.h"

#include "base/file-tree.h"
#include "lib/intruder.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

static char top[] = "/tmp/vlt-confinement.XXXXXX";
static char own[64], outside[64];

/* Root's sandbox is another user, an ordinary user's is himself. Root tries both. */
static const struct sandbox other_user = {.drop = true, .uid = 65534, .gid = 65534};
static struct sandbox same_user(void)
{
    return (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
}

static int make_file_for(const struct sandbox *box, const char *path)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    return fd < 0 || fchmod(fd, 0666) < 0 || (box->drop && fchown(fd, box->uid, box->gid) < 0) ? -1
                                                                                               : 0;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(top + strlen(top) - 6, "XXXXXX");
    if (!mkdtemp(top) || chmod(top, 0711) < 0)
        return -1;
    snprintf(own, sizeof own, "%s/own", top);
    snprintf(outside, sizeof outside, "%s/outside", top);
    return mkdir(own, 0700);
}

static int tear_down(void **state)
{
    (void)state;
    return file_tree_remove(AT_FDCWD, top);
}

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

/* What it says that it could do. */
static char *try_inside(const struct sandbox *box)
{
    int ends[2], status;
    static char said[1024];
    assert_int_equal(make_file_for(box, outside), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        FILE *to = fdopen(ends[1], "w");
        setsid();
        if (confinement_enter(box, (const char *const[]){own, NULL}, true, NULL) < 0)
            _exit(2);
        intruder_try(outside, sandbox_has_no_network(), to);
        fflush(to);
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length < sizeof said - 1 &&
                      (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
        length += (size_t)got;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return said;
}

static void nothing_works_as_roots_sandbox_user(void **state)
{
    (void)state;
    if (geteuid() != 0 || !has_landlock()) {
        print_message("skipped: needs root and a kernel with Landlock\n");
        skip();
    }
    assert_string_equal(try_inside(&other_user), "");
}

static void nothing_works_as_an_ordinary_user(void **state)
{
    struct sandbox box = same_user();
    int status;
    (void)state;
    if (!has_landlock()) {
        print_message("skipped: the kernel has no Landlock\n");
        skip();
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* From here on one. */
        if (geteuid() == 0 &&
            (chown(top, 65534, 65534) < 0 || chown(own, 65534, 65534) < 0 ||
             setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
            _exit(2);
        box = same_user();
        const char *said = try_inside(&box);
        if (*said)
            print_message("worked: %s\n", said);
        _exit(*said != 0);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* Of a file in its own directory too: a filter does not look at paths. */
static void what_the_intruder_tries_works_without(void **state)
{
    static const char *const parts[] = {"chmod\n", "fchmod\n",       "chown\n", "utimensat\n",
                                        "a UDP",   "writing a file", "ptrace",  "process_vm"};
    int ends[2];
    char said[1024];
    (void)state;
    struct sandbox box = same_user();
    assert_int_equal(make_file_for(&box, outside), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        FILE *to = fdopen(ends[1], "w");
        intruder_try(outside, true, to);
        fflush(to);
        _exit(0);
    }
    close(ends[1]);
    waitpid(pid, NULL, 0);
    ssize_t length = read(ends[0], said, sizeof said - 1);
    said[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(said, parts[i]))
            fail_msg("%s: not tried, or it does not work anyway:\n%s", parts[i], said);
}

/* Landlock's rule for sockets with a path came with ABI 9. */
static void a_socket_outside_is_out_of_reach_where_the_kernel_can(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sandbox box = same_user();
    int status;
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 9) {
        print_message("skipped: Landlock's ABI is below 9, so sockets with a path are in reach\n");
        skip();
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", top);
    AUTO_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (confinement_enter(&box, (const char *const[]){own, NULL}, true, NULL) < 0)
            _exit(2);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        _exit(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* Whether a sync reaches the kernel's: that knows no such descriptor. */
static bool syncs_inside(bool lasts)
{
    struct sandbox box = same_user();
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (confinement_enter(&box, (const char *const[]){own, NULL}, lasts, NULL) < 0)
            _exit(2);
        int fsynced = fsync(-1), fdatasynced = fdatasync(-1);
        if (fsynced != fdatasynced)
            _exit(3);
        _exit(fsynced < 0);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

static void what_does_not_last_is_not_synced(void **state)
{
    (void)state;
    assert_true(syncs_inside(true));
    assert_false(syncs_inside(false));
}

/* Roots in a container may not make a namespace: io_uring is then refused as for an ordinary user.
 */
static void root_has_no_network_inside(void **state)
{
    int status;
    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        sandbox_leave_network(&other_user);
        AUTO_FILE FILE *file = fopen("/proc/self/net/dev", "re");
        char line[256];
        int lines = 0;
        while (fgets(line, sizeof line, file))
            lines++;
        /* Two of heading, and lo. */
        _exit(!sandbox_has_no_network() ? 77 : lines != 3);
    }
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) == 77) {
        print_message("skipped: no namespace can be made here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void files_have_a_bound(void **state)
{
    int status;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        int fd = open(outside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        bool bounded = confinement_bound_files(4096, NULL) == 0 && pwrite(fd, "x", 1, 4095) == 1 &&
                       pwrite(fd, "x", 1, 4096) < 0 && errno == EFBIG;
        _exit(!bounded);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(nothing_works_as_roots_sandbox_user),
        T(nothing_works_as_an_ordinary_user),
        T(what_the_intruder_tries_works_without),
        T(a_socket_outside_is_out_of_reach_where_the_kernel_can),
        T(what_does_not_last_is_not_synced),
        T(root_has_no_network_inside),
        T(files_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
