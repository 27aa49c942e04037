/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan-volumes.h"
#include "agent/guest/mount-points.h"
#include "agent/volume/inventory.h"
#include "agent/volume/recovery-view.h"
#include "agent/volume/volume-stack.h"
#include "agent/volume/volume-table.h"
#include "base/clock.h"
#include <linux/fs.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

struct scan_volumes {
    device_table *disks;
    const struct mount_ops *mounts;
    volume_table *all;
    mount_points *points;
    bool wants_points; /* this guest's are asked for */
    bool compose;
    struct volume volumes[MAX_VOLUMES];
    size_t indexes[MAX_VOLUMES]; /* … of their contents */
    size_t count;
    unsigned mounted;
    const struct content *left; /* is not unmounted; NULL: all are */
    char message[MAX_MESSAGE];
};

scan_volumes *scan_volumes_new(device_table *disks, kernel_modules *loaded,
                               const struct mount_ops *mounts,
                               const struct detached_mounts_ops *grafts, bool compose)
{
    scan_volumes *scan = calloc(1, sizeof *scan);
    if (!scan)
        return NULL;
    scan->disks = disks;
    scan->mounts = mounts;
    scan->compose = compose;
    scan->points = mount_points_new();
    scan->all = scan->points ? volume_table_new(disks, loaded, grafts, compose) : NULL;
    if (!scan->all) {
        free(scan->points);
        free(scan);
        return NULL;
    }
    return scan;
}

int scan_volumes_prepare(scan_volumes *scan)
{
    return scan->compose ? volume_stack_prepare() : 0;
}

void scan_volumes_watch(scan_volumes *scan, const struct replay_watch *watch)
{
    volume_table_watch(scan->all, watch);
}

bool scan_volumes_ready(const scan_volumes *scan, const struct scan_args *args)
{
    for (u_int i = 0; i < args->disks.disks_len; i++)
        if (!device_table_ready(scan->disks, args->disks.disks_val[i].slot))
            return false;
    return true;
}

/* ---- one volume ---- */

/* An opaque of the answer, pointing to as much of the text as its bound allows. */
#define POINT_TO(field, text, bound)                                                               \
    ((field##_val) = (text), (field##_len) = (u_int)strnlen((text), (bound)))

/* A filesystem that is mounted. */
struct visit {
    mount_points *points;
    struct content *what;
};

static void visit(void *owner, int directory)
{
    const struct visit *self = owner;
    mount_points_visit(self->points, self->what, directory);
}

/* Mounts a filesystem, and takes its figures. */
static void measure(scan_volumes *scan, struct content *what, struct volume *volume)
{
    struct mount_outcome outcome;
    const struct mount_type *how = volume_table_mountable(scan->all, what, "", &outcome);
    if (how) {
        uint64_t start = clock_now();
        struct visit seen = {scan->points, what};
        const struct mount_visitor visitor = {scan->wants_points ? visit : NULL, &seen,
                                              what == scan->left};
        recovery_view_measure(scan->all, what, how, scan->mounts, &visitor, &outcome);
        volume_table_times(scan->all)->mounted += clock_now() - start;
    }
    /* What the probe had to say stands where the mount has nothing to add. */
    if (outcome.message[0] || outcome.status != STATUS_OK)
        volume_table_say(what, outcome.status, "%s", outcome.message);
    if (!outcome.mounted)
        return;
    volume->mounted = true;
    volume->clean = outcome.clean;
    volume->recovered = outcome.recovered;
    volume->usage = outcome.usage;
    scan->mounted++;
}

static bool is_measured(const struct content *what)
{
    return what->kind == CONTENT_FILESYSTEM && what->status == STATUS_OK;
}

static void report(scan_volumes *scan, struct content *what)
{
    struct volume *volume = &scan->volumes[scan->count++];
    memset(volume, 0, sizeof *volume);
    if (is_measured(what))
        measure(scan, what, volume);
    inventory_settle_cut(what);
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

/* The one that is measured last, in the order of report_all(). */
static const struct content *find_last(const scan_volumes *scan)
{
    const struct content *last = NULL;
    for (size_t i = 0; i < volume_table_count(scan->all); i++) {
        const struct content *what = volume_table_at(scan->all, i);
        if (is_measured(what) && !what->hidden && (!last || what->volume >= last->volume))
            last = what;
    }
    return last;
}

/* A guest's rows are whole disks first, then partitions, and so on: a round for each kind. */
static void report_all(scan_volumes *scan)
{
    for (unsigned kind = VOLUME_DISK; kind <= VOLUME_LOGICAL; kind++)
        for (size_t i = 0;
             i < volume_table_count(scan->all) && volume_table_needs(scan->all) == NEED_NOTHING;
             i++)
            if (volume_table_at(scan->all, i)->volume == kind &&
                !volume_table_at(scan->all, i)->hidden) {
                scan->indexes[scan->count] = i;
                report(scan, volume_table_at(scan->all, i));
            }
}

static void report_points(scan_volumes *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        const char *where = mount_points_of(scan->points, scan->indexes[i]);
        if (scan->volumes[i].content == CONTENT_FILESYSTEM)
            POINT_TO(scan->volumes[i].mountpoint.mountpoint, (char *)(uintptr_t)where,
                     MAX_MOUNTPOINT);
    }
}

/* ---- the guest ---- */

static void say(scan_volumes *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(scan_volumes *scan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scan->message, sizeof scan->message, format, arguments);
    va_end(arguments);
}

/* The highest status among the volumes; where that is STATUS_OK and nothing was mounted, what
 * the disks hold instead. */
static enum status of_volumes(scan_volumes *scan)
{
    const struct volume *worst = NULL;
    for (size_t i = 0; i < scan->count; i++)
        if (!worst || scan->volumes[i].status > worst->status)
            worst = &scan->volumes[i];
    if (worst && worst->status != STATUS_OK) {
        say(scan, "%.*s", (int)worst->message.message_len, worst->message.message_val);
        return worst->status;
    }
    if (scan->mounted > 0)
        return STATUS_OK;
    inventory_say_empty(scan->all, scan->message, sizeof scan->message);
    return STATUS_EMPTY;
}

/* What stands in no row has not been read, whatever became of the others. */
static enum status overall(scan_volumes *scan)
{
    enum status status = of_volumes(scan);
    if (!volume_table_truncated(scan->all))
        return status;
    say(scan, "it has more than %d volumes: the others are not shown", MAX_VOLUMES);
    return status > STATUS_UNSUPPORTED ? status : STATUS_UNSUPPORTED;
}

void scan_volumes_run(scan_volumes *scan, const struct scan_args *args, uint64_t waited,
                      struct scan_ret *answer)
{
    scan->count = 0;
    scan->mounted = 0;
    scan->message[0] = '\0';
    volume_table_read_as_is(scan->all, args->as_is);
    volume_table_set_fragile(scan->all, args->fragile);
    volume_table_set_larger(scan->all, args->larger);
    volume_table_set_replays(scan->all, args->replays);
    /* Figures of another disk would be wrong. */
    bool matches = volume_table_find(scan->all, args->disks.disks_val, args->disks.disks_len,
                                     args->keys.key_list_val, args->keys.key_list_len,
                                     scan->message, sizeof scan->message) == 0;
    scan->wants_points = args->mountpoints;
    mount_points_begin(scan->points, scan->all);
    scan->left = args->last && matches ? find_last(scan) : NULL;
    if (matches && volume_table_needs(scan->all) == NEED_NOTHING) {
        report_all(scan);
        mount_points_settle(scan->points);
        report_points(scan);
    }
    if (!args->last)
        volume_table_release(scan->all);
    memset(answer, 0, sizeof *answer);
    answer->need = volume_table_needs(scan->all);
    answer->status = matches ? overall(scan) : STATUS_CRASHED;
    answer->message.message_val = scan->message;
    answer->message.message_len = (u_int)strlen(scan->message);
    answer->truncated = volume_table_truncated(scan->all);
    answer->volumes.volumes_val = scan->volumes;
    answer->volumes.volumes_len = (u_int)scan->count;
    answer->times = *volume_table_times(scan->all);
    answer->times.waited = waited;
}
