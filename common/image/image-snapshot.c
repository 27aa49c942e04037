/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: QEMU docs/interop/qcow2.txt, "Snapshots"; the bounds are those of block/qcow2.h. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "image-snapshot.h"

#include "base/text-format.h"
#include "image-header.h"
#include "image-qcow2.h"
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* The header is in the first of these. */
#define SECTOR 512

#define SNAPSHOTS_MAX 65536
#define EXTRA_MAX 1024
#define TABLE_BYTES_MAX ((uint64_t)64 << 20)

#define SHOWN_MAX 8    /* snapshots that a message names */
#define SHOWN_BYTES 64 /* of each name */

/* An entry of the table. */
struct snapshot {
    uint64_t l1_offset, size;
    uint32_t l1_size;
    size_t id_length, name_length;
    char words[2 * UINT16_MAX]; /* ID and name, one behind the other; not terminated */
};

struct table {
    int fd;
    uint64_t at; /* where the next entry is */
    uint64_t end;
    uint8_t header[SECTOR];
    uint64_t file_size;
};

static int read_all(int fd, void *bytes, size_t length, uint64_t at, error **err)
{
    ssize_t got = pread(fd, bytes, length, (off_t)at);

    if (got < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "cannot be read");
    return (size_t)got == length
               ? 0
               : error_set(err, ERROR_CORRUPT, "truncated: its snapshot table is beyond its end");
}

static struct header view(const void *bytes, size_t length)
{
    return (struct header){.bytes = bytes, .length = length, .file_size = length};
}

/* The entry, and where the next one is. Images of version 2 do not say the disk's size then. */
static int read_entry(struct table *table, uint64_t size_now, struct snapshot *snapshot,
                      error **err)
{
    uint8_t fixed[40], extra[16] = {0};
    const struct header entry = view(fixed, sizeof fixed), more = view(extra, sizeof extra);

    if (read_all(table->fd, fixed, sizeof fixed, table->at, err) < 0)
        return -1;
    uint32_t extra_length = image_header_be32(&entry, 36);
    uint32_t lengths = image_header_be32(&entry, 12);
    snapshot->l1_offset = image_header_be64(&entry, 0);
    snapshot->l1_size = image_header_be32(&entry, 8);
    snapshot->id_length = lengths >> 16;
    snapshot->name_length = lengths & 0xffff;
    if (extra_length > EXTRA_MAX)
        return error_set(err, ERROR_CORRUPT, "an entry of its snapshot table is too long");
    if (extra_length >= sizeof extra &&
        read_all(table->fd, extra, sizeof extra, table->at + sizeof fixed, err) < 0)
        return -1;
    snapshot->size = extra_length >= sizeof extra ? image_header_be64(&more, 8) : size_now;
    size_t words = snapshot->id_length + snapshot->name_length;
    if (read_all(table->fd, snapshot->words, words, table->at + sizeof fixed + extra_length, err) <
        0)
        return -1;
    table->at += (sizeof fixed + extra_length + words + 7) / 8 * 8;
    return table->at <= table->end
               ? 0
               : error_set(err, ERROR_CORRUPT, "its snapshot table has more than %" PRIu64 " bytes",
                           TABLE_BYTES_MAX);
}

static bool is_called(const struct snapshot *snapshot, const char *name)
{
    return strlen(name) == snapshot->name_length &&
           memcmp(name, snapshot->words + snapshot->id_length, snapshot->name_length) == 0;
}

static bool is_numbered(const struct snapshot *snapshot, const char *id)
{
    return strlen(id) == snapshot->id_length &&
           memcmp(id, snapshot->words, snapshot->id_length) == 0;
}

/* *shown: what a message says of all of them; it gets this one, too. */
static int show(const struct snapshot *snapshot, uint32_t index, char **shown, error **err)
{
    AUTO_FREE char *before = STEAL(*shown);
    size_t length = snapshot->name_length < SHOWN_BYTES ? snapshot->name_length : SHOWN_BYTES;

    if (index == SHOWN_MAX)
        *shown = text_format("%s …", before);
    else
        *shown = text_format("%s%s\"%.*s\"", before ? before : "", before ? ", " : "", (int)length,
                             snapshot->words + snapshot->id_length);
    return *shown ? 0 : error_no_memory(err);
}

/* By its name, and then by its ID. `one` is room for an entry. */
static int find(struct table *table, const char *name, struct snapshot *one, struct snapshot *found,
                error **err)
{
    const struct header header = view(table->header, sizeof table->header);
    uint32_t count = image_header_be32(&header, QCOW2_SNAPSHOTS);
    uint64_t size = image_header_be64(&header, QCOW2_SIZE);
    AUTO_FREE char *shown = NULL;
    bool numbered = false;

    if (count > SNAPSHOTS_MAX)
        return error_set(err, ERROR_CORRUPT, "it claims %" PRIu32 " snapshots", count);
    table->at = image_header_be64(&header, QCOW2_SNAPSHOT_OFFSET);
    if (table->at > table->file_size)
        return error_set(err, ERROR_CORRUPT, "truncated: its snapshot table is beyond its end");
    table->end = table->at + TABLE_BYTES_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (read_entry(table, size, one, err) < 0)
            return -1;
        bool called = is_called(one, name);
        if (called || (!numbered && is_numbered(one, name)))
            *found = *one;
        if (called)
            return 0;
        numbered |= is_numbered(one, name);
        if (i <= SHOWN_MAX && show(one, i, &shown, err) < 0)
            return -1;
    }
    if (numbered)
        return 0;
    return error_set(err, ERROR_REFUSED, "it has no snapshot \"%s\"; it has %s", name,
                     shown ? shown : "none");
}

/* --- the header --- */

static void put_be32(uint8_t *bytes, uint32_t value)
{
    value = htobe32(value);
    memcpy(bytes, &value, sizeof value);
}

static void put_be64(uint8_t *bytes, uint64_t value)
{
    value = htobe64(value);
    memcpy(bytes, &value, sizeof value);
}

static int check(const struct table *table, const struct snapshot *snapshot, error **err)
{
    const struct header header = view(table->header, sizeof table->header);
    uint32_t bits = image_header_be32(&header, QCOW2_CLUSTER_BITS) & 31;
    uint64_t l1 = UINT64_C(8) * snapshot->l1_size;

    if (snapshot->l1_offset & ((UINT64_C(1) << bits) - 1) ||
        snapshot->l1_offset > table->file_size || l1 > table->file_size - snapshot->l1_offset)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: the snapshot's L1 table has %" PRIu64
                         " bytes from byte %" PRIu64 " on, the file has %" PRIu64,
                         l1, snapshot->l1_offset, table->file_size);
    if (l1 > IMAGE_TABLES_MAX)
        return error_set(err, ERROR_REFUSED,
                         "the snapshot's L1 table would take %" PRIu64 " MiB of QEMU's memory",
                         l1 >> 20);
    if (snapshot->size > IMAGE_MAX_SIZE)
        return error_set(err, ERROR_CORRUPT, "the snapshot claims %" PRIu64 " bytes",
                         snapshot->size);
    return 0;
}

/* Bitmaps, which the last field has a bit for, are of the present and its size. */
static void change_header(struct table *table, const struct snapshot *snapshot)
{
    const struct header header = view(table->header, sizeof table->header);

    if (image_header_be32(&header, QCOW2_VERSION) >= 3)
        put_be64(table->header + QCOW2_AUTOCLEAR, 0);
    put_be64(table->header + QCOW2_SIZE, snapshot->size);
    put_be32(table->header + QCOW2_L1_SIZE, snapshot->l1_size);
    put_be64(table->header + QCOW2_L1_OFFSET, snapshot->l1_offset);
    put_be32(table->header + QCOW2_SNAPSHOTS, 0);
    put_be64(table->header + QCOW2_SNAPSHOT_OFFSET, 0);
}

/* A descriptor that is open for reading only, as QEMU wants it; -1 and *err. */
static int keep_header(const struct table *table, error **err)
{
    char path[64];
    AUTO_FD int fd = memfd_create("header", MFD_CLOEXEC);

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reader = fd < 0 || write(fd, table->header, SECTOR) != SECTOR
                     ? -1
                     : open(path, O_RDONLY | O_CLOEXEC);
    return reader >= 0 ? reader : error_set_errno(err, ERROR_HOST, errno, "cannot make a header");
}

/* --- the chain --- */

/* Takes the descriptor over. */
static int add_part(struct image_layer *layer, const char *path, int fd, uint64_t offset,
                    uint64_t size, error **err)
{
    *layer = (struct image_layer){.path = strdup(path),
                                  .fd = fd,
                                  .format = IMAGE_RAW,
                                  .role = IMAGE_ROLE_EXTENT,
                                  .offset = offset,
                                  .size = size};
    return layer->path ? 0 : error_no_memory(err);
}

/* The image's data is now in two parts behind it: the header, and the file from there on. */
static int put_together(struct image_chain *chain, struct table *table, error **err)
{
    struct image_layer *layers = reallocarray(chain->layers, chain->count + 2, sizeof *layers);
    AUTO_FD int header = keep_header(table, err);
    AUTO_FD int rest = fcntl(table->fd, F_DUPFD_CLOEXEC, 0);

    if (layers)
        chain->layers = layers;
    if (!layers || header < 0 || rest < 0)
        return err && *err ? -1 : error_no_memory(err);
    memmove(layers + 3, layers + 1, (chain->count - 1) * sizeof *layers);
    layers[1] = layers[2] = (struct image_layer){.fd = -1};
    chain->count += 2;
    uint64_t whole = (table->file_size + SECTOR - 1) / SECTOR * SECTOR;
    if (add_part(&layers[1], layers[0].path, steal_fd(&header), 0, SECTOR, err) < 0)
        return -1;
    return add_part(&layers[2], layers[0].path, steal_fd(&rest), SECTOR, whole - SECTOR, err);
}

static int check_kind(const struct image_chain *chain, error **err)
{
    const struct image_layer *top = &chain->layers[0];

    if (top->format != IMAGE_QCOW2)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is a %s image; only a qcow2 has snapshots that can be read",
                         image_format_name(top->format));
    if (top->block_device)
        return error_set(err, ERROR_UNSUPPORTED, "a snapshot of a qcow2 on a block device");
    if (chain->count > 1 && chain->layers[1].role != IMAGE_ROLE_BACKING)
        return error_set(err, ERROR_UNSUPPORTED,
                         "a snapshot of a qcow2 that keeps its data in another file");
    if (chain->count + 2 > IMAGE_CHAIN_MAX)
        return error_set(err, ERROR_REFUSED, "it and what it names are more than %d files",
                         IMAGE_CHAIN_MAX - 2);
    return 0;
}

int image_snapshot_select(struct image_chain *chain, const char *name, unsigned block_size,
                          error **err)
{
    struct stat st;
    struct table table = {.fd = chain->layers[0].fd};
    AUTO_FREE struct snapshot *found = calloc(2, sizeof *found);
    unsigned sector = block_size ? block_size : SECTOR;

    if (check_kind(chain, err) < 0)
        return -1;
    if (!found)
        return error_no_memory(err);
    if (fstat(table.fd, &st) < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "cannot be looked at");
    table.file_size = (uint64_t)st.st_size;
    if (read_all(table.fd, table.header, SECTOR, 0, err) < 0 ||
        find(&table, name, found + 1, found, err) < 0 || check(&table, found, err) < 0)
        return -1;
    const struct image_info info = {.format = IMAGE_QCOW2, .virtual_size = found->size};
    if (image_check(&info, sector, err) < 0)
        return -1;
    change_header(&table, found);
    if (put_together(chain, &table, err) < 0)
        return -1;
    chain->size = image_visible_size(&info, sector);
    return 0;
}
