/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker over a scripted hypervisor, with the test in the supervisor's place. */
#include "scan/question-df.h"
#include "scan/worker.h"

#include "base/file-tree.h"
#include "lib/fake-hypervisor.h"
#include "wire/frame.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

struct fixture {
    char base[64], root[80], build[80], image[80];
    struct worker_config config;
    struct worker worker;
    frame_reader *reader;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    fake_script = fake_script_new();
    if (!f || !fake_script)
        return -1;
    strcpy(f->base, "/tmp/vlt-worker.XXXXXX");
    if (!mkdtemp(f->base))
        return -1;
    snprintf(f->root, sizeof f->root, "%s/w0", f->base);
    snprintf(f->build, sizeof f->build, "%s/build", f->base);
    snprintf(f->image, sizeof f->image, "%s/image", f->base);
    AUTO_FD int fd = open(f->image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (mkdir(f->root, 0700) < 0 || mkdir(f->build, 0700) < 0 || write(fd, "5\n", 2) != 2)
        return -1;
    f->reader = frame_reader_new();
    f->config = (struct worker_config){
        .driver = &fake_hypervisor_driver,
        .appliance = {{NULL, NULL, NULL}, "none", 512},
        .sandbox = {.drop = false, .uid = geteuid(), .gid = getegid()},
        .root = f->root,
        .start_timeout = 5,
        .question = {&question_df, NULL},
    };
    f->worker = (struct worker){-1, -1, -1};
    *state = f;
    return 0;
}

/* Its exit code; fails when it does not end. */
static int ended(struct fixture *f)
{
    int status = 0;
    pid_t pid = 0;
    for (int i = 0; i < 30000 && pid == 0; i++) {
        pid = waitpid(f->worker.pid, &status, WNOHANG);
        if (pid == 0)
            usleep(1000);
    }
    assert_int_equal(pid, f->worker.pid);
    f->worker.pid = -1;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->worker.pid > 0) {
        kill(f->worker.pid, SIGTERM);
        waitpid(f->worker.pid, NULL, 0);
    }
    bool quiet = waitpid(-1, NULL, WNOHANG) < 0;
    bool cleaned = access(f->root, F_OK) < 0; /* its warden's work */
    if (f->worker.orders >= 0)
        close(f->worker.orders);
    if (f->worker.reports >= 0)
        close(f->worker.reports);
    frame_reader_free(f->reader);
    file_tree_remove(AT_FDCWD, f->base);
    fake_script_free(fake_script);
    free(f);
    return quiet && cleaned ? 0 : -1;
}

static void start(struct fixture *f)
{
    assert_int_equal(worker_start(&f->config, &f->worker, NULL), 0);
}

/* The next report, of that kind; the caller frees it. */
static report expect(struct fixture *f, report_kind kind)
{
    report message = {0};
    const void *body;
    size_t length;
    while (frame_reader_next(f->reader, &body, &length) == 0) {
        struct pollfd readable = {f->worker.reports, POLLIN, 0};
        assert_int_equal(poll(&readable, 1, 5000), 1);
        assert_true(frame_reader_fill(f->reader, f->worker.reports) > 0);
    }
    assert_int_equal(frame_decode((xdrproc_t)xdr_report, &message, sizeof message, body, length),
                     0);
    if (message.kind == REPORT_FAILED && kind != REPORT_FAILED)
        fail_msg("%.*s", (int)message.report_u.failed.failed_len,
                 message.report_u.failed.failed_val);
    assert_int_equal(message.kind, kind);
    return message;
}

static void expect_only(struct fixture *f, report_kind kind)
{
    report message = expect(f, kind);
    xdr_free((xdrproc_t)xdr_report, &message);
}

static void expect_failure(struct fixture *f, const char *why)
{
    report message = expect(f, REPORT_FAILED);
    const char *text = message.report_u.failed.failed_val;
    u_int length = message.report_u.failed.failed_len;
    if (!memmem(text, length, why, strlen(why)))
        fail_msg("%.*s", (int)length, text);
    xdr_free((xdrproc_t)xdr_report, &message);
    assert_int_equal(ended(f), 1);
}

static void order_disk(struct fixture *f, uint64_t guest)
{
    layer only = {.format = IMAGE_RAW};
    order message = {.kind = ORDER_DISK};
    AUTO_FD int fd = open(f->image, O_RDONLY | O_CLOEXEC);
    message.order_u.disk =
        (disk_order){.guest = guest, .size = 512, .block_size = 512, .layers = {1, &only}};
    assert_int_equal(worker_order(&f->worker, &message, &fd, 1), 0);
}

static void order_scan(struct fixture *f, uint64_t guest)
{
    order message = {.kind = ORDER_ASK};
    message.order_u.ask.guest = guest;
    assert_int_equal(worker_order(&f->worker, &message, NULL, 0), 0);
}

static void order_plain(struct fixture *f, order_kind kind)
{
    assert_int_equal(worker_order(&f->worker, &(order){.kind = kind}, NULL, 0), 0);
}

static void expect_answer(struct fixture *f, uint64_t guest)
{
    report message = expect(f, REPORT_ANSWER);
    const answer_report *told = &message.report_u.answer;
    assert_int_equal(told->guest, guest);
    assert_int_equal(told->body.op, OP_SCAN);
    assert_int_equal(told->body.answer_body_u.scan.status, STATUS_OK);
    xdr_free((xdrproc_t)xdr_report, &message);
}

static void expect_refusal(struct fixture *f, uint64_t guest, enum status status)
{
    report message = expect(f, REPORT_REFUSAL);
    assert_int_equal(message.report_u.refusal.guest, guest);
    assert_int_equal(message.report_u.refusal.status, status);
    xdr_free((xdrproc_t)xdr_report, &message);
}

static void guests_are_answered_for_in_order(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    for (uint64_t guest = 100; guest < 105; guest++) {
        order_disk(f, guest);
        order_scan(f, guest);
    }
    for (uint64_t guest = 100; guest < 105; guest++)
        expect_answer(f, guest);
    assert_int_equal(fake_script->prepared, 0); /* it had not to wait */
}

static void it_answers_what_it_has_before_it_finishes(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    order_disk(f, 7);
    order_scan(f, 7);
    order_plain(f, ORDER_FINISH);
    expect_answer(f, 7);
    assert_int_equal(ended(f), 0);
}

static void one_that_waits_starts_nothing_before_it_is_told(void **state)
{
    struct fixture *f = *state;
    f->config.waits = true;
    start(f);
    order_plain(f, ORDER_EMPTY); /* if it had not waited it would do that */
    expect_failure(f, "before there is an appliance");
    assert_int_equal(fake_script->appliances, 0);
    assert_int_equal(fake_script->prepared, 1);
}

static void one_that_waits_starts_when_it_is_told(void **state)
{
    struct fixture *f = *state;
    f->config.waits = true;
    start(f);
    order_plain(f, ORDER_START);
    expect_only(f, REPORT_READY);
    order_disk(f, 7);
    order_scan(f, 7);
    expect_answer(f, 7);
    order_plain(f, ORDER_START);
    expect_failure(f, "has been started");
}

static void one_that_is_never_told_gives_up(void **state)
{
    struct fixture *f = *state;
    f->config.waits = true;
    f->config.start_timeout = 1;
    start(f);
    expect_failure(f, "did not say when to start");
    assert_int_equal(fake_script->appliances, 0);
}

static void emptied_slots_are_used_again(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    order_plain(f, ORDER_EMPTY);
    expect_only(f, REPORT_EMPTIED); /* nothing to do */
    /* First those that have a device. */
    for (unsigned wave = 0; wave < APPLIANCE_RESERVED + 2; wave++) {
        order_disk(f, 7);
        order_scan(f, 7);
        expect_answer(f, 7);
        order_plain(f, ORDER_EMPTY);
        expect_only(f, REPORT_EMPTIED);
        assert_int_equal(fake_script->records[wave].slot, wave < APPLIANCE_RESERVED ? wave : 0);
    }
    assert_int_equal(fake_script->mistakes, 0);
}

static void an_answered_guests_slot_is_used_again_at_once(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    for (unsigned guest = 0; guest < 20; guest++) {
        order_disk(f, guest);
        order_scan(f, guest);
        expect_answer(f, guest);
        assert_int_equal(fake_script->records[guest].slot, 0);
    }
    assert_int_equal(fake_script->calls[FAKE_REPLACE], 20);
    assert_int_equal(fake_script->mistakes, 0);
}

static void a_failing_replace_is_the_appliances_fault(void **state)
{
    struct fixture *f = *state;
    fake_script->steps[FAKE_REPLACE] = (struct fake_step){FAKE_FAIL, 1, 1};
    start(f);
    expect_only(f, REPORT_READY);
    order_disk(f, 7);
    order_scan(f, 7);
    expect_answer(f, 7);
    order_disk(f, 8);
    expect_only(f, REPORT_FAILED);
    assert_int_equal(ended(f), 1);
}

static void a_disk_that_cannot_be_attached_is_its_guests_answer(void **state)
{
    struct fixture *f = *state;
    fake_script->steps[FAKE_ATTACH] = (struct fake_step){FAKE_FAIL, 0, 1};
    start(f);
    expect_only(f, REPORT_READY);
    order_disk(f, 7);
    order_disk(f, 7); /* another one of the same guest: not even tried */
    order_scan(f, 7);
    order_disk(f, 8);
    order_scan(f, 8);
    expect_refusal(f, 7, STATUS_CORRUPT);
    expect_answer(f, 8);
    assert_int_equal(fake_script->calls[FAKE_ATTACH], 2);
}

static void a_dead_appliance_is_reported(void **state)
{
    struct fixture *f = *state;
    fake_script->guests[5].scan = FAKE_DIE;
    start(f);
    expect_only(f, REPORT_READY);
    order_disk(f, 7);
    order_scan(f, 7);
    expect_only(f, REPORT_CONSOLE); /* the panic */
    expect_failure(f, "ended");
}

static void an_appliance_that_does_not_come_up_is_reported(void **state)
{
    struct fixture *f = *state;
    fake_script->steps[FAKE_LAUNCH].act = FAKE_FAIL;
    start(f);
    expect_failure(f, "launch fails");
}

static void an_agent_that_is_silent_is_reported_in_time(void **state)
{
    struct fixture *f = *state;
    fake_script->steps[FAKE_HELLO].act = FAKE_STAY;
    f->config.start_timeout = 1;
    start(f);
    expect_failure(f, "in time");
}

static void a_supervisor_that_has_gone_is_the_end(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    close(steal_fd(&f->worker.orders));
    assert_int_equal(ended(f), 1);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    order_scan(f, 7);
    expect_failure(f, "not attached");
}

static void orders_for_two_guests_at_once_are_refused(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    order_disk(f, 7);
    order_disk(f, 8);
    expect_failure(f, "two guests");
}

static void an_invalid_order_is_refused(void **state)
{
    struct fixture *f = *state;
    start(f);
    expect_only(f, REPORT_READY);
    assert_int_equal(write(f->worker.orders, "garbage!", 8), 8);
    expect_failure(f, "invalid order");
}

static void a_worker_that_does_not_listen_fills_its_socket(void **state)
{
    struct fixture *f = *state;
    order message = {.kind = ORDER_EMPTY};
    int result = 0;
    fake_script->steps[FAKE_LAUNCH].act = FAKE_STAY;
    start(f);
    for (int i = 0; i < 100000 && result == 0; i++)
        result = worker_order(&f->worker, &message, NULL, 0);
    assert_int_equal(result, -EAGAIN);
    assert_int_equal(worker_order(&f->worker, &message, (int[MAX_LAYERS + 1]){0}, MAX_LAYERS + 1),
                     -EINVAL);
}

static void a_builder_saves_and_ends(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat st;
    f->config.build_dir = f->build;
    start(f);
    expect_only(f, REPORT_SAVED);
    assert_int_equal(ended(f), 0);
    snprintf(path, sizeof path, "%s/state", f->build);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 5);
}

static void a_builder_that_cannot_save_says_so(void **state)
{
    struct fixture *f = *state;
    fake_script->steps[FAKE_SAVE].act = FAKE_FAIL;
    f->config.build_dir = f->build;
    start(f);
    expect_failure(f, "save fails");
}

static void a_template_without_a_state_is_reported(void **state)
{
    struct fixture *f = *state;
    f->config.template_dir = "/nonexistent/template";
    f->config.memory_path = "/nonexistent/ram";
    start(f);
    expect_failure(f, "/nonexistent/template/state");
}

static void calls_are_traced_when_asked_for(void **state)
{
    struct fixture *f = *state;
    f->config.trace = true;
    start(f);
    expect_only(f, REPORT_LOG);
    expect_only(f, REPORT_READY);
}

int main(void)
{
#define WORKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WORKER(guests_are_answered_for_in_order),
        WORKER(it_answers_what_it_has_before_it_finishes),
        WORKER(one_that_waits_starts_nothing_before_it_is_told),
        WORKER(one_that_waits_starts_when_it_is_told),
        WORKER(one_that_is_never_told_gives_up),
        WORKER(emptied_slots_are_used_again),
        WORKER(an_answered_guests_slot_is_used_again_at_once),
        WORKER(a_failing_replace_is_the_appliances_fault),
        WORKER(an_answered_guests_slot_is_used_again_at_once),
        WORKER(a_failing_replace_is_the_appliances_fault),
        WORKER(a_disk_that_cannot_be_attached_is_its_guests_answer),
        WORKER(a_dead_appliance_is_reported),
        WORKER(an_appliance_that_does_not_come_up_is_reported),
        WORKER(an_agent_that_is_silent_is_reported_in_time),
        WORKER(a_supervisor_that_has_gone_is_the_end),
        WORKER(orders_that_make_no_sense_are_refused),
        WORKER(orders_for_two_guests_at_once_are_refused),
        WORKER(an_invalid_order_is_refused),
        WORKER(a_worker_that_does_not_listen_fills_its_socket),
        WORKER(a_builder_saves_and_ends),
        WORKER(a_builder_that_cannot_save_says_so),
        WORKER(a_template_without_a_state_is_reported),
        WORKER(calls_are_traced_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
