/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the host asks about a disk, QEMU has it behind the device already: it said so before the
 * question was sent. So what can be old is only what the kernel remembers, and that is: the size,
 * the partitions, and the page cache. */
#include "replaced-disk.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>

#define READ_CAPACITY_10 0x25 /* SBC-3 */
#define COMMAND_TIME 60000    /* milliseconds */
#define SIZE_TRIES 3

/* The disk's bytes, as the device has them now; 0 where it does not say so in 32 bits. QEMU, too,
 * learns by this command how far it may be read (s->qdev.max_lba, hw/scsi/scsi-disk.c). */
static uint64_t read_capacity(int fd)
{
    unsigned char command[10] = {READ_CAPACITY_10}, sense[32];
    uint32_t data[2] = {0}; /* the last block's number, bytes of a block */
    struct sg_io_hdr io = {
        .interface_id = 'S',
        .dxfer_direction = SG_DXFER_FROM_DEV,
        .cmd_len = sizeof command,
        .cmdp = command,
        .dxfer_len = sizeof data,
        .dxferp = data,
        .mx_sb_len = sizeof sense,
        .sbp = sense,
        .timeout = COMMAND_TIME,
    };
    if (ioctl(fd, SG_IO, &io) < 0 || (io.info & SG_INFO_OK_MASK) != SG_INFO_OK ||
        data[0] == UINT32_MAX)
        return 0;
    return ((uint64_t)be32toh(data[0]) + 1) * be32toh(data[1]);
}

/* Ten commands, and so only where the size is another one. 0 or -errno. */
static int rescan(const device_table *table, unsigned target)
{
    char path[NODE_MAX];
    AUTO_FD int fd = open(device_table_rescan_path(table, target, path), O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, "1", 1) != 1 ? -errno : 0;
}

/* Drops the last disk's partitions, and makes this one's: five commands and three reads. The kernel
 * refuses that (EBUSY) where a partition is open, or something has claimed the disk. EIO: the old
 * ones have gone (bdev_disk_changed(), block/partitions/core.c), and the beginning of this disk
 * cannot be read: the guest's own trouble, which the probe will meet. 0 or -errno. */
static int renew_partitions(int fd)
{
    return ioctl(fd, BLKRRPART, 0) == 0 || errno == EIO ? 0 : -errno;
}

/* The page cache went when the last one closed the disk, and goes again here. *renewed: its
 * partitions have been read. 0 or -errno. */
static int renew(const device_table *table, unsigned target, bool *renewed)
{
    char path[NODE_MAX];
    uint64_t known = 0;
    const unsigned *partitions;
    AUTO_FD int fd = open(device_table_node(table, target, 0, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    uint64_t size = read_capacity(fd);
    if (ioctl(fd, BLKGETSIZE64, &known) < 0)
        return -errno;
    int result = size == 0 || size != known ? rescan(table, target) : 0;
    if (result == 0 && ioctl(fd, BLKFLSBUF, 0) < 0)
        result = -errno;
    *renewed = device_table_partitions(table, target, &partitions) > 0;
    return result == 0 && *renewed ? renew_partitions(fd) : result;
}

int replaced_disk_take(device_table *table, const struct disk *disk, char *why, size_t room)
{
    bool renewed = true;
    unsigned last = device_table_replaced(table, disk->slot);
    if (disk->replaced == last)
        return 0;
    int result = disk->replaced < last ? -ESTALE : 0;
    if (result == 0 && device_table_is_real(table))
        result = renew(table, disk->slot, &renewed);
    if (result < 0) {
        snprintf(why, room, "slot %u: disk %u cannot follow disk %u: %s", disk->slot,
                 disk->replaced, last, strerror(-result));
        return -1;
    }
    device_table_note_replaced(table, disk->slot, disk->replaced);
    if (renewed)
        device_table_note_partitions_read(table, disk->slot, true);
    return 0;
}

void replaced_disk_ask_size(device_table *table, unsigned slot, int fd, uint64_t *size)
{
    for (unsigned i = 0; i < SIZE_TRIES && *size == 0 && device_table_is_real(table); i++) {
        if (rescan(table, slot) < 0 || ioctl(fd, BLKGETSIZE64, size) < 0)
            return;
        /* The kernel looked for none on a disk of 0 bytes (device_add_disk(), block/genhd.c). */
        device_table_note_partitions_read(table, slot, false);
    }
}

int replaced_disk_read_partitions(device_table *table, unsigned slot, int fd)
{
    if (device_table_partitions_read(table, slot))
        return 0;
    int result = renew_partitions(fd);
    if (result == 0)
        device_table_note_partitions_read(table, slot, true);
    return result;
}
