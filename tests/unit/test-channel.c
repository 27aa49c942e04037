/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's channel where one host goes and the next one comes: the driver of a virtio-serial
 * port keeps what the first one sent, and its events may come late. A datagram socket stands for
 * the port: a read gives one piece, as there. */
#include "agent/util/channel.h"
#include "base/clock.h"

#include "wire/frame.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>

#include <cmocka.h> /* needs the above */

struct port {
    int host;
    char name[64]; /* of the device, where it is one */
    channel *link;
};

static int set_up(void **state)
{
    struct port *port = calloc(1, sizeof *port);
    int pair[2];
    assert_non_null(port);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    port->host = pair[0];
    port->link = channel_new(pair[1]);
    assert_non_null(port->link);
    *state = port;
    return 0;
}

static int tear_down(void **state)
{
    struct port *port = *state;
    channel_free(port->link);
    close(port->host);
    free(port);
    return 0;
}

static void say(const struct port *port, const void *bytes, size_t length)
{
    assert_int_equal(write(port->host, bytes, length), (ssize_t)length);
}

/* The call and HELLO in one piece, as a host says them. */
static void say_hello(const struct port *port, unsigned serial)
{
    request hello = {.serial = serial, .body = {.op = OP_HELLO}};
    AUTO_SECRET void *frame = NULL;
    char piece[256] = FRAME_CALL;
    size_t length;
    assert_int_equal(frame_encode((xdrproc_t)xdr_request, &hello, &frame, &length), 0);
    memcpy(piece + FRAME_CALL_LENGTH, frame, length);
    say(port, piece, FRAME_CALL_LENGTH + length);
}

static void expect_hello(const struct port *port, unsigned serial)
{
    request asked = {0};
    assert_int_equal(channel_receive(port->link, (xdrproc_t)xdr_request, &asked, sizeof asked), 1);
    assert_int_equal(asked.body.op, OP_HELLO);
    assert_int_equal(asked.serial, serial);
}

static void expect_nothing(const struct port *port)
{
    request asked = {0};
    assert_int_equal(channel_receive(port->link, (xdrproc_t)xdr_request, &asked, sizeof asked), 0);
}

static void hang_up(const struct port *port)
{
    assert_int_equal(channel_event(port->link, EPOLLIN | EPOLLHUP), 0);
    channel_drop(port->link);
}

static void a_host_that_calls_is_heard(void **state)
{
    say_hello(*state, 7);
    expect_hello(*state, 7);
}

static void what_comes_before_the_call_is_not_heard(void **state)
{
    say(*state, "\0\0\0\0", 4);
    expect_nothing(*state);
    say_hello(*state, 7);
    expect_hello(*state, 7);
}

/* The event of the first host's end is seen when the next one is already there. */
static void a_late_end_of_one_host_loses_nothing_of_the_next(void **state)
{
    struct port *port = *state;
    say_hello(port, 7);
    expect_hello(port, 7);
    say(port, "\0\0\0\x08half", 8);
    say_hello(port, 8);
    hang_up(port);
    assert_int_equal(channel_event(port->link, EPOLLIN), 1);
    expect_hello(port, 8);
}

/* A second call, and no news of the first host's end: the driver gets the time to tell. */
static void a_call_before_the_end_of_the_former_host_waits_for_the_driver(void **state)
{
    struct port *port = *state;
    say_hello(port, 7);
    expect_hello(port, 7);
    say_hello(port, 8);
    uint64_t before = clock_now();
    expect_hello(port, 8);
    assert_true(clock_now() - before >= CLOCK_SECOND / 1000 * CHANNEL_NEWS);
    hang_up(port);
    say_hello(port, 9);
    assert_int_equal(channel_event(port->link, EPOLLIN), 1);
    expect_hello(port, 9);
}

/* Its event is not seen at all. */
static void a_call_cuts_off_half_a_frame(void **state)
{
    struct port *port = *state;
    say_hello(port, 7);
    expect_hello(port, 7);
    say(port, "\0\0\0\x08half", 8);
    expect_nothing(port);
    say_hello(port, 8);
    expect_hello(port, 8);
}

static void an_answer_to_the_former_host_is_not_sent_to_the_next(void **state)
{
    struct port *port = *state;
    answer late = {.serial = 7, .body = {.op = OP_PREPARE}};
    char byte;
    assert_int_equal(channel_send(port->link, (xdrproc_t)xdr_answer, &late), 0);
    say_hello(port, 8);
    expect_hello(port, 8);
    assert_int_equal(channel_flush(port->link), 0);
    assert_int_equal(recv(port->host, &byte, 1, MSG_DONTWAIT), -1);
}

/* … but what was queued is still sent. */
static void who_is_dismissed_is_not_heard_until_the_next_call(void **state)
{
    struct port *port = *state;
    answer last = {.serial = 7, .body = {.op = OP_PREPARE}};
    char byte;
    say_hello(port, 7);
    expect_hello(port, 7);
    assert_int_equal(channel_send(port->link, (xdrproc_t)xdr_answer, &last), 0);
    channel_dismiss(port->link);
    say(port, "\0\0\0\x08half", 8);
    expect_nothing(port);
    assert_true(channel_pending(port->link));
    assert_int_equal(channel_flush(port->link), 0);
    assert_false(channel_pending(port->link));
    assert_int_equal(recv(port->host, &byte, 1, MSG_DONTWAIT), 1);
    say_hello(port, 8);
    expect_hello(port, 8);
}

static void calls_are_counted(void **state)
{
    struct port *port = *state;
    assert_int_equal(channel_calls(port->link), 0);
    say_hello(port, 7);
    expect_hello(port, 7);
    say_hello(port, 8);
    expect_hello(port, 8);
    assert_int_equal(channel_calls(port->link), 2);
}

/* ---- a device whose host end opens and closes: a pseudo-terminal ---- */

static int open_host(const char *name)
{
    struct termios raw;
    int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(tcgetattr(fd, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(fd, TCSANOW, &raw), 0);
    return fd;
}

static int set_up_device(void **state)
{
    struct port *port = calloc(1, sizeof *port);
    assert_non_null(port);
    int device = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(device >= 0);
    assert_int_equal(grantpt(device), 0);
    assert_int_equal(unlockpt(device), 0);
    assert_int_equal(ptsname_r(device, port->name, sizeof port->name), 0);
    port->host = open_host(port->name);
    port->link = channel_new(device);
    assert_non_null(port->link);
    *state = port;
    return 0;
}

/* Its call is there, and the driver has not said yet that it is. */
static void a_call_is_left_where_it_is_while_nobody_is_connected(void **state)
{
    struct port *port = *state;
    say_hello(port, 7);
    expect_hello(port, 7);
    say_hello(port, 8);
    close(port->host);
    expect_nothing(port);
    hang_up(port);
    port->host = open_host(port->name);
    assert_int_equal(channel_event(port->link, EPOLLIN), 1);
    expect_hello(port, 8);
}

int main(void)
{
#define PORT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PORT(a_host_that_calls_is_heard),
        PORT(what_comes_before_the_call_is_not_heard),
        PORT(a_late_end_of_one_host_loses_nothing_of_the_next),
        PORT(a_call_before_the_end_of_the_former_host_waits_for_the_driver),
        PORT(a_call_cuts_off_half_a_frame),
        PORT(an_answer_to_the_former_host_is_not_sent_to_the_next),
        PORT(who_is_dismissed_is_not_heard_until_the_next_call),
        PORT(calls_are_counted),
        cmocka_unit_test_setup_teardown(a_call_is_left_where_it_is_while_nobody_is_connected,
                                        set_up_device, tear_down),
    };
    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
