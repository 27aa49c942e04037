/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

#include "agent/util/helper-program.h"
#include "btrfs.h"
#include "kernel-log.h"
#include "mount-reason.h"
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* What mount(2) takes is a page. */
#define OPTIONS_MAX 4096

#define MOUNT_FLAGS (MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME)

/* A helper is PROGRAM -o OPTIONS. ntfs-3g detaches itself once the mount works, so waiting for it
 * is waiting for the mount. */
static const char *const ntfs_helper[] = {"ntfs-3g", "-o", "ro,nodev,nosuid,noexec,noatime", NULL};

/* Since 5.13 the kernel starts a thread that reads the bitmaps of free blocks of all groups, also
 * of what is mounted read-only: for an allocator that nothing here uses. */
#define NO_BITMAPS "no_prefetch_block_bitmaps"

/* A journal is replayed in memory: nothing has to be flushed. */
#define EXT_OPTIONS "barrier=0,noinit_itable," NO_BITMAPS

static const struct mount_type types[] = {
    {"ext4", "ext4", .options = EXT_OPTIONS, .no_replay = "noload," NO_BITMAPS},
    {"ext3", "ext3", .options = EXT_OPTIONS, .no_replay = "noload," NO_BITMAPS},
    {.type = "ext2", .kernel = "ext2"}, /* has no journal, and no such option */
    {"xfs", "xfs", .options = "nouuid", .no_replay = "nouuid,norecovery"},
    /* On a device that cannot be written it takes every block group for read-only, and leaves all
     * of them out of what it calls available. */
    {"btrfs", "btrfs", .no_replay = "rescue=nologreplay", .replay_errno = EIO, .writable = true},
    /* The number of an inode is then the place of its entry (fat-inodes.h). */
    {"vfat", "vfat", .options = "nfs=nostale_ro"},
    {.type = "exfat", .kernel = "exfat"},
    {"ntfs", NULL, .helper = ntfs_helper},
    {.type = "iso9660", .kernel = "iso9660"},
    {.type = "udf", .kernel = "udf"},
    {.type = "squashfs", .kernel = "squashfs"},
    {.type = "erofs", .kernel = "erofs"},
    {"f2fs", "f2fs", .no_replay = "norecovery"},
    {.type = "hfsplus", .kernel = "hfsplus"},
    /* Unmaintained, or known to be easily crashed by what they read. */
    {"befs", "befs", .options = "iocharset=utf8", .fragile = true},
    {"bfs", "bfs", .fragile = true},
    {"cramfs", "cramfs", .fragile = true},
    {"hfs", "hfs", .options = "codepage=macroman,iocharset=utf8", .fragile = true},
    {"hpfs", "hpfs", .fragile = true},
    /* Its journal is replayed by fsck only. */
    {"jfs", "jfs", .options = "iocharset=utf8", .fragile = true},
    {"minix", "minix", .fragile = true},
    {"nilfs2", "nilfs2", .no_replay = "norecovery", .fragile = true},
    /* "unable to replay log" becomes EINVAL on its way up. */
    {"reiserfs", "reiserfs", .no_replay = "nolog", .replay_errno = EINVAL, .fragile = true},
    {"romfs", "romfs", .fragile = true},
    {"sysv", "sysv", .fragile = true},
    /* The driver does not find out which of the BSDs' it is. */
    {"ufs", "ufs", .options = "ufstype=ufs2", .fragile = true, .or_else = "ufstype=44bsd"},
    {"vxfs", "vxfs", .fragile = true},
    {"xenix", "sysv", .fragile = true},
};

const struct mount_type *mount_type_find(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0)
            return &types[i];
    return NULL;
}

static void fail(struct mount_outcome *outcome, const char *what, int errnum)
{
    switch (errnum) {
    case EIO:
    case ENXIO:
        outcome->status = STATUS_UNREADABLE;
        break;
    case ENODEV:
    case ENOSYS:
    case EOPNOTSUPP:
        outcome->status = STATUS_UNSUPPORTED;
        break;
    case ENOMEM:
        outcome->status = STATUS_CRASHED; /* the appliance's fault, not the image's */
        break;
    default:
        outcome->status = STATUS_CORRUPT;
    }
    snprintf(outcome->message, sizeof outcome->message, "mount %s: %s", what, strerror(errnum));
}

/* Two lists of options as one, in a buffer of `size`; NULL stands for none. */
static const char *join(const char *options, const char *more, char *buffer, size_t size)
{
    bool both = options && *options && more && *more;
    snprintf(buffer, size, "%s%s%s", options ? options : "", both ? "," : "", more ? more : "");
    return buffer;
}

/* Puts the reason behind the message. What this kernel cannot read is not damaged for that. */
static void add_reason(struct mount_outcome *outcome, const struct mount_reason *reason)
{
    size_t length = strlen(outcome->message);
    if (outcome->status == STATUS_UNREADABLE && mount_reason_is_damage(reason))
        outcome->status = STATUS_CORRUPT;
    if (!reason->text[0])
        return;
    snprintf(outcome->message + length, sizeof outcome->message - length, " (%s)%s%s", reason->text,
             reason->takes && *reason->takes ? ": " : "", reason->takes ? reason->takes : "");
    if (reason->unsupported && outcome->status == STATUS_CORRUPT)
        outcome->status = STATUS_UNSUPPORTED;
}

static bool mount_by_helper(const char *node, const struct mount_type *how, const char *more,
                            struct mount_outcome *outcome)
{
    char options[OPTIONS_MAX], said[HELPER_PROGRAM_OUTPUT_MAX];
    struct mount_reason reason = {.rank = 0};
    const char *const *argv = how->helper;
    const char *const full[] = {argv[0], argv[1],     join(argv[2], more, options, sizeof options),
                                node,    MOUNT_POINT, NULL};
    int result = helper_program_run(full, NULL, 0, said, sizeof said);
    if (result == 0)
        return true;
    mount_reason_hear_helper(&reason, said, node);
    outcome->status = result < 0           ? STATUS_UNSUPPORTED
                      : reason.unsupported ? STATUS_UNSUPPORTED
                                           : STATUS_CORRUPT;
    snprintf(outcome->message, sizeof outcome->message, "%s: %s", argv[0],
             result < 0 ? strerror(-result) : reason.text);
    return false;
}

static bool mount_with(const char *node, const struct mount_type *how, unsigned long flags,
                       const char *options, const char *more)
{
    char all[OPTIONS_MAX];
    join(options, more, all, sizeof all);
    return mount(node, MOUNT_POINT, how->kernel, flags, all) == 0;
}

/* Lets the kernel read the superblock once more; nothing is mounted. Some drivers (squashfs) say
 * why they refuse a superblock only in the log of fsopen()'s descriptor, which this function reads.
 */
static void ask_driver(const char *node, const char *fstype, char *options,
                       struct mount_reason *reason)
{
    char said[1024];
    ssize_t length;
    AUTO_FD int driver = fsopen(fstype, FSOPEN_CLOEXEC);
    fsconfig(driver, FSCONFIG_SET_STRING, "source", node, 0);
    fsconfig(driver, FSCONFIG_SET_FLAG, "ro", NULL, 0);
    for (char *option = strsep(&options, ","); option; option = strsep(&options, ",")) {
        char *value = strchr(option, '=');
        if (value)
            *value++ = '\0';
        if (*option)
            fsconfig(driver, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value, 0);
    }
    fsconfig(driver, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    while ((length = read(driver, said, sizeof said - 1)) > 0) {
        said[length] = '\0';
        said[strcspn(said, "\n")] = '\0';
        mount_reason_hear_driver(reason, fstype, said);
    }
}

/* What the kernel has logged of this attempt; where that says nothing, what it tells one that asks
 * again. */
static void explain(int log, const char *node, const struct mount_type *how, const char *own,
                    const char *more, struct mount_outcome *outcome)
{
    static char line[KERNEL_LOG_LINE_MAX];
    char options[OPTIONS_MAX], device[KERNEL_LOG_DEVICE_MAX];
    struct mount_reason reason = {.rank = 0};
    int level;
    if (!kernel_log_device(node, device))
        device[0] = '\0';
    while (kernel_log_next(log, &level, line))
        mount_reason_hear(&reason, how->kernel, device, level, line);
    if (!mount_reason_is_known(&reason)) {
        join(own, more, options, sizeof options);
        ask_driver(node, how->kernel, options, &reason);
    }
    add_reason(outcome, &reason);
}

static bool mount_by_kernel(const char *node, const struct mount_type *how,
                            enum mount_journal journal, const char *more,
                            struct mount_outcome *outcome)
{
    bool replays = journal != MOUNT_AS_IS && how->no_replay;
    unsigned long flags = journal == MOUNT_WRITABLE ? MOUNT_FLAGS & ~MS_RDONLY : MOUNT_FLAGS;
    const char *options = replays || !how->no_replay ? how->options : how->no_replay;
    int log = kernel_log_begin();
    if (mount_with(node, how, flags, options, more) ||
        (how->or_else && mount_with(node, how, flags, how->or_else, more)))
        return true;
    int errnum = errno;
    outcome->must_replay = replays && errnum == (how->replay_errno ? how->replay_errno : EROFS);
    fail(outcome, how->kernel, errnum);
    if (!outcome->must_replay || how->replay_errno)
        explain(log, node, how, options, more, outcome);
    return false;
}

static void take_figures(struct mount_outcome *outcome)
{
    struct statvfs figures;
    if (statvfs(MOUNT_POINT, &figures) < 0) {
        fail(outcome, "statvfs", errno);
        return;
    }
    /* A crafted superblock can say anything; the host would take such an answer for a lie of ours.
     */
    uint64_t block = figures.f_frsize ? figures.f_frsize : figures.f_bsize, bytes;
    if (block == 0 || block > MAX_BLOCK_SIZE ||
        __builtin_mul_overflow(block, figures.f_blocks, &bytes) ||
        figures.f_bfree > figures.f_blocks || figures.f_bavail > figures.f_blocks ||
        figures.f_ffree > figures.f_files) {
        outcome->status = STATUS_CORRUPT;
        snprintf(outcome->message, sizeof outcome->message, "its figures contradict each other");
        return;
    }
    outcome->mounted = true;
    outcome->usage.block_size = block;
    outcome->usage.blocks = figures.f_blocks;
    outcome->usage.blocks_free = figures.f_bfree;
    outcome->usage.blocks_available = figures.f_bavail;
    outcome->usage.files = figures.f_files;
    outcome->usage.files_free = figures.f_ffree;
}

static void unmount(struct mount_outcome *outcome)
{
    if (umount2(MOUNT_POINT, UMOUNT_NOFOLLOW) == 0)
        return;
    int errnum = errno;
    umount2(MOUNT_POINT, MNT_DETACH | UMOUNT_NOFOLLOW);
    snprintf(outcome->message, sizeof outcome->message, "unmount: %s", strerror(errnum));
}

bool mount_volume(const char *node, const struct mount_type *how, enum mount_journal journal,
                  const char *more, struct mount_outcome *outcome)
{
    memset(outcome, 0, offsetof(struct mount_outcome, message) + 1);
    return how->helper ? mount_by_helper(node, how, more, outcome)
                       : mount_by_kernel(node, how, journal, more, outcome);
}

/* No descriptor of the visitor's is open when it is unmounted. */
static void let_in(const struct mount_visitor *visitor)
{
    AUTO_FD int directory = open(MOUNT_POINT, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0)
        visitor->visit(visitor->owner, directory);
}

static void measure_by_mounting(const char *node, const struct mount_type *how,
                                enum mount_journal journal, const char *options,
                                const struct mount_visitor *visitor, struct mount_outcome *outcome)
{
    if (mount_volume(node, how, journal, options, outcome)) {
        take_figures(outcome);
        if (visitor->visit && outcome->mounted)
            let_in(visitor);
        if (!visitor->leave)
            unmount(outcome);
    }
    /* Also after a failed mount: it has been scanned by then. */
    if (strcmp(how->type, "btrfs") == 0)
        btrfs_forget(node);
}

static void measure_by_pretending(const char *node, const struct mount_type *how,
                                  enum mount_journal journal, const char *options,
                                  const struct mount_visitor *visitor,
                                  struct mount_outcome *outcome)
{
    struct stat status;
    (void)visitor;
    (void)how;
    (void)journal;
    (void)options;
    memset(outcome, 0, offsetof(struct mount_outcome, message) + 1);
    if (stat(node, &status) < 0) {
        fail(outcome, "statvfs", errno);
        return;
    }
    outcome->mounted = true;
    outcome->usage.block_size = 1024;
    outcome->usage.blocks = (uint64_t)status.st_size / 1024;
    outcome->usage.blocks_free = outcome->usage.blocks_available = outcome->usage.blocks / 4;
}

const struct mount_ops mount_ops_kernel = {measure_by_mounting};
const struct mount_ops mount_ops_pretend = {measure_by_pretending};
