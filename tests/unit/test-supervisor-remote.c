/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor, with guests whose images are elsewhere: behind an NBD
 * server that is good, slow or gone, and behind backups. */
#include "lib/fake-nbd.h"
#include "lib/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* A server below the trial's directory; where it is goes to `path`. */
static struct fake_nbd *serve(const struct trial *t, const char *name, enum fake_nbd_way way,
                              char path[108])
{
    snprintf(path, 108, "%.64s/%s", t->directory, name);
    return fake_nbd_start(path, way);
}

static void they_share_with_nobody_and_come_in_order(void **state)
{
    struct trial *t = *state;
    char path[108];
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, path);
    t->config.isolation = ISOLATE_NONE;
    trial_guests(t, 3);
    trial_remote_guest(t, path, 3);
    trial_remote_guest(t, path, 4);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 3);
    assert_true(trial_shared(0, 1));
    for (unsigned i = 0; i < 3; i++)
        assert_false(trial_shared(i, 3) || trial_shared(i, 4));
    assert_false(trial_shared(3, 4));
    assert_string_equal(t->answers[4].label, "guest-4");
    /* One connection to look, one for QEMU. */
    assert_int_equal(atomic_load(&server->connections), 4);
    fake_nbd_end(server);
}

static void more_than_are_connected_at_once_are_all_answered_for(void **state)
{
    struct trial *t = *state;
    char path[108];
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, path);
    t->config.parallel = 4;
    for (unsigned i = 0; i < 50; i++)
        trial_remote_guest(t, path, i);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 50);
    fake_nbd_end(server);
}

static bool is_first(unsigned guest)
{
    return guest == 0;
}

static void assert_first_fails(struct trial *t, enum fake_nbd_way way, enum status status,
                               const char *message)
{
    char path[108];
    struct fake_nbd *server = serve(t, "nbd", way, path);
    t->config.isolation = ISOLATE_NONE;
    trial_remote_guest(t, path, 0);
    trial_guests(t, 2);
    trial_run(t);
    trial_assert_all_ok(t, is_first);
    assert_int_equal(t->answers[0].status, status);
    if (!strstr(t->answers[0].message, message))
        fail_msg("%s", t->answers[0].message);
    fake_nbd_end(server);
}

static void a_server_that_says_nothing_is_timed_out_alone(void **state)
{
    struct trial *t = *state;
    t->config.timeout = 5;
    assert_first_fails(t, FAKE_NBD_SILENT, STATUS_TIMEOUT, "no answer from nbd+unix:///0?socket=");
    assert_int_equal(trial_appliances(), 1); /* it needed none */
}

static void a_server_that_hangs_up_is_an_answer(void **state)
{
    assert_first_fails(*state, FAKE_NBD_RUDE, STATUS_UNREADABLE, "speak to its NBD server");
}

static void a_server_that_goes_before_the_appliance_is_there_is_an_answer(void **state)
{
    assert_first_fails(*state, FAKE_NBD_ONCE, STATUS_UNREADABLE, "Connection refused");
}

/* Its worker was killed from outside. */
static void in_another_appliance_it_is_connected_to_anew(void **state)
{
    struct trial *t = *state;
    char path[108];
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, path);
    fake_script->guests[0] = (struct fake_guest){.worker = FAKE_WORKER_ENDED, .times = 1};
    trial_remote_guest(t, path, 0);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(atomic_load(&server->connections), 4);
    fake_nbd_end(server);
}

/* --- a host that is short of something --- */

static atomic_int *pairs_left; /* until one cannot be had, once; shared with the supervisor */

/* In the place of libc's. Each process of the supervisor's begins with one. */
int socketpair(int domain, int type, int protocol, int pair[2])
{
    if (pairs_left && atomic_fetch_sub(pairs_left, 1) == 1) {
        errno = EMFILE;
        return -1;
    }
    return (int)syscall(SYS_socketpair, domain, type, protocol, pair);
}

static void run_short_of_files(struct trial *t, int nth)
{
    char path[108];
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, path);
    pairs_left =
        mmap(NULL, sizeof *pairs_left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(pairs_left != MAP_FAILED);
    *pairs_left = nth;
    for (unsigned i = 0; i < 3; i++)
        trial_remote_guest(t, path, i);
    trial_run(t);
    munmap(pairs_left, sizeof *pairs_left);
    pairs_left = NULL;
    fake_nbd_end(server);
}

static void a_shortage_beside_others_costs_nobody_anything(void **state)
{
    run_short_of_files(*state, 2);
    trial_assert_all_ok(*state, NULL);
}

static void a_shortage_without_others_is_an_answer(void **state)
{
    struct trial *t = *state;
    run_short_of_files(t, 1);
    trial_assert_all_ok(t, is_first);
    assert_int_equal(t->answers[0].status, STATUS_CRASHED);
    assert_non_null(strstr(t->answers[0].message, "Too many open files"));
}

static void with_few_files_fewer_are_connected_to_at_once(void **state)
{
    struct trial *t = *state;
    char path[108];
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, path);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64}), 0);
    for (unsigned i = 0; i < 40; i++)
        trial_remote_guest(t, path, i);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    fake_nbd_end(server);
}

/* --- backups --- */

static char served[108]; /* by whom all backups are served */
static char log_path[108];

static void note(const char *what)
{
    FILE *log = fopen(log_path, "ae");
    fputs(what, log);
    fclose(log);
}

static void *connect_to(const char *uri, error **err)
{
    (void)uri;
    (void)err;
    return served;
}

static int begin(void *connection, const struct backup_wish *wish, bool (*is_stale)(const char *),
                 error **err)
{
    (void)connection;
    (void)is_stale;
    if (wish->uuid[0] == 'x')
        return error_set(err, ERROR_UNSUPPORTED, "no backups here");
    note("begin ");
    return wish->uuid[0] == 'l' ? symlink(served, wish->socket) : link(served, wish->socket);
}

static void end(void *connection, const char *uuid, const char *socket)
{
    (void)connection;
    (void)uuid;
    (void)socket;
    note("end ");
}

static const struct backup_ops fake_backups = {connect_to, begin, end};

static void add_live(struct trial *t, const char *uuid, const char *number)
{
    struct guest *guest = guest_new(0);
    assert_int_equal(guest_add_image(guest, "/not/looked/at", 14, IMAGE_QCOW2, 0, NULL), 0);
    guest->images[0].target = strdup(number);
    snprintf(guest->uuid, sizeof guest->uuid, "%s", uuid);
    assert_int_equal(guest_set_live(guest, NULL), 0);
    assert_int_equal(guest_list_add(t->guests, guest, NULL), 0);
}

/* So many were begun, and as many ended; not necessarily one after the other. */
static void assert_all_ended(unsigned expected)
{
    char word[16];
    unsigned begun = 0, ended = 0;
    FILE *log = fopen(log_path, "re");
    while (fscanf(log, "%15s", word) == 1) {
        begun += strcmp(word, "begin") == 0;
        ended += strcmp(word, "end") == 0;
    }
    fclose(log);
    assert_int_equal(begun, expected);
    assert_int_equal(ended, expected);
}

static void a_live_guest_is_read_from_a_backup_that_has_ended_when_the_run_has(void **state)
{
    struct trial *t = *state;
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, served);
    snprintf(log_path, sizeof log_path, "%.64s/log", t->directory);
    t->config.backups = &fake_backups;
    add_live(t, "1", "0");
    trial_guests(t, 1);
    add_live(t, "x", "2");
    add_live(t, "l", "3");
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(t->answers[0].status, STATUS_OK);
    assert_string_equal(t->answers[0].label, "guest-0");
    assert_int_equal(t->answers[1].status, STATUS_OK);
    assert_int_equal(t->answers[2].status, STATUS_UNSUPPORTED);
    assert_string_equal(t->answers[2].message, "--consistent: no backups here");
    /* Whoever may write there does not lead us elsewhere. */
    assert_int_equal(t->answers[3].status, STATUS_REFUSED);
    assert_string_equal(t->answers[3].message, "the backup's socket is not a socket");
    assert_all_ended(2);
    fake_nbd_end(server);
}

static void a_signal_ends_backups(void **state)
{
    struct trial *t = *state;
    struct fake_nbd *server = serve(t, "nbd", FAKE_NBD_GOOD, served);
    snprintf(log_path, sizeof log_path, "%.64s/log", t->directory);
    t->config.backups = &fake_backups;
    fake_script->guests[0].scan = FAKE_HANG;
    add_live(t, "1", "0");
    trial_start(t);
    while (atomic_load(&fake_script->scans[0]) == 0)
        usleep(1000);
    kill(t->pid, SIGTERM);
    trial_wait(t);
    assert_int_equal(t->end, SUPERVISOR_SIGNALLED);
    assert_all_ended(1);
    fake_nbd_end(server);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(they_share_with_nobody_and_come_in_order),
        TRIAL(more_than_are_connected_at_once_are_all_answered_for),
        TRIAL(a_shortage_beside_others_costs_nobody_anything),
        TRIAL(a_shortage_without_others_is_an_answer),
        TRIAL(a_server_that_says_nothing_is_timed_out_alone),
        TRIAL(a_server_that_hangs_up_is_an_answer),
        TRIAL(a_server_that_goes_before_the_appliance_is_there_is_an_answer),
        TRIAL(in_another_appliance_it_is_connected_to_anew),
        TRIAL(a_live_guest_is_read_from_a_backup_that_has_ended_when_the_run_has),
        TRIAL(a_signal_ends_backups),
        /* The last: the limit cannot be raised again. */
        TRIAL(with_few_files_fewer_are_connected_to_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
