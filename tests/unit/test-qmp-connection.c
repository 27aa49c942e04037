/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/qmp-connection.h"

#include "appliance/qmp.h"
#include "base/cleanup.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define READY GREETING "{\"return\": {}}\r\n"

/* What QEMU will have said is in the socket before it is asked. */
struct said {
    int qemu;
    qmp_connection *connection;
    error *err;
};

static struct said say(const char *text)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    struct said said = {.qemu = ends[1]};
    said.connection = qmp_connection_new(ends[0], &said.err);
    return said;
}

static void forget(struct said *said)
{
    qmp_connection_free(said->connection);
    error_free(said->err);
    close(said->qemu);
}

static void after_the_greeting_it_negotiates(void **state)
{
    (void)state;
    struct said said = say(READY);
    char asked[100] = "";
    assert_non_null(said.connection);
    assert_true(read(said.qemu, asked, sizeof asked - 1) > 0);
    assert_string_equal(asked, "{\"execute\":\"qmp_capabilities\"}");
    forget(&said);
}

static void the_greeting_has_the_version(void **state)
{
    static const struct {
        const char *greeting;
        unsigned long version;
    } cases[] = {
        {"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}}}\r\n",
         7002022},
        {"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\": 11}}}}\r\n",
         11000000},
        {"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": -1, \"minor\": 2, \"major\": 7}}}}\r\n",
         0},
        {"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 1000, \"major\": 7}}}}\r\n",
         0},
        {"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": \"0\", \"minor\": 2}}}}\r\n", 0},
        {GREETING, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_FREE char *text = NULL;
        assert_true(asprintf(&text, "%s{\"return\": {}}\r\n", cases[i].greeting) > 0);
        struct said said = say(text);
        assert_non_null(said.connection);
        assert_int_equal(qmp_connection_version(said.connection), cases[i].version);
        forget(&said);
    }
}

static void what_does_not_greet_is_no_monitor(void **state)
{
    static const char *const texts[] = {"{\"return\": {}}\r\n", "220 mail\r\n", "\r\n", "[]\r\n",
                                        (GREETING "{\"error\": {\"desc\": \"no\"}}\r\n")};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct said said = say(texts[i]);
        assert_null(said.connection);
        assert_non_null(said.err);
        forget(&said);
    }
}

static void events_are_passed_over(void **state)
{
    (void)state;
    struct said said = say("{\"timestamp\": {}, \"event\": \"STOP\"}\r\n" READY
                           "{\"event\": \"RESUME\"}\r\n{\"return\": {\"fd\": 7}}\r\n");
    json_t *result = qmp_connection_ask(said.connection, "{}", -1, NULL);
    assert_int_equal(json_integer_value(json_object_get(result, "fd")), 7);
    json_decref(result);
    forget(&said);
}

static void a_refusal_leaves_the_connection_usable(void **state)
{
    (void)state;
    struct said said =
        say(READY "{\"error\": {\"desc\": \"no such node\"}}\r\n{\"return\": [1]}\r\n");
    assert_null(qmp_connection_ask(said.connection, "{}", -1, &said.err));
    assert_int_equal(error_kind(said.err), ERROR_REFUSED);
    assert_string_equal(error_message(said.err), "no such node");
    json_t *result = qmp_connection_ask(said.connection, "{}", -1, NULL);
    assert_int_equal(json_array_size(result), 1);
    json_decref(result);
    forget(&said);
}

static void a_descriptor_goes_with_the_command(void **state)
{
    char room[CMSG_SPACE(sizeof(int))], text[100];
    struct iovec part = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct stat sent, got;
    int fd = -1;
    (void)state;
    struct said said = say(READY "{\"return\": {}}\r\n");
    assert_true(read(said.qemu, text, sizeof text) > 0);
    json_decref(qmp_connection_ask(said.connection, "{}", STDERR_FILENO, NULL));
    assert_int_equal(recvmsg(said.qemu, &message, 0), 2);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header)
        fail_msg("no descriptor came");
    else
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    assert_int_equal(fstat(fd, &got), 0);
    assert_int_equal(fstat(STDERR_FILENO, &sent), 0);
    assert_true(got.st_dev == sent.st_dev && got.st_ino == sent.st_ino);
    close(fd);
    forget(&said);
}

static void a_monitor_that_closes_is_lost(void **state)
{
    (void)state;
    struct said said = say(READY "{\"return\": ");
    shutdown(said.qemu, SHUT_WR);
    assert_null(qmp_connection_ask(said.connection, "{}", -1, &said.err));
    assert_int_equal(error_kind(said.err), ERROR_APPLIANCE);
    assert_string_equal(error_message(said.err), "QEMU has closed its monitor");
    forget(&said);
}

struct flood {
    int fd;
    size_t left;
};

/* A reply whose one string has so many letters. */
static void *flood(void *data)
{
    struct flood *self = data;
    char block[4096];
    memset(block, 'x', sizeof block);
    (void)send(self->fd, "{\"return\": \"", 12, MSG_NOSIGNAL);
    while (self->left > 0) {
        ssize_t sent = send(self->fd, block, self->left < sizeof block ? self->left : sizeof block,
                            MSG_NOSIGNAL);
        if (sent < 0)
            return NULL;
        self->left -= (size_t)sent;
    }
    (void)send(self->fd, "\"}\r\n", 4, MSG_NOSIGNAL);
    return NULL;
}

static json_t *ask_for_flood(struct said *said, size_t letters)
{
    pthread_t thread;
    struct flood pending = {said->qemu, letters};
    assert_int_equal(pthread_create(&thread, NULL, flood, &pending), 0);
    json_t *result = qmp_connection_ask(said->connection, "{}", -1, &said->err);
    if (!result) /* nobody reads what else there is */
        qmp_connection_free(STEAL(said->connection));
    pthread_join(thread, NULL);
    return result;
}

static void a_reply_may_be_long(void **state)
{
    (void)state;
    struct said said = say(READY);
    json_t *result = ask_for_flood(&said, 1 << 20);
    assert_int_equal(json_string_length(result), 1 << 20);
    json_decref(result);
    forget(&said);
}

static void a_reply_has_a_bound(void **state)
{
    (void)state;
    struct said said = say(READY);
    assert_null(ask_for_flood(&said, 2 * QMP_CONNECTION_REPLY_MAX));
    assert_int_equal(error_kind(said.err), ERROR_APPLIANCE);
    forget(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_the_greeting_it_negotiates),
        cmocka_unit_test(the_greeting_has_the_version),
        cmocka_unit_test(what_does_not_greet_is_no_monitor),
        cmocka_unit_test(events_are_passed_over),
        cmocka_unit_test(a_refusal_leaves_the_connection_usable),
        cmocka_unit_test(a_descriptor_goes_with_the_command),
        cmocka_unit_test(a_monitor_that_closes_is_lost),
        cmocka_unit_test(a_reply_may_be_long),
        cmocka_unit_test(a_reply_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
