/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The logical volumes of a guest's physical volumes, found in a table of contents. Where its groups
 * have linear volumes only, the agent maps them (linear-volumes.h); LVM activates all others
 * (lvm.h), and says what stands in their way. */
#ifndef VLT_AGENT_LOGICAL_VOLUMES_H
#define VLT_AGENT_LOGICAL_VOLUMES_H

#include "volume-stack.h"

/* Where there is a physical volume that has not been looked at, adds the volumes of all. One that
 * could not be activated is in the table with the reason. */
void logical_volumes_activate(volume_stack *self, volume_table *all);

#endif
