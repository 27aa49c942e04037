/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template-memory.h"

#include "base/cleanup.h"
#include "base/text-format.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* Bytes that become a hole if all of them are zero. Of 120 MB, 25 are in such pieces; 30 are in
 * pages of zeros, but with many more holes. */
#define PIECE 65536

/* Adjacent pieces are one hole. */
struct digging {
    int fd;
    const char *bytes;
    off_t from, to; /* of the hole that is not made yet */
};

static int dig_pending(struct digging *self)
{
    off_t from = self->from;
    self->from = self->to;
    if (from == self->to)
        return 0;
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return fallocate(self->fd, mode, from, self->to - from) == 0 ? 0 : -errno;
}

static int dig_data(struct digging *self, off_t start, off_t end)
{
    static const char zeros[PIECE];
    int result = 0;
    for (off_t at = (start + PIECE - 1) / PIECE * PIECE; result == 0 && at + PIECE <= end;
         at += PIECE) {
        if (memcmp(self->bytes + at, zeros, PIECE) != 0)
            continue;
        if (at != self->to) {
            result = dig_pending(self);
            self->from = at;
        }
        self->to = at + PIECE;
    }
    return result == 0 ? dig_pending(self) : result;
}

static int dig_all(struct digging *self)
{
    int result = 0;
    off_t start = 0;
    while (result == 0 && (start = lseek(self->fd, start, SEEK_DATA)) >= 0) {
        off_t end = lseek(self->fd, start, SEEK_HOLE);
        if (end < 0)
            return -errno;
        result = dig_data(self, start, end);
        start = end;
    }
    if (result == 0 && errno != ENXIO) /* ENXIO: no data beyond */
        result = -errno;
    return result == -EOPNOTSUPP ? 0 : result;
}

int template_memory_dig(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size == 0)
        return 0;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    struct digging self = {.fd = fd, .bytes = map};
    int result = dig_all(&self);
    munmap(map, (size_t)st.st_size);
    return result;
}

/* Between filesystems only the older of the two calls works; the other may share what is there. */
static ssize_t copy_some(int from, off_t *in, int to, size_t length)
{
    off_t out = *in;
    ssize_t copied = copy_file_range(from, in, to, &out, length, 0);
    if (copied >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP))
        return copied;
    return lseek(to, out, SEEK_SET) < 0 ? -1 : sendfile(to, from, in, length);
}

static int copy_extents(int from, int to, off_t size)
{
    if (ftruncate(to, size) < 0)
        return -errno;
    for (off_t start = 0, end; (start = lseek(from, start, SEEK_DATA)) >= 0; start = end) {
        end = lseek(from, start, SEEK_HOLE);
        for (off_t at = start; at < end;) {
            ssize_t copied = copy_some(from, &at, to, (size_t)(end - at));
            if (copied <= 0)
                return copied < 0 ? -errno : -EIO;
        }
    }
    return errno == ENXIO ? 0 : -errno; /* ENXIO: no data beyond */
}

int template_memory_make(const char *to, const struct sandbox *box, error **err)
{
    AUTO_FD int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0 || (box->drop && fchown(out, box->uid, box->gid) < 0))
        return error_set_errno(err, ERROR_HOST, errno, "cannot make %s", to);
    return steal_fd(&out);
}

int template_memory_fill(const char *directory, int to, error **err)
{
    struct stat st;
    AUTO_FREE char *from = text_format("%s/ram", directory);
    if (!from)
        return error_no_memory(err);
    AUTO_FD int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int result = in < 0 || fstat(in, &st) < 0 ? -errno : copy_extents(in, to, st.st_size);
    if (result < 0)
        return error_set_errno(err, ERROR_HOST, -result, "cannot copy %s", from);
    return 0;
}

int template_memory_copy(const char *directory, const char *to, const struct sandbox *box,
                         error **err)
{
    AUTO_FD int out = template_memory_make(to, box, err);
    return out < 0 ? -1 : template_memory_fill(directory, out, err);
}
