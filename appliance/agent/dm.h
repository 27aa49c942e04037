/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device-mapper devices, by the kernel's ioctls (linux/dm-ioctl.h). All that there are belong to
 * the guest that is being looked at. Needs /dev/mapper/control and the modules of the targets. */
#ifndef VLT_AGENT_DM_H
#define VLT_AGENT_DM_H

#include <stdint.h>
#include <sys/types.h>

/* With the NUL; the kernel's bound (DM_NAME_LEN). */
#define DM_NAME_MAX 128

/* Makes a device of one target and lets it begin: `sectors` of 512 bytes, and what the target
 * takes. 0 and *number, or -errno; then nothing is left of it. */
int dm_create(const char *name, const char *target, uint64_t sectors, const char *parameters,
              dev_t *number);

/* The device of that name. 0 and *number, or -errno. */
int dm_find(const char *name, dev_t *number);

/* Removes all devices, what is made of others first. 0; -EBUSY: some are in use, and are left. */
int dm_remove_all(void);

#endif
