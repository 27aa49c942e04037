/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan.h"
#include "composites.h"
#include "contents.h"
#include <linux/fs.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

struct scanner {
    devices *disks;
    const struct mount_ops *mounts;
    contents *all;
    bool compose;
    struct volume volumes[MAX_VOLUMES];
    size_t count;
    unsigned mounted;
    unsigned blank;
    char message[MAX_MESSAGE];
};

uint64_t scan_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

scanner *scanner_new(devices *disks, modules *loaded, const struct mount_ops *mounts,
                     const struct graft_ops *grafts, bool compose)
{
    scanner *scan = calloc(1, sizeof *scan);
    if (!scan)
        return NULL;
    scan->disks = disks;
    scan->mounts = mounts;
    scan->compose = compose;
    scan->all = contents_new(disks, loaded, grafts, compose);
    if (!scan->all) {
        free(scan);
        return NULL;
    }
    return scan;
}

int scanner_prepare(scanner *scan)
{
    return scan->compose ? composites_prepare() : 0;
}

bool scan_args_valid(const struct scan_args *args)
{
    bool taken[SLOT_COUNT] = {false};
    for (u_int i = 0; i < args->disks.disks_len; i++) {
        unsigned slot = args->disks.disks_val[i].slot;
        if (slot >= SLOT_COUNT || taken[slot])
            return false;
        taken[slot] = true;
    }
    return true;
}

bool scanner_ready(const scanner *scan, const struct scan_args *args)
{
    for (u_int i = 0; i < args->disks.disks_len; i++)
        if (!devices_ready(scan->disks, args->disks.disks_val[i].slot))
            return false;
    return true;
}

int scan_size(int fd, uint64_t *size)
{
    struct stat status;
    if (ioctl(fd, BLKGETSIZE64, size) == 0)
        return 0;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -ENOTBLK;
    *size = (uint64_t)status.st_size;
    return 0;
}

/* The kernel makes it 1 KiB, or one block where that is more. */
bool scan_is_container(int fd, uint64_t size)
{
    int block = 512;
    if (size > 4096)
        return false;
    ioctl(fd, BLKSSZGET, &block);
    return size <= 1024 || size <= (uint64_t)block;
}

/* ---- one volume ---- */

/* An opaque of the answer, pointing to as much of the text as its bound allows. */
#define POINT_TO(field, text, bound)                                                               \
    ((field##_val) = (text), (field##_len) = (u_int)strnlen((text), (bound)))

/* Mounts a filesystem, and takes its figures. */
static void measure(scanner *scan, struct content *what, struct volume *volume)
{
    struct mount_outcome outcome;
    const struct mount_type *how = contents_mountable(scan->all, what, "", &outcome);
    if (how) {
        uint64_t start = scan_now();
        scan->mounts->measure(what->node, what->fd, how, &outcome);
        contents_times(scan->all)->mounted += scan_now() - start;
    }
    /* What the probe had to say stands where the mount has nothing to add. */
    if (outcome.message[0] || outcome.status != STATUS_OK)
        contents_say(what, outcome.status, "%s", outcome.message);
    if (outcome.status != STATUS_OK)
        return;
    volume->mounted = true;
    volume->clean = outcome.clean;
    volume->usage = outcome.usage;
    scan->mounted++;
}

static void report(scanner *scan, struct content *what)
{
    struct volume *volume = &scan->volumes[scan->count++];
    memset(volume, 0, sizeof *volume);
    if (what->kind == CONTENT_FILESYSTEM && what->status == STATUS_OK)
        measure(scan, what, volume);
    scan->blank += what->blank;
    volume->kind = what->volume;
    volume->disk = what->disk;
    volume->partition = what->partition;
    volume->content = what->kind;
    volume->status = what->status;
    volume->size = what->size;
    if (what->volume > VOLUME_PARTITION)
        POINT_TO(volume->name.name, what->name + strlen("/dev/"), MAX_VOLUME_NAME);
    POINT_TO(volume->fstype.fstype, what->fstype, MAX_FSTYPE);
    POINT_TO(volume->label.label, what->label, MAX_LABEL);
    POINT_TO(volume->uuid.uuid, what->uuid, MAX_UUID);
    POINT_TO(volume->message.message, what->message, VOLUME_MESSAGE_MAX);
}

/* A guest's rows are whole disks first, then partitions, and so on: a round for each kind. */
static void report_all(scanner *scan)
{
    for (unsigned kind = VOLUME_DISK; kind <= VOLUME_LOGICAL; kind++)
        for (size_t i = 0; i < contents_count(scan->all); i++)
            if (contents_at(scan->all, i)->volume == kind)
                report(scan, contents_at(scan->all, i));
}

/* ---- the guest ---- */

static void say(scanner *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(scanner *scan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scan->message, sizeof scan->message, format, arguments);
    va_end(arguments);
}

/* The highest status among the volumes; where that is STATUS_OK and nothing was mounted, what
 * the disks hold instead. */
static enum status of_volumes(scanner *scan)
{
    const struct volume *worst = NULL;
    unsigned swap = 0, opened = 0, partitions = 0;
    for (size_t i = 0; i < scan->count; i++) {
        if (!worst || scan->volumes[i].status > worst->status)
            worst = &scan->volumes[i];
        swap += scan->volumes[i].content == CONTENT_SWAP;
        opened += scan->volumes[i].content == CONTENT_MEMBER;
        partitions += scan->volumes[i].kind == VOLUME_PARTITION;
    }
    if (worst && worst->status != STATUS_OK) {
        say(scan, "%.*s", (int)worst->message.message_len, worst->message.message_val);
        return worst->status;
    }
    if (scan->mounted > 0)
        return STATUS_OK;
    if (scan->count == 0) {
        say(scan, "no disk holds a volume");
    } else if (swap > 0) {
        say(scan, "swap, and no filesystem");
    } else if (opened > 0) {
        say(scan, "volumes, and no filesystem in them");
    } else if (scan->blank == scan->count) {
        say(scan, partitions > 0 ? "partitions, and nothing in them" : "the disk is empty");
    } else {
        say(scan, "unknown data: %sno signature that libblkid knows",
            partitions > 0 ? "" : "no partition table and ");
        return STATUS_UNSUPPORTED;
    }
    return STATUS_EMPTY;
}

/* What stands in no row has not been read, whatever became of the others. */
static enum status overall(scanner *scan)
{
    enum status status = of_volumes(scan);
    if (!contents_truncated(scan->all))
        return status;
    say(scan, "it has more than %d volumes: the others are not shown", MAX_VOLUMES);
    return status > STATUS_UNSUPPORTED ? status : STATUS_UNSUPPORTED;
}

void scanner_run(scanner *scan, const struct scan_args *args, uint64_t waited,
                 struct scan_ret *answer)
{
    scan->count = 0;
    scan->mounted = scan->blank = 0;
    scan->message[0] = '\0';
    /* Figures of a disk that is not the one asked about help nobody. */
    bool matches = contents_find(scan->all, args->disks.disks_val, args->disks.disks_len,
                                 args->keys.key_list_val, args->keys.key_list_len, scan->message,
                                 sizeof scan->message) == 0;
    if (matches)
        report_all(scan);
    contents_release(scan->all);
    memset(answer, 0, sizeof *answer);
    answer->status = matches ? overall(scan) : STATUS_CRASHED;
    answer->message.message_val = scan->message;
    answer->message.message_len = (u_int)strlen(scan->message);
    answer->truncated = contents_truncated(scan->all);
    answer->volumes.volumes_val = scan->volumes;
    answer->volumes.volumes_len = (u_int)scan->count;
    answer->times = *contents_times(scan->all);
    answer->times.waited = waited;
}
