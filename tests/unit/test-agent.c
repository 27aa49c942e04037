/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent on the host: framing, malformed requests, waiting for devices, probing. That real
 * filesystems are mounted and measured is for tests with a virtual machine. */
#include "lib/agent-process.h"

#include "appliance/slot-table.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h> /* needs the above */

#define IMAGE_SIZE (1 << 20)

static void ask_next(struct agent_process *f, unsigned slot, uint64_t size, const char *serial,
                     unsigned replaced)
{
    disk one = {.slot = slot, .size = size, .replaced = replaced};
    request asked = {.body.op = OP_SCAN};
    one.serial.serial_val = (char *)(uintptr_t)serial;
    one.serial.serial_len = (u_int)strlen(serial);
    asked.body.request_body_u.scan.disks.disks_val = &one;
    asked.body.request_body_u.scan.disks.disks_len = 1;
    agent_ask(f, &asked);
}

static void ask_scan(struct agent_process *f, unsigned slot, uint64_t size, const char *serial)
{
    ask_next(f, slot, size, serial, 0);
}

static void ask_gone(struct agent_process *f, unsigned slot)
{
    request asked = {.body.op = OP_GONE};
    asked.body.request_body_u.gone.slots.slots_val = &slot;
    asked.body.request_body_u.gone.slots.slots_len = 1;
    agent_ask(f, &asked);
}

/* Nothing to read, now that the agent has answered everything before an extra HELLO. */
static void expect_silence(const struct agent_process *f)
{
    char byte;
    assert_int_equal(recv(f->channel, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
}

/* Until the agent has read all that was sent. (A call counts at the beginning of what it reads.) */
static void await_reading(const struct agent_process *f)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int unread = 1;
    while (ioctl(f->channel, TIOCOUTQ, &unread) == 0 && unread > 0)
        nanosleep(&moment, NULL);
    assert_int_equal(unread, 0);
}

/* ---- tests ---- */

static void hello(void **state)
{
    struct agent_process *f = *state;
    agent_ask_hello(f, PROTOCOL_VERSION);
    answer reply = agent_expect(f, 1, OP_HELLO);
    assert_int_equal(reply.body.answer_body_u.hello.protocol_version, PROTOCOL_VERSION);
    agent_free_answer(&reply);
}

static void prepare(void **state)
{
    struct agent_process *f = *state;
    request asked = {.body.op = OP_PREPARE};
    agent_ask(f, &asked);
    answer reply = agent_expect(f, 1, OP_PREPARE);
    assert_int_equal(reply.body.answer_body_u.prepare.message.message_len, 0);
    agent_free_answer(&reply);
}

/* The agent that is saved expects another host. What it hears before that one calls is dropped, and
 * the call itself is a first one, for which it does not wait (channel.h). */
static void prepared_it_waits_for_a_call(void **state)
{
    struct agent_process *f = *state;
    prepare(state);
    agent_ask_hello(f, PROTOCOL_VERSION);
    await_reading(f);
    agent_call(f);
    agent_ask_hello(f, PROTOCOL_VERSION);
    answer reply = agent_expect(f, 3, OP_HELLO);
    agent_free_answer(&reply);
}

static void other_version(void **state)
{
    struct agent_process *f = *state;
    agent_ask_hello(f, PROTOCOL_VERSION + 1);
    answer reply = agent_expect(f, 1, OP_HELLO);
    assert_int_equal(reply.body.answer_body_u.hello.protocol_version, PROTOCOL_VERSION);
    agent_free_answer(&reply);
    ask_gone(f, 0);
    assert_int_equal(agent_ended(f), 1);
}

static void send_raw(void **state, const char *bytes, size_t length)
{
    struct agent_process *f = *state;
    assert_int_equal(write(f->channel, bytes, length), (ssize_t)length);
    assert_int_equal(agent_ended(f), 1);
}

static void oversized_frame(void **state)
{
    send_raw(state, "\x00\x10\x00\x01", 4);
}

static void garbage_frame(void **state)
{
    send_raw(state, "\0\0\0\x08garbage!", 12);
}

static void empty_frame(void **state)
{
    send_raw(state, "\0\0\0\0", 4);
}

static void trailing_garbage(void **state)
{
    send_raw(state, "\0\0\0\x0c\0\0\0\1\0\0\0\4\0\0\0\0", 16);
}

static void slot_out_of_range(void **state)
{
    struct agent_process *f = *state;
    ask_scan(f, SLOT_COUNT, IMAGE_SIZE, "");
    assert_int_equal(agent_ended(f), 1);
}

static void same_slot_twice(void **state)
{
    struct agent_process *f = *state;
    disk both[2] = {{.slot = 3}, {.slot = 3}};
    request asked = {.body.op = OP_SCAN};
    asked.body.request_body_u.scan.disks.disks_val = both;
    asked.body.request_body_u.scan.disks.disks_len = 2;
    agent_ask(f, &asked);
    assert_int_equal(agent_ended(f), 1);
}

static void after_the_last_question_there_is_none(void **state)
{
    struct agent_process *f = *state;
    disk only = {.slot = 0, .size = IMAGE_SIZE};
    request asked = {.body.op = OP_SCAN};
    asked.body.request_body_u.scan.disks.disks_val = &only;
    asked.body.request_body_u.scan.disks.disks_len = 1;
    asked.body.request_body_u.scan.last = true;
    agent_make_image(f, "sda", IMAGE_SIZE, true);
    agent_appear(f, 0);
    agent_ask(f, &asked);
    answer reply = agent_expect(f, 1, OP_SCAN);
    assert_int_equal(reply.body.answer_body_u.scan.status, STATUS_OK);
    agent_free_answer(&reply);
    ask_gone(f, 7);
    assert_int_equal(agent_ended(f), 1);
}

static void half_a_frame_and_the_end(void **state)
{
    struct agent_process *f = *state;
    assert_int_equal(write(f->channel, "\0\0\0\x08half", 8), 8);
    assert_int_equal(agent_ended(f), 0);
}

static void a_filesystem(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sdc", IMAGE_SIZE, true);
    agent_make_serial(f, 2, "two");
    agent_appear(f, 2);
    ask_scan(f, 2, IMAGE_SIZE, "two");
    answer reply = agent_expect(f, 1, OP_SCAN);
    const scan_ret *result = &reply.body.answer_body_u.scan;
    assert_int_equal(result->status, STATUS_OK);
    assert_int_equal(result->volumes.volumes_len, 1);
    const volume *found = result->volumes.volumes_val;
    assert_int_equal(found->kind, VOLUME_DISK);
    assert_int_equal(found->content, CONTENT_FILESYSTEM);
    assert_int_equal(found->size, IMAGE_SIZE);
    assert_int_equal(found->fstype.fstype_len, 4);
    assert_memory_equal(found->fstype.fstype_val, "ext2", 4);
    /* Bytes as they are, UTF-8 or not. */
    assert_int_equal(found->label.label_len, 7);
    assert_memory_equal(found->label.label_val, "\x80 label", 7);
    assert_true(found->mounted);
    agent_free_answer(&reply);
}

static void partitions_in_order(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sda", IMAGE_SIZE, true); /* not looked at: there are partitions */
    agent_make_image(f, "sda14", IMAGE_SIZE / 4, false);
    agent_make_image(f, "sda1", IMAGE_SIZE / 2, true);
    agent_make_image(f, "sda2", 1024, false); /* an extended partition is a container */
    agent_say_device(f, "add", 0);
    agent_say_disk(f, "add", 0);
    agent_say_partition(f, "add", 0, 14);
    agent_say_partition(f, "add", 0, 1);
    agent_say_partition(f, "add", 0, 2);
    agent_say_device(f, "bind", 0);
    ask_scan(f, 0, IMAGE_SIZE, "");
    answer reply = agent_expect(f, 1, OP_SCAN);
    const scan_ret *result = &reply.body.answer_body_u.scan;
    assert_int_equal(result->status, STATUS_OK);
    assert_int_equal(result->volumes.volumes_len, 2);
    assert_int_equal(result->volumes.volumes_val[0].partition, 1);
    assert_int_equal(result->volumes.volumes_val[0].kind, VOLUME_PARTITION);
    assert_int_equal(result->volumes.volumes_val[1].partition, 14);
    assert_int_equal(result->volumes.volumes_val[1].content, CONTENT_UNKNOWN);
    assert_int_equal(result->volumes.volumes_val[1].status, STATUS_OK);
    agent_free_answer(&reply);
}

static void status_of(struct agent_process *f, unsigned slot, uint64_t size, const char *serial,
                      enum status expected)
{
    ask_scan(f, slot, size, serial);
    answer reply = agent_expect(f, f->serial, OP_SCAN);
    assert_int_equal(reply.body.answer_body_u.scan.status, expected);
    assert_true(reply.body.answer_body_u.scan.message.message_len > 0);
    agent_free_answer(&reply);
}

static void empty_and_unknown(void **state)
{
    struct agent_process *f = *state;
    char path[AGENT_PATH_MAX];
    agent_make_image(f, "sda", IMAGE_SIZE, false);
    agent_make_image(f, "sdb", IMAGE_SIZE, false);
    agent_path(f, path, "dev/sdb");
    agent_write_bytes(path, IMAGE_SIZE - 1, "x", 1);
    agent_appear(f, 0);
    agent_appear(f, 1);
    status_of(f, 0, IMAGE_SIZE, "", STATUS_EMPTY);
    status_of(f, 1, IMAGE_SIZE, "", STATUS_UNSUPPORTED);
}

static void not_the_disk_announced(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sda", IMAGE_SIZE, true);
    agent_make_serial(f, 0, "zero");
    agent_appear(f, 0);
    status_of(f, 0, IMAGE_SIZE + 512, "", STATUS_CRASHED);
    status_of(f, 0, IMAGE_SIZE, "zer", STATUS_CRASHED);
    status_of(f, 0, IMAGE_SIZE, "zer\n", STATUS_CRASHED);
}

static void a_disk_that_was_cut_off_meanwhile(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sda", IMAGE_SIZE, true);
    agent_make_serial(f, 0, "zero");
    agent_appear(f, 0);
    status_of(f, 0, IMAGE_SIZE + 512, "zero", STATUS_CORRUPT);
    status_of(f, 0, IMAGE_SIZE + 512, "one", STATUS_CRASHED);
}

static void expect_status(struct agent_process *f, enum status expected)
{
    answer reply = agent_expect(f, f->serial, OP_SCAN);
    assert_int_equal(reply.body.answer_body_u.scan.status, expected);
    agent_free_answer(&reply);
}

/* Its size and its serial are compared as the first one's; and the host cannot go back to one that
 * has been replaced. */
static void one_disk_takes_the_place_of_another(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sda", IMAGE_SIZE, true);
    agent_make_serial(f, 0, "zero");
    agent_appear(f, 0);
    ask_next(f, 0, IMAGE_SIZE, "zero", 0);
    expect_status(f, STATUS_OK);
    agent_make_image(f, "sda", 2 * IMAGE_SIZE, true);
    ask_next(f, 0, 2 * IMAGE_SIZE, "zero", 1);
    expect_status(f, STATUS_OK);
    ask_next(f, 0, 2 * IMAGE_SIZE, "one", 2);
    expect_status(f, STATUS_CRASHED);
    ask_next(f, 0, IMAGE_SIZE, "zero", 4);
    expect_status(f, STATUS_CORRUPT);
    ask_next(f, 0, 2 * IMAGE_SIZE, "zero", 3);
    expect_status(f, STATUS_CRASHED);
    agent_say_device(f, "remove", 0); /* the next device has a first disk again */
    ask_gone(f, 0);
    answer reply = agent_expect(f, f->serial, OP_GONE);
    agent_free_answer(&reply);
    agent_appear(f, 0);
    ask_next(f, 0, 2 * IMAGE_SIZE, "zero", 0);
    expect_status(f, STATUS_OK);
}

static void node_missing(void **state)
{
    struct agent_process *f = *state;
    agent_appear(f, 4);
    status_of(f, 4, IMAGE_SIZE, "", STATUS_UNREADABLE);
}

/* The second is there first, and waits for its turn all the same. */
static void answers_in_order(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sda", IMAGE_SIZE, true);
    agent_make_image(f, "sdb", IMAGE_SIZE, true);
    ask_scan(f, 0, IMAGE_SIZE, "");
    ask_scan(f, 1, IMAGE_SIZE, "");
    agent_ask_hello(f, PROTOCOL_VERSION);
    agent_appear(f, 1);
    agent_say_device(f, "add", 0);
    agent_say_disk(f, "add", 0); /* partitions might still follow */
    expect_silence(f);
    agent_say_device(f, "bind", 0);
    answer reply = agent_expect(f, 1, OP_SCAN);
    agent_free_answer(&reply);
    reply = agent_expect(f, 2, OP_SCAN);
    agent_free_answer(&reply);
    reply = agent_expect(f, 3, OP_HELLO);
    agent_free_answer(&reply);
}

static void gone(void **state)
{
    struct agent_process *f = *state;
    agent_make_image(f, "sda", IMAGE_SIZE, true);
    agent_appear(f, 0);
    ask_scan(f, 0, IMAGE_SIZE, "");
    answer reply = agent_expect(f, 1, OP_SCAN);
    agent_free_answer(&reply);
    ask_gone(f, 0);
    agent_say_disk(f, "remove", 0);
    expect_silence(f);
    agent_say_device(f, "remove", 0);
    reply = agent_expect(f, 2, OP_GONE);
    assert_int_equal(reply.body.answer_body_u.gone.message.message_len, 0);
    agent_free_answer(&reply);
    ask_gone(f, 7); /* never was there */
    reply = agent_expect(f, 3, OP_GONE);
    agent_free_answer(&reply);
}

static void nonsense_events(void **state)
{
    struct agent_process *f = *state;
    static const char *const paths[] = {"",
                                        "devices",
                                        AGENT_DEVICES "/target0:0:999/0:0:999:0",
                                        AGENT_DEVICES "/target0:0:1/0:0:2:0",
                                        AGENT_DEVICES "/target0:0:1/0:0:1:1",
                                        AGENT_DEVICES "/target0:1:1/0:1:1:0",
                                        AGENT_DEVICES "/target0:0:1/0:0:1:0/",
                                        "devices/pci/ata1/host0/target0:0:1/0:0:1:0",
                                        AGENT_DEVICES "/target::/:::"};
    assert_int_equal(send(f->uevents, "libudev", 8, 0), 8);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        agent_say(f, "add", paths[i], "", 0);
        agent_say(f, "bind", paths[i], "", 0);
    }
    ask_gone(f, 1);
    answer reply = agent_expect(f, 1, OP_GONE);
    agent_free_answer(&reply);
}

#define AGENT_TEST(name) cmocka_unit_test_setup_teardown(name, agent_set_up, agent_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(hello),
        AGENT_TEST(prepare),
        AGENT_TEST(prepared_it_waits_for_a_call),
        AGENT_TEST(other_version),
        AGENT_TEST(oversized_frame),
        AGENT_TEST(garbage_frame),
        AGENT_TEST(empty_frame),
        AGENT_TEST(trailing_garbage),
        AGENT_TEST(slot_out_of_range),
        AGENT_TEST(same_slot_twice),
        AGENT_TEST(after_the_last_question_there_is_none),
        AGENT_TEST(half_a_frame_and_the_end),
        AGENT_TEST(a_filesystem),
        AGENT_TEST(partitions_in_order),
        AGENT_TEST(empty_and_unknown),
        AGENT_TEST(not_the_disk_announced),
        AGENT_TEST(a_disk_that_was_cut_off_meanwhile),
        AGENT_TEST(one_disk_takes_the_place_of_another),
        AGENT_TEST(node_missing),
        AGENT_TEST(answers_in_order),
        AGENT_TEST(gone),
        AGENT_TEST(nonsense_events),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!getenv("AGENT")) {
        fprintf(stderr, "AGENT: not set to the agent's program\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
