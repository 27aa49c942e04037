/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses the names of devices in fstab(5) and -m. Pure. */
#ifndef VLT_AGENT_DEVICE_SPEC_H
#define VLT_AGENT_DEVICE_SPEC_H

#define DEVICE_SPEC_MAX 256

enum device_spec_kind {
    DEVICE_SPEC_UUID,
    DEVICE_SPEC_LABEL,
    DEVICE_SPEC_PARTUUID,
    DEVICE_SPEC_PARTLABEL,
    DEVICE_SPEC_NODE,   /* a disk or a partition: /dev/sda1, /dev/nvme0n1p1 … */
    DEVICE_SPEC_MAPPED, /* made of disks by the guest's kernel: /dev/mapper/x, /dev/vg/lv, /dev/md0
                         */
    DEVICE_SPEC_HARDWARE, /* by what only the guest's own machine knows: /dev/disk/by-id/…, /dev/sr0
                           */
    DEVICE_SPEC_OTHER     /* not the name of a disk: tmpfs, server:/path … */
};

struct device_spec {
    enum device_spec_kind kind;
    unsigned disk;      /* DEVICE_SPEC_NODE: the guest's disks from 0 … */
    unsigned partition; /* … and its partitions from 1; 0: the disk; DEVICE_SPEC_HARDWARE,
                           too, by "-part1" */
    char value[DEVICE_SPEC_MAX]; /* the name without quotes and escapes; DEVICE_SPEC_MAPPED: without
                                    /dev/ */
};

/* Disks of all kinds are numbered alike: sdb, vdb, xvdb, hdb, nvme1n1 and mmcblk1 are the second
 * one. */
void device_spec_parse(const char *text, struct device_spec *spec);

#endif
