/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-digest.h"
#include "agent/util/crc32.h"
#include "base/cleanup.h"
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <string.h>

#define PIECE (128 * 1024)

union state {
    struct crc32 crc;
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
};

struct file_digest {
    enum ls_checksum kind;
    int fd;
    uint64_t at;    /* so many bytes have been taken in */
    uint64_t until; /* the end of the data, or of the hole, that `at` is in */
    bool hole;
    union state state;
    unsigned char piece[PIECE];
    unsigned char zeros[PIECE];
};

file_digest *file_digest_new(enum ls_checksum kind)
{
    file_digest *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->kind = kind;
    self->fd = -1;
    return self;
}

void file_digest_free(file_digest *self)
{
    if (!self)
        return;
    file_digest_begin(self, -1);
    free(self);
}

void file_digest_begin(file_digest *self, int fd)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = fd;
    self->at = self->until = 0;
    switch (self->kind) {
    case LS_MD5:
        md5_init(&self->state.md5);
        break;
    case LS_SHA1:
        sha1_init(&self->state.sha1);
        break;
    case LS_SHA224:
        sha224_init(&self->state.sha256);
        break;
    case LS_SHA256:
        sha256_init(&self->state.sha256);
        break;
    case LS_SHA384:
        sha384_init(&self->state.sha512);
        break;
    case LS_SHA512:
        sha512_init(&self->state.sha512);
        break;
    default:
        crc32_begin(&self->state.crc);
    }
}

static void update(file_digest *self, const unsigned char *bytes, size_t length)
{
    switch (self->kind) {
    case LS_MD5:
        md5_update(&self->state.md5, length, bytes);
        break;
    case LS_SHA1:
        sha1_update(&self->state.sha1, length, bytes);
        break;
    case LS_SHA224:
    case LS_SHA256:
        sha256_update(&self->state.sha256, length, bytes);
        break;
    case LS_SHA384:
    case LS_SHA512:
        sha512_update(&self->state.sha512, length, bytes);
        break;
    default:
        crc32_update(&self->state.crc, bytes, length);
    }
    self->at += length;
}

/* What `at` is in. 1: that is known now; 0: nothing, the file ends there; -errno. A filesystem that
 * does not know holes calls everything data. */
static int look(file_digest *self)
{
    off_t at = (off_t)self->at;
    off_t data = lseek(self->fd, at, SEEK_DATA);
    if (data < 0 && errno != ENXIO)
        return -errno;
    self->hole = data != at;
    off_t until = data;
    if (data < 0)
        until = lseek(self->fd, 0, SEEK_END);
    else if (!self->hole)
        until = lseek(self->fd, at, SEEK_HOLE);
    if (until < 0)
        return -errno;
    if (until <= at)
        return data < 0 ? 0 : -EUCLEAN; /* a filesystem that contradicts itself */
    self->until = (uint64_t)until;
    return self->hole || lseek(self->fd, at, SEEK_SET) == at ? 1 : -errno;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Some of the data at `at`. */
static int take_data(file_digest *self)
{
    ssize_t got = read(self->fd, self->piece, least(PIECE, self->until - self->at));
    if (got <= 0)
        return got < 0 ? -errno : -EIO; /* it ends before it ends */
    update(self, self->piece, (size_t)got);
    return 0;
}

static void take_zeros(file_digest *self)
{
    if (self->kind == LS_CRC) {
        crc32_zeros(&self->state.crc, self->until - self->at);
        self->at = self->until;
    } else {
        update(self, self->zeros, least(PIECE, self->until - self->at));
    }
}

int file_digest_step(file_digest *self, uint64_t bytes)
{
    uint64_t end = self->at + bytes;
    while (self->at < end) {
        int result = self->at < self->until ? 1 : look(self);
        if (result <= 0)
            return result;
        if (self->hole)
            take_zeros(self);
        else if ((result = take_data(self)) < 0)
            return result;
    }
    return 1;
}

size_t file_digest_finish(file_digest *self, unsigned char value[64])
{
    switch (self->kind) {
    case LS_MD5:
        md5_digest(&self->state.md5, MD5_DIGEST_SIZE, value);
        return MD5_DIGEST_SIZE;
    case LS_SHA1:
        sha1_digest(&self->state.sha1, SHA1_DIGEST_SIZE, value);
        return SHA1_DIGEST_SIZE;
    case LS_SHA224:
        sha224_digest(&self->state.sha256, SHA224_DIGEST_SIZE, value);
        return SHA224_DIGEST_SIZE;
    case LS_SHA256:
        sha256_digest(&self->state.sha256, SHA256_DIGEST_SIZE, value);
        return SHA256_DIGEST_SIZE;
    case LS_SHA384:
        sha384_digest(&self->state.sha512, SHA384_DIGEST_SIZE, value);
        return SHA384_DIGEST_SIZE;
    case LS_SHA512:
        sha512_digest(&self->state.sha512, SHA512_DIGEST_SIZE, value);
        return SHA512_DIGEST_SIZE;
    default:
        return crc32_finish(&self->state.crc, value);
    }
}
