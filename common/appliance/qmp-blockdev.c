/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp-blockdev.h"
#include "wire/protocol.h"

#include <inttypes.h>
#include <string.h>

/* QEMU 7.2 reads its monitor a byte at a time, with eight system calls each: everything here is
 * short. */
static const char prefix[] = "s";

#define RESERVED_SIZE (1 << 20)

char *qmp_blockdev_name(unsigned slot, char buffer[QMP_BLOCKDEV_NAME_MAX])
{
    snprintf(buffer, QMP_BLOCKDEV_NAME_MAX, "%s%u", prefix, slot);
    return buffer;
}

int qmp_blockdev_slot(const char *name)
{
    size_t length = sizeof prefix - 1;
    unsigned slot = 0;

    if (strncmp(name, prefix, length) != 0)
        return -1;
    const char *digits = name + length;
    if (*digits == '\0' || (digits[0] == '0' && digits[1] != '\0'))
        return -1; /* "s07" is not what qmp_blockdev_name() writes */
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return -1;
        slot = slot * 10 + (unsigned)(*digits - '0');
        if (slot >= SLOT_COUNT)
            return -1;
    }
    return (int)slot;
}

json_t *qmp_blockdev_tag(unsigned slot, const char *record)
{
    return json_pack("{s:o}", "opaque",
                     record ? json_sprintf("%s%u %s", prefix, slot, record)
                            : json_sprintf("%s%u", prefix, slot));
}

int qmp_blockdev_read_tag(const char *tag, const char **record)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    size_t length = strcspn(tag, " ");
    *record = tag[length] ? tag + length + 1 : NULL;
    if (length >= sizeof name)
        return -1;
    memcpy(name, tag, length);
    name[length] = 0;
    return qmp_blockdev_slot(name);
}

/* The descriptor below a format: BlockdevOptionsFile. Who may write locks what QEMU's locks are for
 * (the image, and against writers what it is made of). An image that is not written is not locked,
 * with something in front of it either. */
static json_t *protocol_node(const struct image_layer *layer, int64_t fdset, bool io_uring,
                             bool lock)
{
    json_t *node = json_pack(
        "{s:s, s:o, s:s}", "driver", layer->block_device ? "host_device" : "file", "filename",
        json_sprintf("/dev/fdset/%lld", (long long)fdset), "locking", lock ? "auto" : "off");
    if (node && io_uring && json_object_set_new(node, "aio", json_string("io_uring")) < 0) {
        json_decref(node);
        return NULL;
    }
    return node;
}

/* Where the image is a part of the file: BlockdevOptionsRaw over it. Takes the node over. */
static json_t *part_node(const struct image_layer *layer, json_t *protocol)
{
    if (layer->role == IMAGE_ROLE_EXTENT || layer->size == 0 || !protocol)
        return protocol;
    return json_pack("{s:s, s:I, s:I, s:o}", "driver", "raw", "offset", (json_int_t)layer->offset,
                     "size", (json_int_t)layer->size, "file", protocol);
}

static bool is_joined(const struct image_chain *chain, size_t index)
{
    return chain->layers[index].format != IMAGE_VMDK && qmp_blockdev_has_extents(chain, index);
}

/* Where the file is put together from two parts, below another format: a vmdk's driver does that.
 * It opens the parts by itself, with QEMU's locks, which a running guest's image has, too, unless
 * it is told not to; for that the monitor's objects have no word (BlockdevOptionsGenericCOWFormat).
 * Takes the node over. */
static json_t *joined_node(json_t *protocol)
{
    if (!protocol)
        return NULL;
    return json_pack("{s:s, s:n, s:o, s:{s:{s:s}, s:{s:s}}}", "driver",
                     image_format_name(IMAGE_VMDK), "backing", "file", protocol, "extents", "0",
                     "locking", "off", "1", "locking", "off");
}

/* BlockdevOptionsNbd. */
static json_t *nbd_node(const char *export_name, unsigned slot)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    return json_pack("{s:s, s:{s:s, s:s}, s:s}", "driver", "nbd", "server", "type", "fd", "str",
                     qmp_blockdev_name(slot, name), "export", export_name);
}

/* Would QEMU's driver open a file that the image names, unless told otherwise? Those with
 * BlockdevOptionsGenericCOWFormat and BlockdevOptionsQcow2. */
static bool has_backing(enum image_format format)
{
    return format == IMAGE_QCOW2 || format == IMAGE_QED || format == IMAGE_VMDK ||
           format == IMAGE_QCOW;
}

/* Takes the node over; NULL where that, or memory, is missing. */
static json_t *set_member(json_t *node, const char *key, json_t *value)
{
    if (!node)
        json_decref(value);
    else if (json_object_set_new(node, key, value) < 0) {
        json_decref(node);
        node = NULL;
    }
    return node;
}

/* BlockdevOptionsLUKS, or a qcow2's BlockdevQcow2Encryption. */
static json_t *set_secret(json_t *node, const struct image_layer *layer, const char *secret)
{
    if (layer->format == IMAGE_RAW)
        return set_member(node, "key-secret", json_string(secret));
    return set_member(node, "encrypt",
                      json_pack("{s:s, s:s}", "format", "luks", "key-secret", secret));
}

/* A level of a chain: the node of its format on that of its file, and what goes with it. Takes the
 * nodes over; backing and data are NULL where there are none. A raw image needs no node for its
 * format, but for QEMU: in the place of a backing file it wants one (`bare` is false there). */
static json_t *format_node(const struct image_layer *layer, json_t *protocol, json_t *backing,
                           json_t *data, bool bare, const char *secret)
{
    json_t *node = protocol;
    bool luks = layer->format == IMAGE_RAW && layer->encrypted;
    if (layer->format != IMAGE_RAW || luks || !bare)
        node = protocol
                   ? json_pack("{s:s, s:o}", "driver",
                               luks ? "luks" : image_format_name(layer->format), "file", protocol)
                   : NULL;
    if (layer->encrypted)
        node = set_secret(node, layer, secret);
    if (has_backing(layer->format))
        node = set_member(node, "backing", backing ? backing : json_null());
    else
        json_decref(backing);
    return data ? set_member(node, "data-file", data) : node;
}

json_t *qmp_blockdev_chain(const struct image_chain *chain, const int64_t *fdsets, unsigned slot,
                           bool io_uring, bool writable, const char *secret)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    json_t *node = NULL, *data = NULL;
    bool lock = writable && !chain->overlay;

    for (size_t i = chain->count; i-- > 0;) {
        const struct image_layer *layer = &chain->layers[i];
        if (layer->role == IMAGE_ROLE_EXTENT)
            continue; /* the descriptor names its fd set */
        json_t *protocol = chain->nbd_export
                               ? nbd_node(chain->nbd_export, slot)
                               : part_node(layer, protocol_node(layer, fdsets[i], io_uring, lock));
        if (layer->role == IMAGE_ROLE_DATA) {
            data = protocol;
            if (data)
                continue;
            json_decref(node); /* of what is below: it is no disk without what it backs */
            return NULL;
        }
        if (is_joined(chain, i))
            protocol = joined_node(protocol);
        node = format_node(layer, protocol, node, STEAL(data), i == 0, secret);
        /* What is below a node that is read-only is so by itself. */
        if (writable || i == 0)
            node = set_member(node, "read-only", json_boolean(!writable || i > 0));
        if (!node)
            return NULL;
    }
    /* What is lost in any case need not be on the host's disk. */
    if (chain->overlay)
        node = set_member(node, "cache", json_pack("{s:b}", "no-flush", 1));
    return set_member(node, "node-name", json_string(qmp_blockdev_name(slot, name)));
}

bool qmp_blockdev_lacks_io_uring(const char *complaint)
{
    return strstr(complaint, "Unable to use io_uring") ||
           strstr(complaint, "aio=io_uring was specified, but is not available");
}

/* The guest's kernel reads the first sectors: zeros, and not what is in QEMU's memory. */
json_t *qmp_blockdev_reserved(unsigned slot)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    return json_pack("{s:s, s:s, s:b, s:i, s:b}", "driver", "null-co", "node-name",
                     qmp_blockdev_name(slot, name), "read-only", 1, "size", RESERVED_SIZE,
                     "read-zeroes", 1);
}

char *qmp_blockdev_successor_name(unsigned slot, unsigned number,
                                  char buffer[QMP_BLOCKDEV_SUCCESSOR_MAX])
{
    snprintf(buffer, QMP_BLOCKDEV_SUCCESSOR_MAX, "n%u.%u", slot, number);
    return buffer;
}

json_t *qmp_blockdev_successor(json_t *chain, unsigned slot, unsigned number)
{
    char name[QMP_BLOCKDEV_SUCCESSOR_MAX];
    return set_member(chain, "node-name",
                      json_string(qmp_blockdev_successor_name(slot, number, name)));
}

/* QEMU takes another node for a device that is there since 6.2 (set_drive_helper(),
 * hw/core/qdev-properties-system.c); what the device has under way is finished first. */
json_t *qmp_blockdev_replace(unsigned slot, unsigned number)
{
    char name[QMP_BLOCKDEV_NAME_MAX], successor[QMP_BLOCKDEV_SUCCESSOR_MAX];
    return json_pack("{s:o, s:s, s:s}", "path",
                     json_sprintf("/machine/peripheral/%s", qmp_blockdev_name(slot, name)),
                     "property", "drive", "value",
                     qmp_blockdev_successor_name(slot, number, successor));
}

/* A socket has its name in a monitor, and human-monitor-command is another one. */
bool qmp_blockdev_wants_option(const struct image_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->layers[i].format == IMAGE_VPC || is_joined(chain, i))
            return !chain->nbd_export;
    return false;
}

/* A value of an option; a comma in it is doubled. */
static void write_value(const json_t *value, FILE *to)
{
    if (json_is_boolean(value))
        fputs(json_is_true(value) ? "on" : "off", to);
    if (json_is_integer(value))
        fprintf(to, "%lld", (long long)json_integer_value(value));
    for (const char *p = json_is_string(value) ? json_string_value(value) : ""; *p; p++) {
        fputc(*p, to);
        if (*p == ',')
            fputc(',', to);
    }
}

/* "file.driver=…": nested objects have a prefix. */
static void write_options(json_t *node, const char *before, FILE *to)
{
    const char *key;
    json_t *value;
    json_object_foreach(node, key, value)
    {
        char name[256];
        snprintf(name, sizeof name, "%s%s", before, key);
        if (json_is_object(value)) {
            snprintf(name, sizeof name, "%s%s.", before, key);
            write_options(value, name, to);
            continue;
        }
        fprintf(to, "%s=", name);
        write_value(value, to);
        fputc(',', to);
    }
    if (json_string_value(json_object_get(node, "driver")) &&
        strcmp(json_string_value(json_object_get(node, "driver")), image_format_name(IMAGE_VPC)) ==
            0)
        fprintf(to, "%sforce_size_calc=current_size,", before);
}

json_t *qmp_blockdev_as_options(json_t *node)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = node ? open_memstream(&text, &size) : NULL;
    if (to) {
        fputs("drive_add -n 0 ", to); /* the 0 has no meaning with -n */
        write_options(node, "", to);
    }
    bool whole = to && fclose(to) == 0 && size > 0;
    if (whole)
        text[size - 1] = '\0'; /* the last comma */
    json_t *command = whole ? json_pack("{s:s}", "command-line", text) : NULL;
    free(text);
    json_decref(node);
    return command;
}

bool qmp_blockdev_has_extents(const struct image_chain *chain, size_t index)
{
    return index + 1 < chain->count && chain->layers[index].role != IMAGE_ROLE_EXTENT &&
           chain->layers[index + 1].role == IMAGE_ROLE_EXTENT;
}

/* QEMU's driver (block/vmdk.c, vmdk_parse_extents()) opens extents by name, and cannot be told
 * otherwise: so the names are those of fd sets. It takes them for RW or not at all, reads the kind
 * of a sparse one from its header, and the line behind an empty one twice. */
char *qmp_blockdev_descriptor(const struct image_chain *chain, size_t index, const int64_t *fdsets)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fputs("# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
          "createType=\"twoGbMaxExtentFlat\"\n",
          to);
    for (size_t i = index + 1; i < chain->count && chain->layers[i].role == IMAGE_ROLE_EXTENT;
         i++) {
        const struct image_layer *layer = &chain->layers[i];
        uint64_t sectors = layer->size / 512;
        if (layer->format == IMAGE_RAW)
            fprintf(to, "RW %" PRIu64 " FLAT \"/dev/fdset/%" PRId64 "\" %" PRIu64 "\n", sectors,
                    fdsets[i], layer->offset / 512);
        else
            fprintf(to, "RW %" PRIu64 " SPARSE \"/dev/fdset/%" PRId64 "\"\n", sectors, fdsets[i]);
    }
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

json_t *qmp_blockdev_secret(const char *id, int64_t fd)
{
    return json_pack("{s:s, s:s, s:o}", "qom-type", "secret", "id", id, "file",
                     json_sprintf("/proc/self/fd/%lld", (long long)fd));
}

json_t *qmp_blockdev_device(unsigned slot, const char *serial, unsigned block_size, bool writable)
{
    char name[QMP_BLOCKDEV_NAME_MAX];

    qmp_blockdev_name(slot, name);
    json_t *device = json_pack("{s:s, s:s, s:i, s:s, s:s}", "driver", "scsi-hd", "id", name,
                               "scsi-id", (int)slot, "drive", name, "ver", serial);
    if (block_size != 0 && block_size != 512) {
        device = set_member(device, "logical_block_size", json_integer(block_size));
        device = set_member(device, "physical_block_size", json_integer(block_size));
    }
    /* QEMU's own choice on a host whose disk is full is to stop the whole appliance. */
    return writable ? set_member(device, "werror", json_string("report")) : device;
}
