/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows dynamic disks (LDM). Their volumes are put together by a database at the disk's end,
 * which nothing here reads; the kernel shows their pieces as partitions. A volume of one piece is a
 * filesystem there, and is read. What else such a disk has is called by its name. */
#ifndef VLT_AGENT_DYNAMIC_H
#define VLT_AGENT_DYNAMIC_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the disk, with a table of the old kind (MBR), is one. */
bool dynamic_is_disk(int fd);
/* Whether the partition, of a GUID table, has the database of one. */
bool dynamic_is_database(int fd, uint64_t size);

#endif
