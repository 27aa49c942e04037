/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "frame.h"
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* What one read(2) asks for where no larger frame is under way. */
#define READ_SIZE ((size_t)64 * 1024)
#define FIRST_SIZE ((size_t)4096)

/* Bytes [start, end) of data are held. */
struct buffer {
    char *data;
    size_t size;
    size_t start;
    size_t end;
};

struct frame_reader {
    struct buffer buffer;
};

struct frame_writer {
    struct buffer buffer;
    size_t limit;
};

static size_t buffer_held(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

static void buffer_reset(struct buffer *buffer)
{
    buffer->start = buffer->end = 0;
}

/* Makes room for `more` bytes behind the end, moving what is held to the front first. */
static int buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->size - buffer->end >= more)
        return 0;
    if (buffer->start > 0) {
        memmove(buffer->data, buffer->data + buffer->start, buffer_held(buffer));
        buffer->end -= buffer->start;
        buffer->start = 0;
    }
    if (buffer->size - buffer->end >= more)
        return 0;
    char *data = secret_resize(buffer->data, buffer->end + more);
    if (!data)
        return -ENOMEM;
    buffer->data = data;
    buffer->size = buffer->end + more;
    return 0;
}

frame_reader *frame_reader_new(void)
{
    return calloc(1, sizeof(frame_reader));
}

void frame_reader_free(frame_reader *reader)
{
    if (!reader)
        return;
    secret_free(reader->buffer.data);
    free(reader);
}

/* The length in the header of the frame at the front; there must be FRAME_HEADER bytes. */
static size_t front_length(const struct buffer *buffer)
{
    uint32_t length;
    memcpy(&length, buffer->data + buffer->start, sizeof length);
    return ntohl(length);
}

/* What the frame at the front still lacks, or READ_SIZE: never more than the cap allows. */
static size_t wanted(const struct buffer *buffer)
{
    size_t held = buffer_held(buffer);
    if (held < FRAME_HEADER)
        return READ_SIZE;
    size_t length = front_length(buffer);
    if (length > PROTOCOL_MAX_FRAME || length + FRAME_HEADER <= held)
        return READ_SIZE;
    size_t missing = length + FRAME_HEADER - held;
    return missing > READ_SIZE ? missing : READ_SIZE;
}

int frame_reader_fill(frame_reader *reader, int fd)
{
    struct buffer *buffer = &reader->buffer;
    int result = buffer_reserve(buffer, wanted(buffer));
    if (result < 0)
        return result;
    ssize_t count;
    do
        count = read(fd, buffer->data + buffer->end, buffer->size - buffer->end);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    buffer->end += (size_t)count;
    return (int)count;
}

int frame_reader_next(frame_reader *reader, const void **body, size_t *length)
{
    struct buffer *buffer = &reader->buffer;
    size_t held = buffer_held(buffer);
    if (held < FRAME_HEADER)
        return 0;
    size_t claimed = front_length(buffer);
    if (claimed > PROTOCOL_MAX_FRAME)
        return -EMSGSIZE;
    if (held - FRAME_HEADER < claimed)
        return 0;
    *body = buffer->data + buffer->start + FRAME_HEADER;
    *length = claimed;
    buffer->start += FRAME_HEADER + claimed;
    if (buffer->start == buffer->end)
        buffer_reset(buffer); /* the bytes stay where they are until the next fill */
    return 1;
}

void frame_reader_reset(frame_reader *reader)
{
    buffer_reset(&reader->buffer);
}

bool frame_reader_called(frame_reader *reader, size_t count)
{
    struct buffer *buffer = &reader->buffer;
    size_t start = buffer->end - count;
    if (count < FRAME_CALL_LENGTH ||
        memcmp(buffer->data + start, FRAME_CALL, FRAME_CALL_LENGTH) != 0)
        return false;
    buffer->start = start + FRAME_CALL_LENGTH;
    return true;
}

int frame_decode(xdrproc_t proc, void *object, size_t size, const void *body, size_t length)
{
    XDR xdr;
    if (length > PROTOCOL_MAX_FRAME)
        return -EMSGSIZE;
    /* XDR_DECODE only reads from the memory; the API has one pointer type for both ways. */
    xdrmem_create(&xdr, (char *)(uintptr_t)body, (u_int)length, XDR_DECODE);
    bool whole = proc(&xdr, object) && xdr_getpos(&xdr) == length;
    xdr_destroy(&xdr);
    if (whole)
        return 0;
    xdr_free(proc, object);
    memset(object, 0, size);
    return -EBADMSG;
}

/* Appends a frame to the buffer; on failure what was held is still held, and nothing more. */
static int append(struct buffer *buffer, xdrproc_t proc, const void *object)
{
    /* xdr_sizeof() would walk the object once more for every frame; nearly all fit the first try.
     */
    size_t room = FIRST_SIZE;
    for (;;) {
        int result = buffer_reserve(buffer, room);
        if (result < 0)
            return result;
        room = buffer->size - buffer->end;
        size_t limit = room - FRAME_HEADER;
        XDR xdr;
        if (limit > PROTOCOL_MAX_FRAME)
            limit = PROTOCOL_MAX_FRAME;
        char *front = buffer->data + buffer->end;
        xdrmem_create(&xdr, front + FRAME_HEADER, (u_int)limit, XDR_ENCODE);
        bool fits = proc(&xdr, (void *)(uintptr_t)object);
        uint32_t length = xdr_getpos(&xdr);
        xdr_destroy(&xdr);
        if (fits) {
            uint32_t header = htonl(length);
            memcpy(front, &header, sizeof header);
            buffer->end += FRAME_HEADER + length;
            return 0;
        }
        if (limit == PROTOCOL_MAX_FRAME)
            return -EMSGSIZE;
        room *= 4;
    }
}

int frame_encode(xdrproc_t proc, const void *object, void **frame, size_t *length)
{
    struct buffer buffer = {NULL, 0, 0, 0};
    int result = append(&buffer, proc, object);
    if (result < 0) {
        secret_free(buffer.data);
        return result;
    }
    *frame = buffer.data;
    *length = buffer.end;
    return 0;
}

frame_writer *frame_writer_new(size_t limit)
{
    frame_writer *writer = calloc(1, sizeof *writer);
    if (writer)
        writer->limit = limit;
    return writer;
}

void frame_writer_free(frame_writer *writer)
{
    if (!writer)
        return;
    secret_free(writer->buffer.data);
    free(writer);
}

int frame_writer_put(frame_writer *writer, xdrproc_t proc, const void *object)
{
    struct buffer *buffer = &writer->buffer;
    size_t held = buffer_held(buffer);
    int result = append(buffer, proc, object);
    if (result < 0)
        return result;
    if (held > 0 && buffer_held(buffer) > writer->limit) {
        buffer->end = buffer->start + held;
        return -ENOBUFS;
    }
    return 0;
}

int frame_writer_call(frame_writer *writer)
{
    struct buffer *buffer = &writer->buffer;
    buffer_reset(buffer);
    int result = buffer_reserve(buffer, FRAME_CALL_LENGTH);
    if (result < 0)
        return result;
    memcpy(buffer->data, FRAME_CALL, FRAME_CALL_LENGTH);
    buffer->end = FRAME_CALL_LENGTH;
    return 0;
}

int frame_writer_flush(frame_writer *writer, int fd)
{
    struct buffer *buffer = &writer->buffer;
    while (buffer_held(buffer) > 0) {
        ssize_t count = write(fd, buffer->data + buffer->start, buffer_held(buffer));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 1;
        if (count < 0)
            return -errno;
        buffer->start += (size_t)count;
    }
    buffer_reset(buffer);
    return 0;
}

size_t frame_writer_pending(const frame_writer *writer)
{
    return buffer_held(&writer->buffer);
}

void frame_writer_reset(frame_writer *writer)
{
    buffer_reset(&writer->buffer);
}
