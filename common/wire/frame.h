/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames: a 4-byte big-endian body length, at most PROTOCOL_MAX_FRAME, then a body in XDR.
 *
 * Both wires speak them (protocol.x, worker.x), at all four ends. Functions return 0 or more on
 * success and -errno on failure; none prints, and none interprets a body.
 *
 * Memory. Buffers and frames are secret (secret.h): keys pass through them, and a worker that is
 * forked later must not see the answers of other guests. A reader grows to the largest frame it was
 * fed, at most PROTOCOL_MAX_FRAME + 64 KiB, and a length is checked before anything is allocated
 * for it. Decoding allocates what the lengths in the body claim, each checked by the generated code
 * against its maximum in the .x file first; an array is allocated before its elements are seen. So
 * the worst a body can cost is every array at its maximum, about 230 KiB for an `answer` (1024
 * volumes), 14 KiB for a `request` and 8 KiB for an `order`, plus the bytes that are in the body,
 * plus one string whose length is claimed without bytes. */
#ifndef VLT_FRAME_H
#define VLT_FRAME_H

#include "base/secret.h"
#include "wire/protocol.h"
#include <rpc/xdr.h>
#include <stdbool.h>
#include <stddef.h>

#define FRAME_HEADER 4

/* ---- incoming ---- */

typedef struct frame_reader frame_reader;

frame_reader *frame_reader_new(void); /* NULL: no memory */
void frame_reader_free(frame_reader *reader);

/* One read(2). The number of bytes that came; 0 at the end of the stream; -EAGAIN where a
 * non-blocking fd has nothing (a blocking fd waits, so poll it first); another -errno. A signal
 * is not an error: it reads again. Take every complete frame with frame_reader_next() first. */
int frame_reader_fill(frame_reader *reader, int fd);

/* The next complete frame: 1, and *body (the reader's memory, valid until its next call) with its
 * *length, which may be 0. 0: more bytes are needed. -EMSGSIZE: the length is above
 * PROTOCOL_MAX_FRAME; the stream cannot be followed any further. */
int frame_reader_next(frame_reader *reader, const void **body, size_t *length);

/* Forgets all buffered bytes, for a stream that starts anew. */
void frame_reader_reset(frame_reader *reader);

/* The call: a host sends it before its first frame where the stream outlives its host end. It is no
 * frame (its first four bytes are a length above the maximum), and it counts only at the beginning
 * of a read(2): a virtio-serial port hands out what the host wrote in the pieces in which QEMU
 * received it, and no piece has bytes of two hosts. */
#define FRAME_CALL "\377\377\377\377new host end"
#define FRAME_CALL_LENGTH (sizeof FRAME_CALL - 1)

/* Whether the `count` bytes of the last fill begin with the call; then the call and all bytes
 * before it are forgotten. */
bool frame_reader_called(frame_reader *reader, size_t count);

/* Decodes a whole body into *object, which must be all zero bytes. 0; -EBADMSG when the body is not
 * such an object, or has bytes behind it: *object has then been freed and its `size` bytes are zero
 * again. On success xdr_free(proc, object) is the caller's. Enumerations and booleans are not
 * checked against their values by XDR: the caller does that. */
int frame_decode(xdrproc_t proc, void *object, size_t size, const void *body, size_t length);

/* ---- outgoing ---- */

/* A complete frame in *frame (secret_free()) of *length bytes. -EMSGSIZE when it would be above
 * PROTOCOL_MAX_FRAME or an array above its maximum; -ENOMEM. */
int frame_encode(xdrproc_t proc, const void *object, void **frame, size_t *length);

/* A queue of outgoing frames. */
typedef struct frame_writer frame_writer;

/* Holds at most `limit` bytes. NULL: no memory. */
frame_writer *frame_writer_new(size_t limit);
void frame_writer_free(frame_writer *writer);

/* Queues a frame. -ENOBUFS when the limit would be passed: flush, and wait for POLLOUT, first (an
 * empty queue takes any frame). -EMSGSIZE and -ENOMEM as frame_encode(). */
int frame_writer_put(frame_writer *writer, xdrproc_t proc, const void *object);

/* Queues the call, before the first frame: all queued frames are dropped. 0 or -ENOMEM. */
int frame_writer_call(frame_writer *writer);

/* Writes as much as the fd takes: 0 when the queue is empty, 1 when the rest waits for POLLOUT, or
 * -errno. The caller must ignore SIGPIPE. */
int frame_writer_flush(frame_writer *writer, int fd);

size_t frame_writer_pending(const frame_writer *writer); /* bytes queued */
void frame_writer_reset(frame_writer *writer);

static inline void cleanup_frame_reader(frame_reader **reader)
{
    frame_reader_free(*reader);
}

static inline void cleanup_frame_writer(frame_writer **writer)
{
    frame_writer_free(*writer);
}

#define AUTO_FRAME_READER CLEANUP(cleanup_frame_reader)
#define AUTO_FRAME_WRITER CLEANUP(cleanup_frame_writer)

#endif
