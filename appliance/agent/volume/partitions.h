/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What partition tables say, against what the kernel made of them: each entry of a table becomes a
 * volume, or a volume that says why it cannot be read. What the kernel passed over (a table's
 * second copy, one for other sectors, more than 256 partitions, a table inside a volume) is read
 * through a device of the mapper's. */
#ifndef VLT_AGENT_PARTITIONS_H
#define VLT_AGENT_PARTITIONS_H

#include "volume-table.h"

/* Looks at a disk, which is the table's last entry and has not been looked at, and at all that is
 * on it. 1: devices of the mapper's were made for that; 0; or -errno: something still uses the last
 * disk behind its device (replaced-disk.h). */
int partitions_find(volume_table *all, device_table *disks);

/* The same for a table inside of a volume. Its partitions have the volume's name and a number
 * behind it, as kpartx(8) names them; the volume itself is hidden then. Whether there were any in
 * those that have not been looked into. */
bool partitions_find_nested(volume_table *all);

#endif
