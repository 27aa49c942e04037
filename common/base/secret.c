/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define GRAIN ((size_t)4096) /* a page, or part of a larger one: the kernel rounds up */

/* In front of the bytes. Where it was not inherited all of it is 0, and nothing is done with it. */
struct secret {
    alignas(max_align_t) size_t mapped;
};

static struct secret *of(void *bytes)
{
    return (struct secret *)bytes - 1;
}

static void *map(struct secret *old, size_t size)
{
    void *memory =
        old ? mremap(old, old->mapped, size, MREMAP_MAYMOVE)
            : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void *secret_resize(void *bytes, size_t size)
{
    struct secret *self = bytes ? of(bytes) : NULL;
    if (size > SIZE_MAX - sizeof *self - GRAIN) {
        errno = ENOMEM;
        return NULL;
    }
    size_t wanted = (size + sizeof *self + GRAIN - 1) / GRAIN * GRAIN;
    if (self && wanted <= self->mapped)
        return bytes;
    struct secret *grown = map(self, wanted);
    if (!grown)
        return NULL;
    grown->mapped = wanted;
    /* What was mapped before has both already. */
    if (!self && (madvise(grown, wanted, MADV_WIPEONFORK) < 0 ||
                  madvise(grown, wanted, MADV_DONTDUMP) < 0)) {
        int saved = errno;
        munmap(grown, wanted);
        errno = saved;
        return NULL;
    }
    return grown + 1;
}

void *secret_copy(const void *bytes, size_t length)
{
    char *copy = secret_resize(NULL, length + 1);
    if (copy && length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

/* The kernel clears a page before anybody else gets it, but not before it frees it. */
void secret_free(void *bytes)
{
    if (!bytes)
        return;
    struct secret *self = of(bytes);
    size_t mapped = self->mapped;
    explicit_bzero(self, mapped);
    munmap(self, mapped);
}

int secret_lend(void *bytes)
{
    return bytes ? madvise(of(bytes), of(bytes)->mapped, MADV_KEEPONFORK) : 0;
}

void secret_take_back(void *bytes)
{
    if (bytes && madvise(of(bytes), of(bytes)->mapped, MADV_WIPEONFORK) < 0)
        explicit_bzero(bytes, of(bytes)->mapped - sizeof(struct secret));
}
