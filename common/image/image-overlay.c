/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-overlay.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* QEMU's docs/interop/qcow2.txt. A cluster is copied as a whole when any of it is written, so they
 * have the default size: larger ones would take more room, smaller ones longer tables. */
#define CLUSTER_BITS 16
#define CLUSTER (UINT64_C(1) << CLUSTER_BITS)
#define COVERED_BY_L1 (CLUSTER / 8 * CLUSTER) /* bytes of the disk, by an entry */
#define L1_MAX (UINT64_C(32) << 20)           /* bytes: QEMU takes no more */
#define BEFORE_L1 3                           /* clusters: header, refcount table and block */
#define REFCOUNTS_MAX (BEFORE_L1 + L1_MAX / CLUSTER) /* one block has room for 32,768 */

struct qcow2_header {
    uint32_t magic, version;
    uint64_t backing_offset;
    uint32_t backing_size, cluster_bits;
    uint64_t size;
    uint32_t crypt_method, l1_entries;
    uint64_t l1_offset, refcount_offset;
    uint32_t refcount_clusters, snapshots;
    uint64_t snapshots_offset, incompatible, compatible, autoclear;
    uint32_t refcount_order, header_length;
};
_Static_assert(sizeof(struct qcow2_header) == 104, "the header has no gaps");

static uint64_t divide_up(uint64_t what, uint64_t by)
{
    return what / by + (what % by != 0);
}

static bool put(int fd, const void *what, size_t length, uint64_t where)
{
    return pwrite(fd, what, length, (off_t)where) == (ssize_t)length;
}

/* Its backing file is not named in it: QEMU is told (qmp-blockdev.h). */
static bool write_tables(int fd, uint64_t size, uint64_t l1_entries, uint64_t used)
{
    const struct qcow2_header header = {
        .magic = htobe32(0x514649fb), /* "QFI\xfb" */
        .version = htobe32(3),
        .cluster_bits = htobe32(CLUSTER_BITS),
        .size = htobe64(size),
        .l1_entries = htobe32((uint32_t)l1_entries),
        .l1_offset = htobe64(BEFORE_L1 * CLUSTER),
        .refcount_offset = htobe64(CLUSTER),
        .refcount_clusters = htobe32(1),
        .refcount_order = htobe32(4), /* 16 bits */
        .header_length = htobe32(sizeof header),
    };
    const uint64_t block = htobe64(2 * CLUSTER);
    uint16_t counts[REFCOUNTS_MAX];
    for (uint64_t i = 0; i < used; i++)
        counts[i] = htobe16(1);
    return put(fd, &header, sizeof header, 0) && put(fd, &block, sizeof block, CLUSTER) &&
           put(fd, counts, used * sizeof *counts, 2 * CLUSTER);
}

static int write_empty(int fd, uint64_t size, uint64_t room, error **err)
{
    uint64_t l1_entries = divide_up(size, COVERED_BY_L1);
    uint64_t used = BEFORE_L1 + divide_up(l1_entries * 8, CLUSTER);
    if (l1_entries * 8 > L1_MAX || used * CLUSTER >= room)
        return error_set(err, ERROR_REFUSED,
                         "a disk of %" PRIu64 " bytes is too large to be written to %" PRIu64
                         " bytes in front of it",
                         size, room);
    if (ftruncate(fd, (off_t)room) < 0 || !write_tables(fd, size, l1_entries, used))
        return error_set_errno(err, ERROR_REFUSED, errno,
                               "cannot make a file for what is written to it");
    return 0;
}

static int insert(struct image_chain *chain, int *fd, uint64_t room, error **err)
{
    struct image_layer *layers =
        reallocarray(chain->layers, chain->count + 1, sizeof *chain->layers);
    if (layers)
        chain->layers = layers;
    char *path = layers ? strdup("what is written") : NULL;
    if (!path)
        return error_no_memory(err);
    memmove(layers + 1, layers, chain->count * sizeof *layers);
    layers[0] =
        (struct image_layer){.path = path, .fd = steal_fd(fd), .format = IMAGE_QCOW2, .size = room};
    chain->count++;
    chain->overlay = true;
    return 0;
}

int image_overlay_add(struct image_chain *chain, int fd, uint64_t room, error **err)
{
    AUTO_FD int file = fd;
    room = room / CLUSTER * CLUSTER;
    if (chain->size == 0)
        return error_set(
            err, ERROR_REFUSED,
            "only QEMU can tell how large the disk of a %s image is, so nothing can be "
            "put in front of it",
            image_format_name(chain->layers[0].format));
    if (chain->count >= IMAGE_CHAIN_MAX)
        return error_set(err, ERROR_REFUSED, "it and what it names are already %d files",
                         IMAGE_CHAIN_MAX);
    return write_empty(file, chain->size, room, err) < 0 ? -1 : insert(chain, &file, room, err);
}

enum image_format image_overlay_below(const struct image_chain *chain)
{
    return chain->layers[chain->overlay ? 1 : 0].format;
}
