/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/frame.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h> /* needs the above */

struct ends {
    int in;
    int out;
};

static struct ends open_ends(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    return (struct ends){fds[0], fds[1]};
}

static void close_ends(struct ends *ends)
{
    close(ends->in);
    if (ends->out >= 0)
        close(ends->out);
}

static void send_all(int fd, const void *data, size_t length)
{
    assert_int_equal(write(fd, data, length), (ssize_t)length);
}

static void send_header(int fd, uint32_t length)
{
    uint32_t header = htonl(length);
    send_all(fd, &header, sizeof header);
}

static void length_zero(void **state)
{
    struct ends ends = open_ends();
    AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
    const void *body = NULL;
    size_t length = 1;
    request asked = {0};
    (void)state;
    send_header(ends.out, 0);
    assert_int_equal(frame_reader_fill(reader, ends.in), 4);
    assert_int_equal(frame_reader_next(reader, &body, &length), 1);
    assert_int_equal(length, 0);
    assert_int_equal(frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, length),
                     -EBADMSG);
    assert_int_equal(frame_reader_next(reader, &body, &length), 0);
    close_ends(&ends);
}

static void length_max(void **state)
{
    struct ends ends = open_ends();
    AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
    AUTO_FREE char *bytes = malloc(PROTOCOL_MAX_FRAME);
    const void *body;
    size_t length, sent = 0;
    int got;
    (void)state;
    memset(bytes, 'x', PROTOCOL_MAX_FRAME);
    send_header(ends.out, PROTOCOL_MAX_FRAME);
    while ((got = frame_reader_next(reader, &body, &length)) == 0) {
        ssize_t count = write(ends.out, bytes + sent, PROTOCOL_MAX_FRAME - sent);
        if (count > 0)
            sent += (size_t)count;
        assert_true(frame_reader_fill(reader, ends.in) > 0);
    }
    assert_int_equal(got, 1);
    assert_int_equal(length, PROTOCOL_MAX_FRAME);
    assert_memory_equal(body, bytes, PROTOCOL_MAX_FRAME);
    close_ends(&ends);
}

static void length_above_max(void **state)
{
    static const uint32_t lengths[] = {PROTOCOL_MAX_FRAME + 1, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ends ends = open_ends();
        AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
        const void *body;
        size_t length;
        send_header(ends.out, lengths[i]);
        assert_int_equal(frame_reader_fill(reader, ends.in), 4);
        assert_int_equal(frame_reader_next(reader, &body, &length), -EMSGSIZE);
        close_ends(&ends);
    }
}

/* A frame with the given serial and OP_PREPARE: 12 bytes. */
static size_t prepare_frame(unsigned serial, char bytes[64])
{
    request asked = {.serial = serial, .body.op = OP_PREPARE};
    AUTO_SECRET void *frame = NULL;
    size_t length;
    assert_int_equal(frame_encode((xdrproc_t)xdr_request, &asked, &frame, &length), 0);
    assert_true(length <= 64);
    memcpy(bytes, frame, length);
    return length;
}

static void assert_prepare(frame_reader *reader, unsigned serial)
{
    const void *body;
    size_t length;
    request asked = {0};
    assert_int_equal(frame_reader_next(reader, &body, &length), 1);
    assert_int_equal(frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, length), 0);
    assert_int_equal(asked.serial, serial);
    assert_int_equal(asked.body.op, OP_PREPARE);
    xdr_free((xdrproc_t)xdr_request, &asked);
}

static void byte_by_byte(void **state)
{
    struct ends ends = open_ends();
    AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
    char bytes[64];
    const void *body;
    size_t length, size = prepare_frame(7, bytes);
    (void)state;
    assert_int_equal(frame_reader_fill(reader, ends.in), -EAGAIN);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(frame_reader_next(reader, &body, &length), 0);
        send_all(ends.out, bytes + i, 1);
        assert_int_equal(frame_reader_fill(reader, ends.in), 1);
    }
    assert_prepare(reader, 7);
    close_ends(&ends);
}

static void two_in_one_read(void **state)
{
    struct ends ends = open_ends();
    AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
    char bytes[128 + 64];
    size_t size = prepare_frame(1, bytes);
    (void)state;
    size += prepare_frame(2, bytes + size);
    size_t third = prepare_frame(3, bytes + size);
    send_all(ends.out, bytes, size + third - 1);
    assert_int_equal(frame_reader_fill(reader, ends.in), (int)(size + third - 1));
    assert_prepare(reader, 1);
    assert_prepare(reader, 2);
    send_all(ends.out, bytes + size + third - 1, 1);
    assert_int_equal(frame_reader_fill(reader, ends.in), 1);
    assert_prepare(reader, 3);
    close_ends(&ends);
}

static void end_in_the_middle(void **state)
{
    struct ends ends = open_ends();
    AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
    char bytes[64];
    const void *body;
    size_t length;
    size_t size = prepare_frame(9, bytes);
    (void)state;
    send_all(ends.out, bytes, size - 2);
    close(ends.out);
    ends.out = -1;
    assert_int_equal(frame_reader_fill(reader, ends.in), (int)size - 2);
    assert_int_equal(frame_reader_fill(reader, ends.in), 0);
    assert_int_equal(frame_reader_next(reader, &body, &length), 0);
    close_ends(&ends);
}

static void garbage_behind_the_object(void **state)
{
    char bytes[64];
    size_t size = prepare_frame(9, bytes);
    request asked = {0};
    (void)state;
    memset(bytes + size, 0, 4);
    assert_int_equal(frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, bytes + 4, size),
                     -EBADMSG);
    assert_int_equal(
        frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, bytes + 4, size - 8), -EBADMSG);
}

/* A count above the bound is refused whatever the memory, and one within it costs no more than
 * frame.h says although the elements are not there. */
static void claimed_counts(void **state)
{
    static const uint32_t counts[] = {SLOT_COUNT, SLOT_COUNT + 1, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint32_t body[3] = {htonl(1), htonl(OP_SCAN), htonl(counts[i])};
        request asked = {0}, zero = {0};
        assert_int_equal(
            frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, sizeof body),
            -EBADMSG);
        assert_memory_equal(&asked, &zero, sizeof asked);
    }
}

static void unknown_operation(void **state)
{
    uint32_t body[2] = {htonl(1), htonl(99)};
    request asked = {0};
    (void)state;
    assert_int_equal(frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, sizeof body),
                     -EBADMSG);
}

/* MAX_VOLUMES volumes with every text at its longest exceed a frame: refused, not cut. */
static void too_large_to_encode(void **state)
{
    static char text[MAX_MESSAGE];
    AUTO_FREE volume *volumes = calloc(MAX_VOLUMES, sizeof *volumes);
    answer reply = {.body.op = OP_SCAN};
    AUTO_SECRET void *frame = NULL;
    size_t length;
    (void)state;
    for (unsigned i = 0; i < MAX_VOLUMES; i++) {
        volumes[i].message.message_val = text;
        volumes[i].message.message_len = sizeof text;
    }
    reply.body.answer_body_u.scan.volumes.volumes_val = volumes;
    reply.body.answer_body_u.scan.volumes.volumes_len = MAX_VOLUMES;
    assert_int_equal(frame_encode((xdrproc_t)xdr_answer, &reply, &frame, &length), -EMSGSIZE);
    reply.body.answer_body_u.scan.volumes.volumes_len = MAX_VOLUMES / 2;
    assert_int_equal(frame_encode((xdrproc_t)xdr_answer, &reply, &frame, &length), 0);
    assert_true(length > (size_t)MAX_VOLUMES / 2 * MAX_MESSAGE);
}

static void writer_back_pressure(void **state)
{
    struct ends ends = open_ends();
    AUTO_FRAME_WRITER frame_writer *writer = frame_writer_new(4096);
    AUTO_FRAME_READER frame_reader *reader = frame_reader_new();
    request asked = {.body.op = OP_PREPARE};
    unsigned queued = 0, read_back = 0;
    int result;
    (void)state;
    /* Fills the socket, then the queue. */
    for (;;) {
        asked.serial = queued;
        result = frame_writer_put(writer, (xdrproc_t)xdr_request, &asked);
        if (result < 0)
            break;
        queued++;
        if (queued % 16 == 0)
            assert_true(frame_writer_flush(writer, ends.out) >= 0);
    }
    assert_int_equal(result, -ENOBUFS);
    assert_true(frame_writer_pending(writer) <= 4096);
    while (read_back < queued) {
        assert_true(frame_writer_flush(writer, ends.out) >= 0);
        assert_true(frame_reader_fill(reader, ends.in) > 0);
        const void *body;
        size_t length;
        while (frame_reader_next(reader, &body, &length) == 1) {
            assert_int_equal(
                frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, length), 0);
            assert_int_equal(asked.serial, read_back++);
        }
    }
    assert_int_equal(frame_writer_pending(writer), 0);
    close_ends(&ends);
}

/* A single frame larger than the limit goes out all the same when nothing is before it. */
static void writer_takes_one_large(void **state)
{
    AUTO_FRAME_WRITER frame_writer *writer = frame_writer_new(1);
    request asked = {.body.op = OP_PREPARE};
    (void)state;
    assert_int_equal(frame_writer_put(writer, (xdrproc_t)xdr_request, &asked), 0);
    assert_int_equal(frame_writer_put(writer, (xdrproc_t)xdr_request, &asked), -ENOBUFS);
    assert_int_equal(frame_writer_pending(writer), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_zero),
        cmocka_unit_test(length_max),
        cmocka_unit_test(length_above_max),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(two_in_one_read),
        cmocka_unit_test(end_in_the_middle),
        cmocka_unit_test(garbage_behind_the_object),
        cmocka_unit_test(claimed_counts),
        cmocka_unit_test(unknown_operation),
        cmocka_unit_test(too_large_to_encode),
        cmocka_unit_test(writer_back_pressure),
        cmocka_unit_test(writer_takes_one_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
