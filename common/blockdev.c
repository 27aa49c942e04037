/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockdev.h"

#include <string.h>

/* QEMU 7.2 reads its monitor a byte at a time, with eight system calls each: everything here is
 * short. */
static const char prefix[] = "s";

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
        return -1; /* "s07" is not what blockdev_name() writes */
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
static json_t *protocol_node(const struct image_layer *layer, int64_t fdset, bool io_uring)
{
    json_t *node =
        json_pack("{s:s, s:o, s:s}", "driver", layer->block_device ? "host_device" : "file",
                  "filename", json_sprintf("/dev/fdset/%lld", (long long)fdset), "locking", "off");
    if (node && io_uring && json_object_set_new(node, "aio", json_string("io_uring")) < 0) {
        json_decref(node);
        return NULL;
    }
    return node;
}

/* Would QEMU's driver open a file that the image names, unless told otherwise? Those with
 * BlockdevOptionsGenericCOWFormat and BlockdevOptionsQcow2. */
static bool has_backing(enum image_format format)
{
    return format == IMAGE_QCOW2 || format == IMAGE_QED || format == IMAGE_VMDK;
}

/* Takes backing over; NULL: none. A raw image needs no node for its format, but for QEMU: in the
 * place of a backing file it wants one (`bare` is false there). */
static json_t *format_node(const struct image_layer *layer, json_t *protocol, json_t *backing,
                           bool bare)
{
    if ((layer->format == IMAGE_RAW && bare) || !protocol) {
        json_decref(backing);
        return protocol;
    }
    json_t *node =
        json_pack("{s:s, s:o}", "driver", image_format_name(layer->format), "file", protocol);
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

json_t *blockdev_chain(const struct image_chain *chain, const int64_t *fdsets, unsigned slot,
                       bool io_uring)
{
    char name[BLOCKDEV_NAME_MAX];
    json_t *node = NULL;

    for (size_t i = chain->count; i-- > 0;) {
        const struct image_layer *layer = &chain->layers[i];
        node = format_node(layer, protocol_node(layer, fdsets[i], io_uring), node, i == 0);
        if (!node)
            return NULL;
    }
    /* Children are read-only because it is. */
    if (node &&
        (json_object_set_new(node, "node-name", json_string(blockdev_name(slot, name))) < 0 ||
         json_object_set_new(node, "read-only", json_true()) < 0)) {
        json_decref(node);
        return NULL;
    }
    return node;
}

json_t *blockdev_device(unsigned slot, const char *serial, unsigned block_size)
{
    char name[BLOCKDEV_NAME_MAX];

    blockdev_name(slot, name);
    json_t *device = json_pack("{s:s, s:s, s:i, s:s, s:s}", "driver", "scsi-hd", "id", name,
                               "scsi-id", (int)slot, "drive", name, "ver", serial);
    if (device && block_size != 0 && block_size != 512 &&
        (json_object_set_new(device, "logical_block_size", json_integer(block_size)) < 0 ||
         json_object_set_new(device, "physical_block_size", json_integer(block_size)) < 0)) {
        json_decref(device);
        return NULL;
    }
    return device;
}
