/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockdev.h"

#include <string.h>

static const char prefix[] = "slot";

char *blockdev_name(unsigned slot, char buffer[BLOCKDEV_NAME_MAX])
{
    snprintf(buffer, BLOCKDEV_NAME_MAX, "%s%u", prefix, slot);
    return buffer;
}

int blockdev_slot(const char *name)
{
    size_t length = sizeof prefix - 1;
    unsigned slot = 0;

    if (strncmp(name, prefix, length) != 0)
        return -1;
    const char *digits = name + length;
    if (*digits == '\0' || (digits[0] == '0' && digits[1] != '\0'))
        return -1; /* "slot07" is not what blockdev_name() writes */
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return -1;
        slot = slot * 10 + (unsigned)(*digits - '0');
        if (slot >= SLOT_COUNT)
            return -1;
    }
    return (int)slot;
}

/* The descriptor below a format: BlockdevOptionsFile. */
static json_t *protocol_node(const struct image_layer *layer, int64_t fdset)
{
    return json_pack("{s:s, s:s, s:o, s:s, s:b}", "aio", getenv("VLT_AIO") ? getenv("VLT_AIO") : "threads", "driver",
                     layer->block_device ? "host_device" : "file", "filename",
                     json_sprintf("/dev/fdset/%lld", (long long)fdset), "locking", "off",
                     "read-only", 1);
}

/* Would QEMU's driver open a file that the image names, unless told otherwise? Those with
 * BlockdevOptionsGenericCOWFormat and BlockdevOptionsQcow2. */
static bool has_backing(enum image_format format)
{
    return format == IMAGE_QCOW2 || format == IMAGE_QED || format == IMAGE_VMDK;
}

/* Takes backing over; NULL: none. */
static json_t *format_node(const struct image_layer *layer, int64_t fdset, json_t *backing)
{
    if (layer->format == IMAGE_RAW && !backing && getenv("VLT_NORAW")) return protocol_node(layer, fdset);
    json_t *node = json_pack("{s:s, s:b, s:o}", "driver", image_format_name(layer->format),
                             "read-only", 1, "file", protocol_node(layer, fdset));

    if (!node || !has_backing(layer->format)) {
        json_decref(backing);
        return node;
    }
    if (json_object_set_new(node, "backing", backing ? backing : json_null()) < 0) {
        json_decref(node);
        return NULL;
    }
    return node;
}

json_t *blockdev_chain(const struct image_chain *chain, const int64_t *fdsets, unsigned slot)
{
    char name[BLOCKDEV_NAME_MAX];
    json_t *node = NULL;

    for (size_t i = chain->count; i-- > 0;) {
        node = format_node(&chain->layers[i], fdsets[i], node);
        if (!node)
            return NULL;
    }
    if (node &&
        json_object_set_new(node, "node-name", json_string(blockdev_name(slot, name))) < 0) {
        json_decref(node);
        return NULL;
    }
    return node;
}

json_t *blockdev_device(unsigned slot, const char *bus, const char *serial, unsigned block_size)
{
    char name[BLOCKDEV_NAME_MAX];
    int size = block_size ? (int)block_size : 512;

    blockdev_name(slot, name);
    /* share-rw: others may write to an image in use; this disk itself is read-only by its node. */
    (void)bus;(void)size;
    return json_pack("{s:s, s:s, s:i, s:s, s:s}", "driver", "scsi-hd",
                     "id", name, "scsi-id", (int)slot, "drive", name, "serial", serial);
}
