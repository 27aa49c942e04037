/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that keeps backups, with a hypervisor that writes down what it is told. A real one:
 * tests/df/df-consistent.bats. */
#include "remote/backup.h"

#include "base/clock.h"
#include "base/file-tree.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[] = "/tmp/test-backups.XXXXXX";
static char log_path[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    chmod(directory, 0711); /* root's is not used where others may not pass */
    snprintf(log_path, sizeof log_path, "%s.log", directory);
    return setenv("TMPDIR", directory, 1);
}

static int remove_directory(void **state)
{
    (void)state;
    return file_tree_remove(AT_FDCWD, directory);
}

/* --- the hypervisor --- */

static void note(const char *a, const char *b, const char *c)
{
    FILE *log = fopen(log_path, "ae");
    fprintf(log, "%s%s%s", a, b, c);
    fclose(log);
}

static void *connect_to(const char *uri, error **err)
{
    if (uri && strcmp(uri, "none") == 0) {
        error_set(err, ERROR_UNREADABLE, "there is none");
        return NULL;
    }
    note("connect ", uri ? uri : "", "\n");
    return log_path;
}

static int begin(void *connection, const struct backup_wish *wish, bool (*is_stale)(const char *),
                 error **err)
{
    struct stat st;
    assert_ptr_equal(connection, log_path);
    assert_int_equal(stat(wish->directory, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(strncmp(wish->socket, wish->directory, strlen(wish->directory)), 0);
    assert_false(is_stale(wish->socket)); /* we are alive */
    assert_true(is_stale("/tmp/virt-live-GoneXX/b1/nbd"));
    assert_false(is_stale("/tmp/somebody/elses/nbd"));
    assert_false(is_stale("nbd"));
    if (wish->uuid[0] == 'x')
        return error_set(err, ERROR_UNSUPPORTED, "it cannot");
    note("begin ", wish->uuid, "");
    for (size_t i = 0; i < wish->count; i++)
        note(" ", wish->targets[i], i + 1 < wish->count ? "" : "\n");
    return 0;
}

static void end(void *connection, const char *uuid, const char *socket)
{
    assert_ptr_equal(connection, log_path);
    assert_non_null(strstr(socket, "/virt-live-"));
    note("end ", uuid, "\n");
}

static const struct backup_ops ops = {connect_to, begin, end};

/* What it was told so far; and that is forgotten. */
static void assert_told(const char *expected)
{
    char text[512] = "";
    FILE *log = fopen(log_path, "re");
    if (log) {
        text[fread(text, 1, sizeof text - 1, log)] = '\0';
        fclose(log);
        unlink(log_path);
    }
    assert_string_equal(text, expected);
}

static void await_told(size_t lines)
{
    uint64_t deadline = clock_now() + 10 * CLOCK_SECOND;
    for (size_t found = 0; found < lines && clock_now() < deadline; poll(NULL, 0, 10)) {
        FILE *log = fopen(log_path, "re");
        found = 0;
        for (int c; log && (c = fgetc(log)) != EOF;)
            found += c == '\n';
        if (log)
            fclose(log);
    }
}

/* --- */

static struct guest *make_guest(const char *uuid)
{
    struct guest *guest = guest_new(0);
    snprintf(guest->uuid, sizeof guest->uuid, "%s", uuid);
    assert_int_equal(guest_add_image(guest, "/a", 2, IMAGE_RAW, 0, NULL), 0);
    assert_int_equal(guest_add_image(guest, "/b", 2, IMAGE_RAW, 0, NULL), 0);
    assert_int_equal(guest_add_image(guest, "/c", 2, IMAGE_RAW, 0, NULL), 0);
    guest->images[0].target = strdup("vda");
    guest->images[2].target = strdup("sdb");
    assert_int_equal(guest_set_live(guest, NULL), 0);
    assert_true(guest->live);
    assert_string_equal(guest->images[2].remote->export_name, "sdb");
    assert_null(guest->images[1].remote);
    return guest;
}

static void a_backup_lasts_as_long_as_its_lease(void **state)
{
    AUTO_GUEST struct guest *guest = make_guest("1111");
    AUTO_FREE char *socket = NULL;
    struct stat st;

    (void)state;
    backup *self = backup_start(&ops, "uri", NULL);
    assert_non_null(self);
    int lease = backup_ask(backup_fd(self), guest, &socket, NULL);
    assert_true(lease >= 0);
    assert_int_equal(strncmp(socket, directory, strlen(directory)), 0);
    assert_told("connect uri\nbegin 1111 vda sdb\n");
    *strrchr(socket, '/') = '\0';
    assert_int_equal(stat(socket, &st), 0);
    close(lease);
    await_told(1);
    assert_told("end 1111\n");
    backup_free(self);
    assert_int_equal(stat(socket, &st), -1);
    assert_int_equal(rmdir(directory), 0); /* nothing is left in it */
    assert_int_equal(mkdir(directory, 0711), 0);
}

static void freeing_waits_for_the_end(void **state)
{
    AUTO_GUEST struct guest *one = make_guest("1111"), *two = make_guest("2222");
    AUTO_FREE char *first = NULL, *second = NULL;

    (void)state;
    backup *self = backup_start(&ops, NULL, NULL);
    int leases[] = {backup_ask(backup_fd(self), one, &first, NULL),
                    backup_ask(backup_fd(self), two, &second, NULL)};
    assert_string_not_equal(first, second);
    close(leases[0]);
    close(leases[1]);
    backup_free(self);
    assert_told("connect \nbegin 1111 vda sdb\nbegin 2222 vda sdb\nend 1111\nend 2222\n");
}

/* Dies as one that was killed does, which is also how one ends that has what its parent has: nobody
 * asks it what it did not free. */
static _Noreturn void die(bool well)
{
    if (well)
        kill(getpid(), SIGKILL);
    _exit(1);
}

static void assert_died(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void who_dies_lets_go(void **state)
{
    AUTO_GUEST struct guest *guest = make_guest("1111");

    (void)state;
    backup *self = backup_start(&ops, NULL, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        char *socket = NULL;
        die(backup_ask(backup_fd(self), guest, &socket, NULL) >= 0);
    }
    assert_died(pid);
    await_told(3);
    assert_told("connect \nbegin 1111 vda sdb\nend 1111\n");
    backup_free(self);
}

static void one_guest_has_one_backup_at_a_time(void **state)
{
    AUTO_GUEST struct guest *guest = make_guest("1111"), *other = make_guest("2222");
    AUTO_FREE char *first = NULL, *between = NULL;

    (void)state;
    backup *self = backup_start(&ops, NULL, NULL);
    int lease = backup_ask(backup_fd(self), guest, &first, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        char *again = NULL;
        close(lease);
        die(backup_ask(backup_fd(self), guest, &again, NULL) >= 0);
    }
    /* It does not hold up others. */
    poll(NULL, 0, 100);
    close(backup_ask(backup_fd(self), other, &between, NULL));
    await_told(4);
    assert_told("connect \nbegin 1111 vda sdb\nbegin 2222 vda sdb\nend 2222\n");
    close(lease);
    assert_died(pid);
    backup_free(self);
    assert_told("end 1111\nbegin 1111 vda sdb\nend 1111\n");
}

static void failures_are_the_guests_answer(void **state)
{
    AUTO_GUEST struct guest *good = make_guest("1111"), *bad = make_guest("xxxx");
    AUTO_ERROR error *cannot = NULL, *nowhere = NULL;
    AUTO_FREE char *socket = NULL;

    (void)state;
    backup *self = backup_start(&ops, NULL, NULL);
    assert_int_equal(backup_ask(backup_fd(self), bad, &socket, &cannot), -1);
    assert_string_equal(error_message(cannot), "--consistent: it cannot");
    assert_int_equal(error_kind(cannot), ERROR_UNSUPPORTED);
    close(backup_ask(backup_fd(self), good, &socket, NULL));
    backup_free(self);
    assert_told("connect \nbegin 1111 vda sdb\nend 1111\n");
    self = backup_start(&ops, "none", NULL);
    assert_int_equal(backup_ask(backup_fd(self), good, &socket, &nowhere), -1);
    assert_string_equal(error_message(nowhere), "--consistent: there is none");
    backup_free(self);
    assert_told("");
}

static void what_makes_no_sense_is_passed_over(void **state)
{
    AUTO_GUEST struct guest *guest = make_guest("1111");
    AUTO_FREE char *socket = NULL;

    (void)state;
    backup *self = backup_start(&ops, "uri", NULL);
    assert_int_equal(send(backup_fd(self), "nonsense", 8, 0), 8);
    assert_int_equal(send(backup_fd(self), "", 0, 0), 0); /* looks like an end */
    int lease = backup_ask(backup_fd(self), guest, &socket, NULL);
    assert_true(lease >= 0);
    close(lease);
    backup_free(self);
    assert_told("connect uri\nbegin 1111 vda sdb\nend 1111\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_lasts_as_long_as_its_lease),
        cmocka_unit_test(freeing_waits_for_the_end),
        cmocka_unit_test(who_dies_lets_go),
        cmocka_unit_test(one_guest_has_one_backup_at_a_time),
        cmocka_unit_test(failures_are_the_guests_answer),
        cmocka_unit_test(what_makes_no_sense_is_passed_over),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
