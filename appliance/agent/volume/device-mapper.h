/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device-mapper devices, by the kernel's ioctls (linux/dm-ioctl.h). All that there are belong to
 * the guest that is being looked at. Needs /dev/mapper/control and the modules of the targets. */
#ifndef VLT_AGENT_DEVICE_MAPPER_H
#define VLT_AGENT_DEVICE_MAPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* With the NUL; the kernel's bound (DM_NAME_LEN). */
#define DEVICE_MAPPER_NAME_MAX 128

/* A device's targets follow one another. */
struct device_mapper_part {
    uint64_t sectors;       /* of 512 bytes */
    const char *target;     /* linear, snapshot … */
    const char *parameters; /* what that takes */
};

/* Makes a device, and lets it begin. `read_only`: what it is made of is opened for reading. 0 and
 * *number, or -errno; then nothing is left of it. */
int device_mapper_create(const char *name, bool read_only, const struct device_mapper_part *parts,
                         size_t count, dev_t *number);

/* The device of that name. 0 and *number, or -errno. */
int device_mapper_find(const char *name, dev_t *number);

/* Removes all devices, what is made of others first, and then their nodes. 0; -EBUSY: some are in
 * use, and are left. */
int device_mapper_remove_all(void);

#endif
