/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sparse-sum.h"

#include "cleanup.h"
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>

#define PAGE 4096

struct summing {
    XXH3_state_t *state;
    const char *bytes;
    uint64_t size;
    uint64_t next;   /* the page that has not been looked at */
    uint64_t follow; /* the page after the last that was not zero */
};

/* Each row of pages that are not zero: where it begins, and its bytes. */
static void add_page(struct summing *self, uint64_t page)
{
    static const char zeros[PAGE];
    uint64_t from = page * PAGE, left = self->size - from;
    size_t length = left < PAGE ? (size_t)left : PAGE;
    if (memcmp(self->bytes + from, zeros, length) == 0)
        return;
    if (page != self->follow || page == 0)
        XXH3_64bits_update(self->state, &from, sizeof from);
    XXH3_64bits_update(self->state, self->bytes + from, length);
    self->follow = page + 1;
}

/* Data may begin and end within a page. */
static void add_data(struct summing *self, uint64_t from, uint64_t to)
{
    uint64_t page = from / PAGE > self->next ? from / PAGE : self->next;
    for (; page * PAGE < to; page++)
        add_page(self, page);
    self->next = page;
}

static int add_all(struct summing *self, int fd)
{
    off_t size = (off_t)self->size;
    for (off_t from = 0, to; from < size; from = to) {
        from = lseek(fd, from, SEEK_DATA);
        if (from < 0 || from >= size)
            return from >= 0 || errno == ENXIO ? 0 : -errno; /* ENXIO: no data beyond */
        to = lseek(fd, from, SEEK_HOLE);
        if (to <= from)
            return to < 0 ? -errno : -EIO;
        add_data(self, (uint64_t)from, (uint64_t)(to < size ? to : size));
    }
    return 0;
}

int sparse_sum(int fd, uint64_t size, uint64_t *sum)
{
    struct summing self = {.state = XXH3_createState(), .size = size};
    void *map = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : NULL;
    int result = !self.state ? -ENOMEM : map == MAP_FAILED ? -errno : 0;
    if (result == 0) {
        self.bytes = map;
        XXH3_64bits_reset(self.state);
        result = add_all(&self, fd);
        *sum = XXH3_64bits_digest(self.state);
    }
    if (map && map != MAP_FAILED)
        munmap(map, size);
    XXH3_freeState(self.state);
    return result;
}
