/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spool-file.h"

#include "base/temporary-file.h"
#include <fcntl.h>

struct spool_file {
    int fd;
    unsigned users;
    uint32_t end; /* pieces from here on have never been used */
    uint32_t *free;
    size_t free_count, free_room;
};

int spool_file_use(struct spool_file **file, struct spool_pieces *pieces)
{
    if (!*file) {
        struct spool_file *made = calloc(1, sizeof *made);
        if (!made)
            return -1;
        made->fd = temporary_file_open();
        if (made->fd < 0) {
            free(made);
            return -1;
        }
        *file = made;
    }
    (*file)->users++;
    pieces->file = *file;
    return 0;
}

/* Room for one more number. */
static int reserve(uint32_t **numbers, size_t count, size_t *room)
{
    if (count < *room)
        return 0;
    size_t more = *room * 2 + 16;
    uint32_t *longer = realloc(*numbers, more * sizeof *longer);
    if (!longer)
        return -1;
    *numbers = longer;
    *room = more;
    return 0;
}

static int take_piece(struct spool_pieces *self)
{
    struct spool_file *file = self->file;
    if (reserve(&self->numbers, self->count, &self->room) < 0)
        return -1;
    self->numbers[self->count++] =
        file->free_count > 0 ? file->free[--file->free_count] : file->end++;
    return 0;
}

/* The disk has its space back, where the filesystem can do that; or the next one uses it. */
static void give_back(struct spool_file *file, uint32_t number)
{
    fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(number * SPOOL_PIECE),
              (off_t)SPOOL_PIECE);
    if (reserve(&file->free, file->free_count, &file->free_room) == 0)
        file->free[file->free_count++] = number;
}

void spool_file_leave(struct spool_file **file, struct spool_pieces *pieces)
{
    if (!pieces->file)
        return;
    if (--(*file)->users > 0) {
        for (size_t i = 0; i < pieces->count; i++)
            give_back(*file, pieces->numbers[i]);
    } else {
        close((*file)->fd);
        free((*file)->free);
        free(STEAL(*file));
    }
    free(pieces->numbers);
    *pieces = (struct spool_pieces){0};
}

/* Where in the file byte `at` is; *length is not beyond its piece afterwards. */
static off_t find(const struct spool_pieces *self, uint64_t at, size_t *length)
{
    uint64_t within = at % SPOOL_PIECE;
    if (*length > SPOOL_PIECE - within)
        *length = (size_t)(SPOOL_PIECE - within);
    return (off_t)(self->numbers[at / SPOOL_PIECE] * SPOOL_PIECE + within);
}

int spool_file_write(struct spool_pieces *self, const void *bytes, size_t length, uint64_t at)
{
    const char *from = bytes;
    while (length > 0) {
        size_t some = length;
        if (at / SPOOL_PIECE == self->count && take_piece(self) < 0)
            return -1;
        off_t place = find(self, at, &some);
        ssize_t count = pwrite(self->file->fd, from, some, place);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        from += count;
        at += (uint64_t)count;
        length -= (size_t)count;
    }
    return 0;
}

int spool_file_read(const struct spool_pieces *self, void *bytes, size_t length, uint64_t at)
{
    char *to = bytes;
    while (length > 0) {
        size_t some = length;
        off_t place = find(self, at, &some);
        ssize_t count = pread(self->file->fd, to, some, place);
        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = EIO;
        if (count <= 0)
            return -1;
        to += count;
        at += (uint64_t)count;
        length -= (size_t)count;
    }
    return 0;
}
