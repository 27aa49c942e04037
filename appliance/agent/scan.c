/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

/* Strings of one volume; MAX_VOLUMES of them are allocated once, as volumes turn up. */
struct texts {
    char fstype[MAX_FSTYPE];
    char label[MAX_LABEL];
    char uuid[MAX_UUID];
    char message[VOLUME_MESSAGE_MAX];
};

struct scanner {
    devices *disks;
    modules *loaded;
    const struct mount_ops *mounts;
    prober *probe;
    struct volume volumes[MAX_VOLUMES];
    struct texts *texts[MAX_VOLUMES];
    size_t count;
    bool truncated;
    unsigned mounted;
    unsigned blank;
    struct scan_times times;
    char message[MAX_MESSAGE];
};

uint64_t scan_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

scanner *scanner_new(devices *disks, modules *loaded, const struct mount_ops *mounts)
{
    scanner *scan = calloc(1, sizeof *scan);
    if (!scan)
        return NULL;
    scan->disks = disks;
    scan->loaded = loaded;
    scan->mounts = mounts;
    scan->probe = prober_new();
    if (!scan->probe) {
        free(scan);
        return NULL;
    }
    return scan;
}

void scanner_free(scanner *scan)
{
    if (!scan)
        return;
    for (size_t i = 0; i < MAX_VOLUMES; i++)
        free(scan->texts[i]);
    prober_free(scan->probe);
    free(scan);
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

/* ---- one volume ---- */

/* Sets an opaque of the answer to as much of the text as its bound allows. */
#define SET_TEXT(field, room, text)                                                                \
    do {                                                                                           \
        size_t length_ = strnlen((text), sizeof(room));                                            \
        memcpy((room), (text), length_);                                                           \
        (field##_val) = (room);                                                                    \
        (field##_len) = (u_int)length_;                                                            \
    } while (0)

static struct volume *next_volume(scanner *scan, struct texts **texts)
{
    if (scan->count == MAX_VOLUMES) {
        scan->truncated = true;
        return NULL;
    }
    struct texts **room = &scan->texts[scan->count];
    if (!*room)
        *room = malloc(sizeof **room);
    if (!*room)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    struct volume *volume = &scan->volumes[scan->count++];
    memset(volume, 0, sizeof *volume);
    *texts = *room;
    return volume;
}

static void set_message(struct volume *volume, struct texts *texts, enum status why,
                        const char *message)
{
    volume->status = why;
    SET_TEXT(volume->message.message, texts->message, message);
}

/* Mounts a filesystem that libblkid named. */
static void measure(scanner *scan, const char *node, int fd, const struct finding *found,
                    struct volume *volume, struct texts *texts)
{
    struct mount_outcome outcome;
    const char *failed = "";
    const struct mount_type *how = mount_type_find(found->type);
    char message[VOLUME_MESSAGE_MAX];
    if (!how) {
        snprintf(message, sizeof message, "unsupported filesystem: %s", found->type);
        set_message(volume, texts, STATUS_UNSUPPORTED, message);
        return;
    }
    int result = modules_need(scan->loaded, found->type, &failed);
    if (result < 0) {
        snprintf(message, sizeof message, "module %.128s: %s", failed, strerror(-result));
        set_message(volume, texts, STATUS_UNSUPPORTED, message);
        return;
    }
    uint64_t start = scan_now();
    scan->mounts->measure(node, fd, how, &outcome);
    scan->times.mounted += scan_now() - start;
    set_message(volume, texts, outcome.status,
                outcome.message[0] ? outcome.message : found->message);
    if (outcome.status != STATUS_OK)
        return;
    volume->mounted = true;
    volume->clean = outcome.clean;
    volume->usage = outcome.usage;
    scan->mounted++;
}

/* Looks at the open volume and measures it. */
static void examine(scanner *scan, const char *node, int fd, struct volume *volume,
                    struct texts *texts)
{
    struct finding found;
    uint64_t start = scan_now();
    prober_look(scan->probe, fd, volume->size, &found);
    scan->times.probed += scan_now() - start;
    volume->content = found.content;
    SET_TEXT(volume->fstype.fstype, texts->fstype, found.type);
    SET_TEXT(volume->label.label, texts->label, found.label);
    SET_TEXT(volume->uuid.uuid, texts->uuid, found.uuid);
    set_message(volume, texts, found.status, found.message);
    scan->blank += found.blank;
    if (found.content == CONTENT_FILESYSTEM && found.status == STATUS_OK)
        measure(scan, node, fd, &found, volume, texts);
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

static void scan_partition(scanner *scan, u_int index, unsigned slot, unsigned number)
{
    char node[NODE_MAX];
    struct texts *texts;
    uint64_t size = 0;
    AUTO_FD int fd = open(devices_node(scan->disks, slot, number, node), O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : scan_size(fd, &size);
    if (result == 0 && scan_is_container(fd, size))
        return;
    struct volume *volume = next_volume(scan, &texts);
    if (!volume)
        return;
    volume->kind = VOLUME_PARTITION;
    volume->disk = index;
    volume->partition = number;
    volume->size = size;
    volume->content = CONTENT_UNKNOWN;
    if (result < 0)
        set_message(volume, texts, STATUS_UNREADABLE, strerror(-result));
    else
        examine(scan, node, fd, volume, texts);
}

/* ---- one disk ---- */

static void say(scanner *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(scanner *scan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scan->message, sizeof scan->message, format, arguments);
    va_end(arguments);
}

/* A guest's rows are whole disks first, then partitions: one round for each. */
static int scan_disk(scanner *scan, u_int index, const struct disk *disk, bool partitioned)
{
    char node[NODE_MAX];
    struct texts *texts;
    const unsigned *numbers;
    uint64_t size = 0;
    size_t partitions = devices_partitions(scan->disks, disk->slot, &numbers);
    if ((partitions > 0) != partitioned)
        return 0;
    AUTO_FD int fd = open(devices_node(scan->disks, disk->slot, 0, node), O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : scan_size(fd, &size);
    /* Whose figures are reported depends on it. */
    if (result == 0 && !devices_match(scan->disks, disk, size, scan->message, sizeof scan->message))
        return -1;
    if (result == 0 && partitioned) {
        for (size_t i = 0; i < partitions; i++)
            scan_partition(scan, index, disk->slot, numbers[i]);
        return 0;
    }
    struct volume *volume = next_volume(scan, &texts);
    if (!volume)
        return 0;
    volume->kind = VOLUME_DISK;
    volume->disk = index;
    volume->size = size;
    volume->content = CONTENT_UNKNOWN;
    if (result < 0)
        set_message(volume, texts, STATUS_UNREADABLE, strerror(-result));
    else
        examine(scan, node, fd, volume, texts);
    return 0;
}

/* ---- the guest ---- */

/* The highest status among the volumes; where that is STATUS_OK and nothing was mounted, what
 * the disks hold instead. */
static enum status overall(scanner *scan)
{
    const struct volume *worst = NULL;
    unsigned swap = 0;
    for (size_t i = 0; i < scan->count; i++) {
        if (!worst || scan->volumes[i].status > worst->status)
            worst = &scan->volumes[i];
        swap += scan->volumes[i].content == CONTENT_SWAP;
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
    } else if (scan->blank == scan->count) {
        say(scan, "the disk is empty");
    } else {
        say(scan, "unknown data: no partition table and no signature that libblkid knows");
        return STATUS_UNSUPPORTED;
    }
    return STATUS_EMPTY;
}

void scanner_run(scanner *scan, const struct scan_args *args, uint64_t waited,
                 struct scan_ret *answer)
{
    bool matches = true;
    scan->count = 0;
    scan->truncated = false;
    scan->mounted = scan->blank = 0;
    scan->message[0] = '\0';
    memset(&scan->times, 0, sizeof scan->times);
    scan->times.waited = waited;
    for (int partitioned = 0; partitioned < 2; partitioned++)
        for (u_int i = 0; matches && i < args->disks.disks_len; i++)
            matches = scan_disk(scan, i, &args->disks.disks_val[i], partitioned) == 0;
    memset(answer, 0, sizeof *answer);
    if (!matches)
        scan->count = 0; /* figures of a disk that is not the one asked about help nobody */
    answer->status = matches ? overall(scan) : STATUS_CRASHED;
    answer->message.message_val = scan->message;
    answer->message.message_len = (u_int)strlen(scan->message);
    answer->truncated = scan->truncated;
    answer->volumes.volumes_val = scan->volumes;
    answer->volumes.volumes_len = (u_int)scan->count;
    answer->times = scan->times;
}
