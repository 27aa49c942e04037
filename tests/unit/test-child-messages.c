/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a forked process has of the terminal, of stderr and of the environment of the command. */
#include "process/child-messages.h"

#include "process/child-setup.h"
#include "process/warden.h"
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include <cmocka.h>

struct heard {
    unsigned count;
    char first[CHILD_MESSAGES_LINE + 1], last[CHILD_MESSAGES_LINE + 1];
};

static void hear(void *data, const char *line)
{
    struct heard *heard = data;
    snprintf(heard->count ? heard->last : heard->first, sizeof heard->first, "%s", line);
    heard->count++;
}

static void run_child(void (*say)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        child_setup_detach_streams();
        say();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int begin(void **state)
{
    (void)state;
    return child_messages_begin(NULL);
}

static int end(void **state)
{
    (void)state;
    child_messages_end();
    return 0;
}

static void say_two_lines(void)
{
    dprintf(STDERR_FILENO, "one\033[31m\n\ntwo\n, unended");
}

static void lines_come_as_they_are(void **state)
{
    struct heard heard = {0};
    (void)state;
    run_child(say_two_lines);
    child_messages_take(hear, &heard);
    assert_int_equal(heard.count, 2);
    assert_string_equal(heard.first, "one\033[31m");
    assert_string_equal(heard.last, "two");
    run_child(say_two_lines);
    child_messages_take(hear, &heard);
    assert_int_equal(heard.count, 4);
}

static void flood(void)
{
    for (int i = 0; i < 100000; i++)
        dprintf(STDERR_FILENO, "line %d\n", i);
}

/* It is not waited for either: the pipe takes 64 KiB, and the rest is lost. */
static void who_talks_without_end_is_heard_for_so_long(void **state)
{
    struct heard heard = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        run_child(flood);
        child_messages_take(hear, &heard);
    }
    assert_int_equal(heard.count, CHILD_MESSAGES_LINES + 1);
    assert_string_equal(heard.first, "line 0");
    assert_non_null(strstr(heard.last, "not shown"));
}

static void say_a_long_line(void)
{
    for (int i = 0; i < 3 * CHILD_MESSAGES_LINE; i++)
        dprintf(STDERR_FILENO, "x");
    dprintf(STDERR_FILENO, "\n");
}

static void a_long_line_comes_in_pieces(void **state)
{
    struct heard heard = {0};
    (void)state;
    run_child(say_a_long_line);
    child_messages_take(hear, &heard);
    assert_int_equal(heard.count, 3);
    assert_int_equal(strlen(heard.last), CHILD_MESSAGES_LINE);
}

/* --- a worker, and who has a terminal --- */

static int look_around(void *unused)
{
    int wrong = 0;
    char letter = 'x';
    (void)unused;
    AUTO_FD int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    wrong |= tty >= 0 ? 1 : 0;
    for (int fd = 0; fd < 256; fd++)
        wrong |= isatty(fd) || ioctl(fd, TIOCSTI, &letter) == 0 ? 2 : 0;
    wrong |= getenv("VLT_TEST_SECRET") ? 4 : 0;
    wrong |= !getenv("PATH") ? 8 : 0;
    dprintf(STDERR_FILENO, "\033]0;title\a\n");
    return wrong;
}

static void nothing_to_clean(void *unused)
{
    (void)unused;
}

/* As a shell's job on a terminal. What it says on the terminal is what is wrong. */
static void run_with_terminal(void)
{
    struct heard heard = {0};
    int status;
    if (child_messages_begin(NULL) < 0 || setenv("VLT_TEST_SECRET", "password", 1) < 0)
        _exit(1);
    pid_t warden = warden_start(look_around, nothing_to_clean, NULL, NULL, 0, NULL);
    if (warden < 0 || waitpid(warden, &status, 0) != warden)
        _exit(1);
    child_messages_take(hear, &heard);
    if (status != 0)
        printf("wrong: %d", WEXITSTATUS(status));
    else if (heard.count != 1 || strcmp(heard.first, "\033]0;title\a") != 0)
        printf("its message has not come");
    else
        printf("well");
    fflush(stdout);
    _exit(0);
}

static void a_worker_has_nothing_of_the_terminal(void **state)
{
    int master;
    char said[256] = "";
    size_t length = 0;
    (void)state;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0)
        run_with_terminal();
    for (ssize_t got; length < sizeof said - 1 &&
                      (got = read(master, said + length, sizeof said - 1 - length)) > 0;)
        length += (size_t)got;
    close(master);
    waitpid(pid, NULL, 0);
    said[length] = '\0';
    assert_string_equal(said, "well");
}

static int find_secret(void)
{
    static char environment_now[1 << 20];
    AUTO_FD int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, environment_now, sizeof environment_now);
    return length > 0 && memmem(environment_now, (size_t)length, "hunter2", 7) != NULL;
}

/* execve() has put them on the stack, where they stay; this is that process. */
static void variables_are_overwritten_where_they_lie(void **state)
{
    int status;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        setenv("VLT_TEST_SECRET", "hunter2", 1);
        execl("/proc/self/exe", "test-child-messages", "--environment", NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static int check_environment(void)
{
    static const char *const more[] = {"HOME", NULL};
    if (!find_secret() || !getenv("HOME"))
        return 2;
    child_setup_reduce_environment(more);
    if (find_secret() || getenv("VLT_TEST_SECRET") || !getenv("PATH") || !getenv("HOME"))
        return 3;
    child_setup_reduce_environment(NULL);
    return getenv("HOME") ? 4 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--environment") == 0)
        return check_environment();
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        T(lines_come_as_they_are),
        T(who_talks_without_end_is_heard_for_so_long),
        T(a_long_line_comes_in_pieces),
        cmocka_unit_test(a_worker_has_nothing_of_the_terminal),
        cmocka_unit_test(variables_are_overwritten_where_they_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
