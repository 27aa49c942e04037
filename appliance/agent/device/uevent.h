/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's announcements of devices (NETLINK_KOBJECT_UEVENT), as far as the agent needs them.
 *
 * For one disk the kernel (6.1) says, in this order, whatever else it says between:
 *   add    …/targetH:C:T/H:C:T:L                    the SCSI device
 *   add    …/targetH:C:T/H:C:T:L/block/NAME         after the partition scan
 *   add    …/H:C:T:L/block/NAME/NAMEn               each partition, in the order of their numbers
 *   bind   …/targetH:C:T/H:C:T:L                    the sd driver's probe has returned
 * so at the `bind` everything about the disk is known, and no directory has to be read. */
#ifndef VLT_AGENT_UEVENT_H
#define VLT_AGENT_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

enum uevent_action { UEVENT_OTHER, UEVENT_ADD, UEVENT_REMOVE, UEVENT_CHANGE, UEVENT_BIND };
enum uevent_object {
    UEVENT_OF_OTHER,
    UEVENT_OF_DEVICE,    /* a SCSI device of ours */
    UEVENT_OF_DISK,      /* … its disk */
    UEVENT_OF_PARTITION, /* … and a partition of that */
    UEVENT_OF_PORT,      /* a virtio port */
    UEVENT_OF_VOLUME /* a block device that is made of others, or a partition of it: dm, md, loop */
};

struct uevent {
    enum uevent_action action;
    enum uevent_object object;
    const char *devpath;   /* begins with '/', relative to /sys; within the message */
    size_t device_length;  /* UEVENT_OF_DEVICE to _PARTITION: of devpath, up to and with H:C:T:L */
    unsigned target;       /* … the T of H:C:T:L, 0-255 */
    unsigned major, minor; /* 0 where not told */
    unsigned partition;    /* UEVENT_OF_PARTITION: from 1 */
    const char *name;      /* UEVENT_OF_VOLUME: of its node; within the message */
};

/* Parses "ACTION@DEVPATH\0KEY=VALUE\0…"; message[length] must be '\0'. False: not such a message.
 */
bool uevent_parse(const char *message, size_t length, struct uevent *event);

/* Fills in object, device_length and target from a path such as uevent.devpath. Only LUN 0 of
 * channel 0 of a virtio-scsi host is a device of ours. */
void uevent_locate(const char *devpath, struct uevent *event);

/* Whether a node of that name may be made: dm-…, md… or loop…, and no other character than letters,
 * digits and '_'. */
bool uevent_volume_name(const char *name);

/* The kernel's socket, non-blocking, with a buffer for the events of a few hundred disks. -errno.
 */
int uevent_open(void);

#endif
