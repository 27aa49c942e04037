/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filesystem-probe.h"
#include <blkid/blkid.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

/* What is looked at together before a volume is called empty. */
#define BLANK_PIECE 65536

/* Left out of the full round too: the RAID of PC firmware, which hardly a disk image is part of,
 * and which costs some 20 commands for a volume that holds nothing known. It is looked for where
 * there is data that nothing else explains. */
static const char *const firmware_types[] = {"ddf_raid_member",
                                             "isw_raid_member",
                                             "lsi_mega_raid_member",
                                             "via_raid_member",
                                             "silicon_medley_raid_member",
                                             "nvidia_raid_member",
                                             "promise_fasttrack_raid_member",
                                             "hpt45x_raid_member",
                                             "hpt37x_raid_member",
                                             "adaptec_raid_member",
                                             "jmicron_raid_member",
                                             NULL};

/* Labels of ZFS, bluestore, LUKS2's first few second headers: one command instead of a dozen. */
#define FULL_FRONT_SIZE (516 * 1024)

/* The quick round's superblocks are within it: btrfs has its own at 64 KiB, UDF's and ISO 9660's
 * descriptors begin at 32 KiB. */
#define FRONT_SIZE (72 * 1024)

/* Two rounds, because the time goes into SCSI commands (each about 0.5 ms under TCG), not into
 * code: all that libblkid knows is some 35 of them scattered over the volume's first 4 MiB and its
 * last 1.6 MiB. The quick round has what images really hold, and is satisfied by 3. Only where it
 * finds nothing, or LUKS at the front, the full round follows. What this gives up: a filesystem
 * beside the signature of something that only the full round knows (ZFS's labels, LUKS2's second
 * header, firmware RAID) is taken for the filesystem, and not called ambiguous. */
struct filesystem_probe {
    blkid_probe quick;
    blkid_probe full;
    blkid_probe beside; /* for a disk that has partitions */
    blkid_probe firmware;
    blkid_probe last;        /* the one of them that has the result */
    char buffer[FRONT_SIZE]; /* FRONT_SIZE ≥ BLANK_PIECE */
};

static const char *const quick_types[] = {"linux_raid_member",
                                          "LVM2_member",
                                          "bcache",
                                          "stratis",
                                          "BitLocker",
                                          "swsuspend",
                                          "swap",
                                          "xfs",
                                          "ext4",
                                          "ext3",
                                          "ext2",
                                          "jbd",
                                          "vfat",
                                          "exfat",
                                          "ntfs",
                                          "iso9660",
                                          "udf",
                                          "squashfs",
                                          "erofs",
                                          "f2fs",
                                          "hfsplus",
                                          "hfs",
                                          "btrfs",
                                          NULL};

/* What may be on a disk beside its partitions, and is not theirs: an array's superblock, of which
 * the partitions are; what was put over a table that is stale; an ISO image with a table. */
static const char *const beside_types[] = {"linux_raid_member",
                                           "ddf_raid_member",
                                           "isw_raid_member",
                                           "lsi_mega_raid_member",
                                           "via_raid_member",
                                           "silicon_medley_raid_member",
                                           "nvidia_raid_member",
                                           "hpt45x_raid_member",
                                           "hpt37x_raid_member",
                                           "adaptec_raid_member",
                                           "jmicron_raid_member",
                                           "drbd",
                                           "LVM2_member",
                                           "crypto_LUKS",
                                           "iso9660",
                                           NULL};

/* Of a disk that has partitions: an ISO image's descriptor is at 32 KiB. */
#define BESIDE_FRONT (36 * 1024)

/* One command; md's superblock 0.90 begins at most 128 KiB before the end. */
#define TAIL_SIZE (128 * 1024)

static blkid_probe new_blkid(void)
{
    blkid_probe blkid = blkid_new_probe();
    if (!blkid)
        return NULL;
    blkid_probe_enable_superblocks(blkid, 1);
    /* With BADCSUM a superblock whose checksum is wrong is still what it is, only broken. Without,
     * it would be "nothing", and a damaged filesystem would pass for an empty disk. */
    blkid_probe_set_superblocks_flags(blkid, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
                                                 BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
                                                 BLKID_SUBLKS_VERSION | BLKID_SUBLKS_BADCSUM);
    return blkid;
}

filesystem_probe *filesystem_probe_new(void)
{
    filesystem_probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return NULL;
    probe->quick = new_blkid();
    probe->full = new_blkid();
    probe->beside = new_blkid();
    probe->firmware = new_blkid();
    if (!probe->quick || !probe->full || !probe->beside || !probe->firmware ||
        blkid_probe_filter_superblocks_type(probe->firmware, BLKID_FLTR_ONLYIN,
                                            (char **)(uintptr_t)firmware_types) < 0 ||
        blkid_probe_filter_superblocks_type(probe->beside, BLKID_FLTR_ONLYIN,
                                            (char **)(uintptr_t)beside_types) < 0 ||
        blkid_probe_filter_superblocks_type(probe->quick, BLKID_FLTR_ONLYIN,
                                            (char **)(uintptr_t)quick_types) < 0 ||
        blkid_probe_filter_superblocks_type(probe->full, BLKID_FLTR_NOTIN,
                                            (char **)(uintptr_t)firmware_types) < 0) {
        filesystem_probe_free(probe);
        return NULL;
    }
    return probe;
}

void filesystem_probe_free(filesystem_probe *probe)
{
    if (!probe)
        return;
    blkid_free_probe(probe->quick);
    blkid_free_probe(probe->full);
    blkid_free_probe(probe->beside);
    blkid_free_probe(probe->firmware);
    free(probe);
}

static const char *value(const filesystem_probe *probe, const char *name)
{
    const char *text;
    if (blkid_probe_lookup_value(probe->last, name, &text, NULL) < 0)
        return "";
    return text;
}

/* Not USAGE "raid" for libblkid, yet parts of something larger all the same. */
static bool is_member(const char *type, const char *usage)
{
    static const char *const types[] = {
        "bcache",         "jbd",    "DM_snapshot_cow", "zfs_member", "xfs_external_log",
        "ceph_bluestore", "stratis"};
    if (strcmp(usage, "raid") == 0)
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static void classify(const filesystem_probe *probe, struct finding *found)
{
    const char *usage = value(probe, "USAGE");
    found->type = value(probe, "TYPE");
    found->label = value(probe, "LABEL");
    found->uuid = value(probe, "UUID");
    found->sub = value(probe, "UUID_SUB");
    found->version = value(probe, "VERSION");
    found->journal = value(probe, "EXT_JOURNAL");
    if (strcmp(usage, "crypto") == 0) {
        found->content = CONTENT_ENCRYPTED;
        found->status = STATUS_ENCRYPTED;
        snprintf(found->message, sizeof found->message, "encrypted: %s", found->type);
    } else if (strcmp(found->type, "swap") == 0 || strcmp(found->type, "swsuspend") == 0) {
        found->content = CONTENT_SWAP;
    } else if (is_member(found->type, usage)) {
        found->content = CONTENT_MEMBER;
        found->status = STATUS_UNSUPPORTED;
        snprintf(found->message, sizeof found->message, "part of something larger: %s",
                 found->type);
    } else if (strcmp(usage, "filesystem") == 0) {
        found->content = CONTENT_FILESYSTEM;
        /* Mounted all the same: whether it can be read is the kernel's word. */
        if (*value(probe, "SBBADCSUM"))
            snprintf(found->message, sizeof found->message, "the superblock's checksum is wrong");
    } else {
        found->content = CONTENT_UNKNOWN;
        found->status = STATUS_UNSUPPORTED;
        snprintf(found->message, sizeof found->message, "unsupported: %s", found->type);
    }
}

/* A stretch of a volume: all of it, or as many evenly spaced pieces of it as are read. Whether
 * there are nothing but zeros in it. */
static bool stretch_is_blank(filesystem_probe *probe, int fd, uint64_t start, uint64_t end,
                             unsigned most, uint64_t *sampled)
{
    uint64_t pieces = (end - start + BLANK_PIECE - 1) / BLANK_PIECE;
    uint64_t wanted = pieces < most ? pieces : most;
    for (uint64_t i = 0; i < wanted; i++) {
        /* The first and the last are among them. */
        uint64_t piece = wanted == pieces ? i : i * (pieces - 1) / (wanted - 1);
        uint64_t at = start + piece * BLANK_PIECE;
        size_t count = end - at < BLANK_PIECE ? (size_t)(end - at) : BLANK_PIECE;
        if (pread(fd, probe->buffer, count, (off_t)at) != (ssize_t)count || probe->buffer[0] ||
            memcmp(probe->buffer, probe->buffer + 1, count - 1) != 0)
            return false;
        *sampled += count;
    }
    return true;
}

bool filesystem_probe_is_blank(filesystem_probe *probe, int fd, uint64_t start, uint64_t end,
                               unsigned pieces, uint64_t *sampled)
{
    *sampled = 0;
    return start >= end || stretch_is_blank(probe, fd, start, end, pieces, sampled);
}

const char *filesystem_probe_trace(int fd)
{
    static const struct {
        off_t at;
        const char *bytes; /* at least four: fewer are in random data, too */
        size_t length;
        const char *type;
    } signatures[] = {
        {3, "NTFS    ", 8, "ntfs"},
        {3, "EXFAT   ", 8, "exfat"},
        {3, "-FVE-FS-", 8, "BitLocker"},
        {0x36, "FAT12   ", 8, "vfat"},
        {0x36, "FAT16   ", 8, "vfat"},
        {0x52, "FAT32   ", 8, "vfat"},
        {0, "XFSB", 4, "xfs"},
        {0, "hsqs", 4, "squashfs"},
        {0, "LUKS\xba\xbe", 6, "crypto_LUKS"},
        {512, "LABELONE", 8, "LVM2_member"},
        {1024, "\x10\x20\xf5\xf2", 4, "f2fs"},
        {1024, "\xe2\xe1\xf5\xe0", 4, "erofs"},
        {1024, "H+\0\4", 4, "hfsplus"},
        {1024, "HX\0\5", 4, "hfsplus"},
        {0x8001, "CD001", 5, "iso9660"},
        {0x10040, "_BHRfS_M", 8, "btrfs"},
    };
    char bytes[8];
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (pread(fd, bytes, signatures[i].length, signatures[i].at) ==
                (ssize_t)signatures[i].length &&
            memcmp(bytes, signatures[i].bytes, signatures[i].length) == 0)
            return signatures[i].type;
    return NULL;
}

/* Brings what the quick round reads into the page cache, in three commands at once: libblkid reads
 * page by page, and asks the kernel not to read ahead. */
static bool prefetch(filesystem_probe *probe, int fd, uint64_t size)
{
    const uint64_t block = 64 * 1024;
    if (size > 4 * block) {
        /* md's superblocks: 0.90 in the last aligned 64 KiB block, 1.0 in the last 8-12 KiB. */
        posix_fadvise(fd, (off_t)((size & ~(block - 1)) - block), 4096, POSIX_FADV_WILLNEED);
        posix_fadvise(fd, (off_t)((size - 12288) & ~(uint64_t)4095), 12288, POSIX_FADV_WILLNEED);
    }
    return pread(fd, probe->buffer, FRONT_SIZE, 0) >= 0;
}

static int look_with(filesystem_probe *probe, blkid_probe blkid, int fd, uint64_t size)
{
    probe->last = blkid;
    errno = 0;
    if (blkid_probe_set_device(blkid, fd, 0, (blkid_loff_t)size) < 0)
        return -1;
    return blkid_do_safeprobe(blkid);
}

static void clear_finding(struct finding *found)
{
    memset(found, 0, offsetof(struct finding, message) + 1);
    found->type = found->label = found->uuid = found->sub = found->version = found->journal = "";
    found->content = CONTENT_UNKNOWN;
}

/* `result` is libblkid's. */
static void settle(const filesystem_probe *probe, int result, struct finding *found)
{
    if (result == 0) {
        classify(probe, found);
    } else if (result == -2) {
        /* Any of them might be a left-over; mounting the wrong one would report stale figures. */
        found->status = STATUS_UNSUPPORTED;
        snprintf(found->message, sizeof found->message,
                 "ambiguous: signatures of more than one filesystem");
    } else if (result < 0) {
        found->status = STATUS_UNREADABLE;
        snprintf(found->message, sizeof found->message, "read: %s", strerror(errno ? errno : EIO));
    }
}

void filesystem_probe_look(filesystem_probe *probe, int fd, uint64_t size, struct finding *found)
{
    static const char luks[] = {'L', 'U', 'K', 'S', '\xba', '\xbe'};
    clear_finding(found);
    int result = 1;
    if (!prefetch(probe, fd, size))
        result = -1;
    else if (memcmp(probe->buffer, luks, sizeof luks) != 0)
        result = look_with(probe, probe->quick, fd, size);
    if (result == 1) {
        posix_fadvise(fd, 0, FULL_FRONT_SIZE, POSIX_FADV_WILLNEED);
        result = look_with(probe, probe->full, fd, size);
    }
    settle(probe, result, found);
}

/* Whether the second copy of a GUID table ends the disk, with sectors of either size. Then nothing
 * else does: of an array, or a disk of PC firmware's RAID, the table ends before its metadata. The
 * kernel has looked there, so this costs no command. */
static bool ends_in_gpt(int fd, uint64_t size)
{
    char last[4096];
    return size > sizeof last &&
           pread(fd, last, sizeof last, (off_t)(size - sizeof last)) == (ssize_t)sizeof last &&
           (memcmp(last, "EFI PART", 8) == 0 ||
            memcmp(last + sizeof last - 512, "EFI PART", 8) == 0);
}

/* Whether the front has anything of what `beside` looks for there: most disks have not, and
 * libblkid takes its time to find that out. */
static bool has_mark(const char *front)
{
    static const struct {
        unsigned at;
        const char *bytes;
        size_t length;
    } marks[] = {
        {0, "LUKS\xba\xbe", 6}, {0x4000, "SKUL\xba\xbe", 6}, {0x8000, "SKUL\xba\xbe", 6},
        {0, "LABELONE", 8},     {512, "LABELONE", 8},        {1024, "LABELONE", 8},
        {1536, "LABELONE", 8},  {0, "\xfc\x4e\x2b\xa9", 4},  {4096, "\xfc\x4e\x2b\xa9", 4},
        {0x8001, "CD001", 5},   {0x8009, "CDROM", 5},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memcmp(front + marks[i].at, marks[i].bytes, marks[i].length) == 0)
            return true;
    return false;
}

void filesystem_probe_look_beside(filesystem_probe *probe, int fd, uint64_t size,
                                  struct finding *found)
{
    clear_finding(found);
    if (pread(fd, probe->buffer, BESIDE_FRONT, 0) != BESIDE_FRONT) {
        /* A smaller one is left to libblkid. */
        settle(probe, look_with(probe, probe->beside, fd, size), found);
        return;
    }
    bool mark = has_mark(probe->buffer);
    if (!mark && ends_in_gpt(fd, size))
        return;
    /* The tail has md's superblocks, and nearly all of those of PC firmware. */
    if (size > TAIL_SIZE)
        posix_fadvise(fd, (off_t)(size - TAIL_SIZE), TAIL_SIZE, POSIX_FADV_WILLNEED);
    settle(probe, look_with(probe, probe->beside, fd, size), found);
}

void filesystem_probe_look_firmware(filesystem_probe *probe, int fd, uint64_t size,
                                    struct finding *found)
{
    clear_finding(found);
    settle(probe, look_with(probe, probe->firmware, fd, size), found);
}
