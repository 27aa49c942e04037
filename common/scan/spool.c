/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spool.h"

#include "spool-file.h"
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_SIZE ((size_t)4096) /* a page, of any power of two above it */

/* A record is its length, in so many bytes, and its bytes. */
typedef uint32_t record_length;

struct spool {
    struct spool_room *room;
    char *memory;               /* mapped; NULL: none */
    size_t size;                /* … so much of it */
    struct spool_pieces pieces; /* of the file; none: all is in memory */
    uint64_t end;               /* of what has been written */
    uint64_t bytes;
    uint64_t at;  /* of reading */
    char *record; /* one that was read from the file */
    size_t record_size;
};

spool *spool_new(struct spool_room *room)
{
    spool *self = calloc(1, sizeof *self);
    if (self)
        *self = (spool){.room = room};
    return self;
}

static void release_memory(spool *self)
{
    if (self->memory)
        munmap(self->memory, self->size);
    self->room->used -= self->size;
    self->memory = NULL;
    self->size = 0;
}

void spool_free(spool *self)
{
    if (!self)
        return;
    release_memory(self);
    spool_file_leave(&self->room->file, &self->pieces);
    free(self->record);
    free(self);
}

uint64_t spool_bytes(const spool *self)
{
    return self->bytes;
}

/* --- memory --- */

static char *map(spool *self, size_t size)
{
    void *memory =
        self->memory ? mremap(self->memory, self->size, size, MREMAP_MAYMOVE)
                     : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    /* It is what a guest said: no other guest's worker, a child of ours, needs it. */
    madvise(memory, size, MADV_DONTFORK);
    return memory;
}

/* Whether there is room for so many bytes in memory; there may be more than were asked for. */
static bool grow(spool *self, uint64_t wanted)
{
    struct spool_room *room = self->room;
    size_t size = self->size ? self->size : FIRST_SIZE;
    if (wanted <= self->size)
        return true;
    if (wanted > room->spool_max)
        return false;
    while (size < wanted)
        size *= 2;
    if (size > room->spool_max)
        size = room->spool_max;
    if (room->used - self->size + size > room->budget)
        return false;
    char *memory = map(self, size);
    if (!memory)
        return false;
    room->used += size - self->size;
    if (room->used > room->peak)
        room->peak = room->used;
    self->memory = memory;
    self->size = size;
    return true;
}

/* --- the file --- */

static int move_to_file(spool *self)
{
    if (spool_file_use(&self->room->file, &self->pieces) < 0)
        return -1;
    if (spool_file_write(&self->pieces, self->memory, (size_t)self->end, 0) < 0) {
        int saved = errno;
        spool_file_leave(&self->room->file, &self->pieces);
        errno = saved;
        return -1;
    }
    release_memory(self);
    self->room->filed++;
    return 0;
}

static int append(spool *self, const void *bytes, size_t length)
{
    if (!self->pieces.file)
        memcpy(self->memory + self->end, bytes, length);
    else if (spool_file_write(&self->pieces, bytes, length, self->end) < 0)
        return -1;
    self->end += length;
    return 0;
}

int spool_add(spool *self, const void *bytes, size_t length, error **err)
{
    record_length header = (record_length)length;
    if (length > UINT32_MAX)
        return error_set(err, ERROR_HOST, "a record that is too long");
    if (!self->pieces.file && !grow(self, self->end + sizeof header + length) &&
        move_to_file(self) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot write a temporary file");
    uint64_t before = self->end;
    if (append(self, &header, sizeof header) < 0 ||
        (length > 0 && append(self, bytes, length) < 0)) {
        self->end = before;
        return error_set_errno(err, ERROR_HOST, errno, "cannot write a temporary file");
    }
    self->bytes += length;
    return 0;
}

/* --- reading --- */

void spool_rewind(spool *self)
{
    self->at = 0;
}

uint64_t spool_tell(const spool *self)
{
    return self->at;
}

void spool_seek(spool *self, uint64_t at)
{
    self->at = at;
}

static int read_record(spool *self, record_length *length)
{
    if (spool_file_read(&self->pieces, length, sizeof *length, self->at) < 0)
        return -1;
    if (self->end - self->at - sizeof *length < *length) {
        errno = EIO;
        return -1;
    }
    if (*length > self->record_size) {
        free(self->record);
        self->record_size = 0;
        self->record = malloc(*length);
        if (!self->record)
            return -1;
        self->record_size = *length;
    }
    return spool_file_read(&self->pieces, self->record, *length, self->at + sizeof *length);
}

int spool_next(spool *self, const void **bytes, size_t *length, error **err)
{
    record_length header;
    if (self->at == self->end)
        return 0;
    if (!self->pieces.file) {
        memcpy(&header, self->memory + self->at, sizeof header);
        *bytes = self->memory + self->at + sizeof header;
    } else {
        if (read_record(self, &header) < 0)
            return error_set_errno(err, ERROR_HOST, errno, "cannot read a temporary file");
        *bytes = self->record;
    }
    *length = header;
    self->at += sizeof header + header;
    return 1;
}
