/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk on its way from the supervisor, which opens images, to a worker, which attaches them. Both
 * describe it by a struct hypervisor_disk; on the wire between them it is a disk_order (worker.x)
 * with a descriptor for each layer beside it. Only the functions here make and read such an order.
 * Pure. */
#ifndef VLT_DISK_ORDER_H
#define VLT_DISK_ORDER_H

#include "appliance/hypervisor.h"
#include "wire/worker.h"

/* An order and its descriptors, ready for worker_order(). */
struct disk_order_message {
    struct order order;
    size_t fd_count;
    int fds[MAX_LAYERS];
    layer layers[MAX_LAYERS]; /* the order points to them */
};

/* Fills *message, which afterwards points into the disk's chain and its key, and has the chain's
 * descriptors: neither may be freed before it is sent. Of the disk: the chain, block_size, and
 * the one key that came with it, if it has one (key_count is 0 or 1). */
void disk_order_encode(const struct hypervisor_disk *disk, uint64_t guest,
                       struct disk_order_message *message);

/* The disk as a worker has it. */
struct disk_order_disk {
    struct hypervisor_disk disk; /* slot, serial and record are not set */
    /* What `disk` points to. There is room in keys for those of the run: who adds one
     * increments disk.key_count. */
    struct image_chain chain;
    struct image_layer layers[MAX_LAYERS];
    key own;
    const key *keys[1 + MAX_KEYS];
};

/* Fills *read, which afterwards points into itself (it must not be copied) and to the order's
 * passphrase, and has the descriptors: they stay the caller's. 0, and disk_order_clear() is the
 * caller's; or -1 and *err (ERROR_APPLIANCE: the supervisor does not send such an order). */
int disk_order_decode(const disk_order *order, const int *fds, size_t fd_count,
                      struct disk_order_disk *read, error **err);
void disk_order_clear(struct disk_order_disk *read);
#define AUTO_DISK_ORDER_DISK CLEANUP(disk_order_clear)

#endif
