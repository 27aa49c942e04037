/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a device is named, in fstab(5) and by -m. Pure. */
#ifndef VLT_AGENT_DEVSPEC_H
#define VLT_AGENT_DEVSPEC_H

#define DEVSPEC_MAX 256

enum devspec_kind {
    DEVSPEC_UUID,
    DEVSPEC_LABEL,
    DEVSPEC_PARTUUID,
    DEVSPEC_PARTLABEL,
    DEVSPEC_NODE,   /* a disk or a partition: /dev/sda1, /dev/nvme0n1p1 … */
    DEVSPEC_MAPPED, /* made of disks by the guest's kernel: /dev/mapper/x, /dev/vg/lv, /dev/md0 */
    DEVSPEC_OTHER   /* no disk that is known so: tmpfs, server:/path … */
};

struct devspec {
    enum devspec_kind kind;
    unsigned disk;      /* DEVSPEC_NODE: the guest's disks from 0 … */
    unsigned partition; /* … and its partitions from 1; 0: the disk */
    char
        value[DEVSPEC_MAX]; /* the name without quotes and escapes; DEVSPEC_MAPPED: without /dev/ */
};

/* Disks of all kinds are numbered alike: sdb, vdb, xvdb, hdb, nvme1n1 and mmcblk1 are the second
 * one. */
void devspec_parse(const char *text, struct devspec *spec);

#endif
