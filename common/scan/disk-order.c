/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-order.h"

#include "image/remote-uri.h"
#include <string.h>

/* The wire knows nothing of images, and images nothing of the wire. */
_Static_assert(MAX_LAYERS == IMAGE_CHAIN_MAX, "a chain has as many layers as an order may have");
_Static_assert(MAX_EXPORT == REMOTE_EXPORT_MAX, "an export's name fits into an order");

static layer encode_layer(const struct image_layer *from)
{
    return (layer){
        .format = from->format,
        .block_device = from->block_device,
        .encrypted = from->encrypted,
        .role = (int)from->role,
        .offset = from->offset,
        .size = from->size,
    };
}

static struct image_layer decode_layer(const layer *from, int fd)
{
    return (struct image_layer){
        .fd = fd,
        .format = (enum image_format)from->format,
        .block_device = from->block_device,
        .encrypted = from->encrypted,
        .role = (enum image_role)from->role,
        .offset = from->offset,
        .size = from->size,
    };
}

void disk_order_encode(const struct hypervisor_disk *disk, uint64_t guest,
                       struct disk_order_message *message)
{
    const struct image_chain *chain = disk->chain;
    for (size_t i = 0; i < chain->count; i++) {
        message->layers[i] = encode_layer(&chain->layers[i]);
        message->fds[i] = chain->layers[i].fd;
    }
    message->fd_count = chain->count;
    message->order = (struct order){.kind = ORDER_DISK};
    disk_order *to = &message->order.order_u.disk;
    *to = (disk_order){
        .guest = guest,
        .size = chain->size,
        .block_size = disk->block_size,
        .layers = {(u_int)chain->count, message->layers},
        .nbd = chain->nbd_export != NULL,
    };
    if (chain->nbd_export) {
        to->export_name.export_name_val = chain->nbd_export;
        to->export_name.export_name_len = (u_int)strlen(chain->nbd_export);
    }
    if (disk->key_count > 0) {
        to->passphrase.passphrase_val = disk->keys[0]->passphrase.passphrase_val;
        to->passphrase.passphrase_len = disk->keys[0]->passphrase.passphrase_len;
    }
}

/* The export's name as a C string. 0 or -1 and *err. */
static int decode_export(const disk_order *order, struct image_chain *chain, error **err)
{
    if (!order->nbd)
        return 0;
    size_t length = order->export_name.export_name_len;
    chain->nbd_export = strndup(length ? order->export_name.export_name_val : "", length);
    return chain->nbd_export ? 0 : error_no_memory(err);
}

static void decode_key(const disk_order *order, struct disk_order_disk *read)
{
    if (order->passphrase.passphrase_len == 0)
        return;
    read->own.passphrase.passphrase_val = order->passphrase.passphrase_val;
    read->own.passphrase.passphrase_len = order->passphrase.passphrase_len;
    read->keys[read->disk.key_count++] = &read->own;
}

int disk_order_decode(const disk_order *order, const int *fds, size_t fd_count,
                      struct disk_order_disk *read, error **err)
{
    *read = (struct disk_order_disk){0};
    if (fd_count != order->layers.layers_len || fd_count == 0 || fd_count > MAX_LAYERS)
        return error_set(err, ERROR_APPLIANCE, "an order without its descriptors");
    for (size_t i = 0; i < fd_count; i++)
        read->layers[i] = decode_layer(&order->layers.layers_val[i], fds[i]);
    read->chain =
        (struct image_chain){.count = fd_count, .layers = read->layers, .size = order->size};
    if (decode_export(order, &read->chain, err) < 0)
        return -1;
    read->disk = (struct hypervisor_disk){
        .chain = &read->chain, .block_size = order->block_size, .keys = read->keys};
    decode_key(order, read);
    return 0;
}

void disk_order_clear(struct disk_order_disk *read)
{
    free(read->chain.nbd_export);
    *read = (struct disk_order_disk){0};
}
