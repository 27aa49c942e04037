/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the kernel treats the requests to a disk. What it does for a disk that spins, or to be asked
 * how busy one was, is code that an emulated processor runs for nothing with each request. */
#ifndef VLT_AGENT_DISK_QUEUE_H
#define VLT_AGENT_DISK_QUEUE_H

#include "device-table.h"

/* Requests to that disk go straight to the driver, from now on. Of a device that stays in the
 * template this is done once, for all appliances. A kernel that does not have a setting does
 * without it. */
void disk_queue_simplify(const device_table *table, unsigned target);

#endif
