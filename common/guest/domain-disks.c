/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain-disks.h"

#include "base/text.h"
#include "domain-encryption.h"
#include "domain-uri.h"
#include "pool-volume.h"
#include "wire/worker.h"
#include <limits.h>
#include <string.h>

/* --- where an image is --- */

struct reading {
    struct guest *guest;
    const struct domain_sources *sources;
};

/* What stands at a <source>: a file or a block device. New memory in *path. */
static int take_path(const struct reading *self, const xmlNode *source, const char *name,
                     char **path, error **err)
{
    AUTO_XML char *value = xml_attribute(source, name);

    if (!value || !*value)
        return error_set(err, ERROR_UNREADABLE, "it has no source");
    if (value[0] != '/')
        return error_set(err, ERROR_UNSUPPORTED, "its source, \"%s\", is not an absolute path",
                         value);
    if (strlen(value) >= PATH_MAX)
        return error_set(err, ERROR_REFUSED, "its source's path has more than %d bytes", PATH_MAX);
    if (pool_volume_check_here(value, self->sources, err) < 0)
        return -1;
    *path = strdup(value);
    return *path ? 0 : error_no_memory(err);
}

static int take_volume(const struct reading *self, const xmlNode *source, char **place, error **err)
{
    AUTO_XML char *pool = xml_attribute(source, "pool");
    AUTO_XML char *volume = xml_attribute(source, "volume");
    AUTO_XML char *mode = xml_attribute(source, "mode");
    AUTO_FREE char *path = NULL, *pool_xml = NULL;

    if (!pool || !volume)
        return error_set(err, ERROR_UNREADABLE, "it has no source");
    if (self->sources->find_volume(self->sources->data, pool, volume, &path, &pool_xml, err) == 0)
        *place = pool_volume_place(pool_xml, volume, path, xml_equal(mode, "direct"), self->sources,
                                   err);
    return *place ? 0 : error_prefix(err, "volume %s of the pool %s", volume, pool);
}

/* A URI may have a secret in it. */
static void cleanup_place(char **place)
{
    if (*place)
        explicit_bzero(*place, strlen(*place));
    free(*place);
}

static int take_uri(const struct reading *self, const xmlNode *source, char **uri, error **err)
{
    *uri = domain_uri(source, self->sources, err);
    if (!*uri)
        return -1;
    if (strlen(*uri) <= REMOTE_URI_MAX)
        return 0;
    cleanup_place(uri);
    *uri = NULL;
    return error_set(err, ERROR_REFUSED, "its source's URI has more than %d bytes", REMOTE_URI_MAX);
}

/* A part of a file that is given to the guest as a disk. */
static bool is_sliced(const xmlNode *source)
{
    const xmlNode *slices = xml_child(source, "slices");

    for (xmlNode *slice = xml_child(slices, "slice"); slice;
         slice = xml_element(slice->next, "slice")) {
        AUTO_XML char *type = xml_attribute(slice, "type");
        if (xml_equal(type, "storage"))
            return true;
    }
    return false;
}

/* Of a <disk> or a <backingStore>: a path or a URI, new memory in *place. */
static int take_source(const struct reading *self, const xmlNode *holder, char **place, error **err)
{
    AUTO_XML char *type = xml_attribute(holder, "type");
    const xmlNode *source = xml_child(holder, "source");

    if (is_sliced(source))
        return error_set(err, ERROR_UNSUPPORTED, "it is a slice of its source");
    if (!type || xml_equal(type, "file"))
        return take_path(self, source, "file", place, err);
    if (xml_equal(type, "block"))
        return take_path(self, source, "dev", place, err);
    if (xml_equal(type, "volume"))
        return take_volume(self, source, place, err);
    if (xml_equal(type, "network"))
        return take_uri(self, source, place, err);
    return error_set(err, ERROR_UNSUPPORTED,
                     "it is of the type \"%s\"; only files and network disks are supported", type);
}

/* --- what an image is --- */

static int take_format(const xmlNode *named, enum image_format *format, error **err)
{
    AUTO_XML char *type = xml_attribute(named, "type");

    *format = type ? image_format_from_name(type) : IMAGE_RAW;
    if (*format == IMAGE_DETECT)
        return error_set(err, ERROR_UNSUPPORTED, "the format \"%s\" is not supported", type);
    return 0;
}

static int take_block_size(const xmlNode *disk, unsigned *size, error **err)
{
    AUTO_XML char *value = xml_attribute(xml_child(disk, "blockio"), "logical_block_size");
    uint64_t bytes = 0;

    if (value && (text_parse_number(value, "", 512, 4096, &bytes, NULL) < 0 ||
                  (bytes != 512 && bytes != 4096)))
        return error_set(err, ERROR_UNSUPPORTED, "its logical sectors have \"%s\" bytes", value);
    *size = (unsigned)bytes;
    return 0;
}

/* A chain is files: each is opened here, and given to QEMU. */
static int check_file(const char *place, error **err)
{
    return place[0] == '/' ? 0
                           : error_set(err, ERROR_UNSUPPORTED,
                                       "it is a network disk; only files can back a disk");
}

/* An element without a type ends the chain; one that is missing leaves it open. */
static int take_backing(const struct reading *self, const xmlNode *disk,
                        struct image_backing *backing, error **err)
{
    const xmlNode *store = xml_child(disk, "backingStore");

    for (; store; store = xml_child(store, "backingStore")) {
        AUTO_XML char *type = xml_attribute(store, "type");
        CLEANUP(cleanup_place) char *path = NULL;
        enum image_format format;
        if (!type) {
            backing->complete = true;
            return 0;
        }
        if (take_source(self, store, &path, err) < 0 || check_file(path, err) < 0 ||
            take_format(xml_child(store, "format"), &format, err) < 0)
            return error_prefix(err, "what backs it");
        if (image_backing_add(backing, path, format, err) < 0)
            return -1;
    }
    return 0;
}

/* It stands below <source>, or below <disk>, where it stood first. */
static const xmlNode *find_encryption(const xmlNode *disk)
{
    const xmlNode *found = xml_child(xml_child(disk, "source"), "encryption");

    return found ? found : xml_child(disk, "encryption");
}

/* --- the disks --- */

/* One that the guest only reads does not change under our eyes. */
static int take_target(const xmlNode *disk, struct guest_image *image, error **err)
{
    AUTO_XML char *target = xml_attribute(xml_child(disk, "target"), "dev");

    if (!target || !*target || strlen(target) > MAX_TARGET || xml_child(disk, "readonly"))
        return 0;
    image->target = strdup(target);
    return image->target ? 0 : error_no_memory(err);
}

/* libvirt starts the guest without it where it is missing ("requisite": where the guest comes from
 * another host, or was saved). */
static bool is_optional(const xmlNode *disk)
{
    AUTO_XML char *policy = xml_attribute(xml_child(disk, "source"), "startupPolicy");

    return xml_equal(policy, "optional") || xml_equal(policy, "requisite");
}

static int add_disk(const struct reading *self, const xmlNode *disk, error **err)
{
    CLEANUP(cleanup_place) char *place = NULL;
    enum image_format format = IMAGE_RAW;
    unsigned block_size = 0;
    AUTO_IMAGE_BACKING struct image_backing *backing = calloc(1, sizeof *backing);
    AUTO_GUEST_ENCRYPTION struct guest_encryption *encryption = NULL;

    if (!backing)
        return error_no_memory(err);
    if (take_source(self, disk, &place, err) < 0 ||
        take_format(xml_child(disk, "driver"), &format, err) < 0 ||
        take_block_size(disk, &block_size, err) < 0 || take_backing(self, disk, backing, err) < 0 ||
        domain_encryption(find_encryption(disk), place, format, self->sources, &encryption, err) <
            0)
        return -1;
    if (place[0] != '/' && backing->count > 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is a network disk, and another image backs it");
    if (guest_add_image(self->guest, place, strlen(place), format, block_size, err) < 0)
        return -1;
    struct guest_image *image = &self->guest->images[self->guest->image_count - 1];
    image->encryption = STEAL(encryption);
    image->optional = is_optional(disk);
    if (backing->count > 0 || backing->complete)
        image->backing = STEAL(backing);
    return take_target(disk, image, err);
}

static bool is_removable(const xmlNode *disk)
{
    AUTO_XML char *device = xml_attribute(disk, "device");

    return xml_equal(device, "cdrom") || xml_equal(device, "floppy");
}

static int take_disks(const struct reading *self, const xmlNode *devices, error **err)
{
    for (xmlNode *disk = xml_child(devices, "disk"); disk; disk = xml_element(disk->next, "disk")) {
        AUTO_XML char *target = xml_attribute(xml_child(disk, "target"), "dev");
        if (is_removable(disk))
            continue;
        if (self->guest->image_count == SLOT_COUNT)
            return error_set(err, ERROR_REFUSED, "it has more than %d disks", SLOT_COUNT);
        if (add_disk(self, disk, err) < 0)
            return error_prefix(err, "disk %s", target ? target : "?");
    }
    if (self->guest->image_count == 0)
        return error_set(err, ERROR_EMPTY, "it has no disks");
    return 0;
}

int domain_disks(struct guest *guest, const char *xml, size_t length,
                 const struct domain_sources *sources, error **err)
{
    const struct reading self = {guest, sources};
    AUTO_XML_DOCUMENT xmlDocPtr document = xml_tree_read(xml, length, "domain", err);

    if (!document)
        return -1;
    return take_disks(&self, xml_child(xmlDocGetRootElement(document), "devices"), err);
}
