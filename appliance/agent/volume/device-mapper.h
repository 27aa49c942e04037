/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device-mapper devices, by the kernel's ioctls (linux/dm-ioctl.h). All existing ones belong to the
 * guest that is being scanned, but for those that stay (cow-overlay.h, linear-volumes.h). Needs
 * /dev/mapper/control and the modules of the targets. */
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
    const char *parameters; /* of that target */
};

/* Makes and activates a device. `read_only`: the kernel opens its members for reading. 0 and
 * *number, or -errno; then nothing is left of it. */
int device_mapper_create(const char *name, bool read_only, const struct device_mapper_part *parts,
                         size_t count, dev_t *number);

/* Exchanges what a device is made of. 0, or -errno; then it is as it was. */
int device_mapper_reload(const char *name, bool read_only, const struct device_mapper_part *parts,
                         size_t count);

/* Makes the device, or exchanges what it is made of where it has stayed: that takes a third of the
 * time. 0 and *number, or -errno (-EBUSY: it is in use). */
int device_mapper_make(const char *name, bool read_only, const struct device_mapper_part *parts,
                       size_t count, dev_t *number);

/* Lets go of what the device is made of. It stays, if there is one, and all I/O to it fails; what
 * the kernel had read of it it forgot when the last user closed it. 0, or -errno (-EBUSY: it is in
 * use). */
int device_mapper_empty(const char *name);

/* The device of that name. 0, or 1 where it is in use, and *number; or -errno. */
int device_mapper_find(const char *name, dev_t *number);

/* Removes the device and its node below /dev/mapper. 0 or -errno (-EBUSY: it is in use). */
int device_mapper_remove(const char *name);

/* What the device's first target says of its state. 0 or -errno. */
int device_mapper_status(const char *name, char *text, size_t size);

/* Removes all devices but those that `stays` names, those made of others first, and then all nodes.
 * 0; -EBUSY: some are in use, and remain. */
int device_mapper_remove_all(bool (*stays)(const char *name));

#endif
