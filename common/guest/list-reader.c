/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "list-reader.h"

#include "base/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536

/* A FIFO opens at once and is not ready before a process writes; stdin is left as it is: its file
 * description is shared with other processes. */
int list_reader_open(struct list_reader *reader, const char *path, char delimiter, size_t longest)
{
    struct stat st;

    *reader = (struct list_reader){.fd = STDIN_FILENO, .delimiter = delimiter, .longest = longest};
    if (strcmp(path, "-") != 0) {
        reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (reader->fd < 0)
            return errno;
    }
    if (fstat(reader->fd, &st) < 0)
        return errno;
    reader->regular = S_ISREG(st.st_mode);
    return 0;
}

void list_reader_close(struct list_reader *reader)
{
    if (reader->fd > STDIN_FILENO)
        close(reader->fd);
    secret_free(reader->buffer);
    *reader = LIST_READER_CLOSED;
}

/* The next entry among the bytes that were read, with its delimiter skipped. At the end of the
 * file the rest is one. false: there is none yet. */
static bool take_entry(struct list_reader *reader, const char **entry, size_t *length)
{
    size_t unseen = reader->end - reader->scanned;
    const char *found =
        unseen ? memchr(reader->buffer + reader->scanned, reader->delimiter, unseen) : NULL;

    if (!found && !(reader->ended && (reader->end > reader->start || reader->dropping))) {
        reader->scanned = reader->end;
        return false;
    }
    size_t stop = found ? (size_t)(found - reader->buffer) : reader->end;
    *entry = reader->buffer + reader->start;
    *length = stop - reader->start;
    reader->start = reader->scanned = found ? stop + 1 : stop;
    reader->entry++;
    return true;
}

/* Makes room for READ_SIZE more bytes. What cannot become a guest any more is dropped, so the
 * buffer has an end although a line may have none. */
static int make_room(struct list_reader *reader)
{
    if (reader->dropping || reader->end - reader->start > reader->longest) {
        reader->dropping = true;
        reader->start = reader->scanned = reader->end = 0;
    }
    if (reader->start > 0) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->scanned -= reader->start;
        reader->start = 0;
    }
    if (reader->room - reader->end >= READ_SIZE)
        return 0;
    size_t room = reader->room * 2 + READ_SIZE;
    char *buffer = secret_resize(reader->buffer, room);
    if (!buffer)
        return -1;
    reader->buffer = buffer;
    reader->room = room;
    return 0;
}

/* One read(), if it would not block. LIST_READ_ENTRY: there may be one now. */
static enum list_reader_result fill(struct list_reader *reader)
{
    struct pollfd ready = {.fd = reader->fd, .events = POLLIN};

    if (!reader->regular && poll(&ready, 1, 0) < 1)
        return LIST_READ_WAIT;
    if (make_room(reader) < 0)
        return LIST_READ_NO_MEMORY;
    ssize_t n = read(reader->fd, reader->buffer + reader->end, READ_SIZE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return reader->regular ? LIST_READ_ENTRY : LIST_READ_WAIT;
    if (n < 0)
        return LIST_READ_FAILED;
    reader->ended = n == 0;
    reader->end += (size_t)n;
    return LIST_READ_ENTRY;
}

enum list_reader_result list_reader_next(struct list_reader *reader, const char **entry,
                                         size_t *length)
{
    /* What is not a regular file is read once a call: who writes without an end is not alone. */
    for (bool may_read = true;; may_read = reader->regular) {
        if (take_entry(reader, entry, length)) {
            bool too_long = reader->dropping || *length > reader->longest;
            reader->dropping = false;
            return too_long ? LIST_READ_TOO_LONG : LIST_READ_ENTRY;
        }
        if (reader->ended)
            return LIST_READ_END;
        enum list_reader_result filled = may_read ? fill(reader) : LIST_READ_WAIT;
        if (filled != LIST_READ_ENTRY)
            return filled;
    }
}
