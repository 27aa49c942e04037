/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domaindisks.h"

#include "text.h"
#include <libxml/parser.h>
#include <libxml/uri.h>
#include <limits.h>
#include <string.h>

#define X(string) ((const xmlChar *)(string))

static void cleanup_xml(char **text)
{
    xmlFree(*text);
}
#define AUTO_XML CLEANUP(cleanup_xml)

static void cleanup_document(xmlDocPtr *document)
{
    xmlFreeDoc(*document);
}
#define AUTO_DOCUMENT CLEANUP(cleanup_document)

/* --- the tree --- */

static bool is_called(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns && xmlStrEqual(node->name, X(name));
}

/* The first element of that name from here on; NULL: there is none. */
static xmlNode *element(xmlNode *node, const char *name)
{
    while (node && !is_called(node, name))
        node = node->next;
    return node;
}

static xmlNode *child(const xmlNode *node, const char *name)
{
    return node ? element(node->children, name) : NULL;
}

/* New memory (xmlFree); NULL: the element is not there or has no such attribute. */
static char *attribute(const xmlNode *node, const char *name)
{
    return node ? (char *)xmlGetNoNsProp(node, X(name)) : NULL;
}

static bool is_value(const char *value, const char *word)
{
    return value && strcmp(value, word) == 0;
}

/* --- where an image is --- */

struct reading {
    struct guest *guest;
    const struct domain_volumes *volumes;
};

/* What stands at a <source>: a file or a block device. New memory in *path. */
static int take_path(const xmlNode *source, const char *name, char **path, error **err)
{
    AUTO_XML char *value = attribute(source, name);

    if (!value || !*value)
        return error_set(err, STATUS_UNREADABLE, "it has no source");
    if (value[0] != '/')
        return error_set(err, STATUS_UNSUPPORTED, "its source, \"%s\", is not an absolute path",
                         value);
    if (strlen(value) >= PATH_MAX)
        return error_set(err, STATUS_REFUSED, "its source's path has more than %d bytes", PATH_MAX);
    *path = strdup(value);
    return *path ? 0 : error_set(err, STATUS_CRASHED, "out of memory");
}

static int take_volume(const struct reading *self, const xmlNode *source, char **path, error **err)
{
    AUTO_XML char *pool = attribute(source, "pool");
    AUTO_XML char *volume = attribute(source, "volume");

    if (!pool || !volume)
        return error_set(err, STATUS_UNREADABLE, "it has no source");
    if (self->volumes->find(self->volumes->data, pool, volume, path, err) < 0)
        return error_prefix(err, "volume %s of the pool %s", volume, pool);
    if ((*path)[0] == '/' && strlen(*path) < PATH_MAX)
        return 0;
    error_set(err, STATUS_UNSUPPORTED, "volume %s of the pool %s is not a file but %s", volume,
              pool, *path);
    free(STEAL(*path));
    return -1;
}

/* A disk that is reached over a network. Its URI, for the message: new memory, or NULL. */
static char *network_uri(const xmlNode *source)
{
    AUTO_XML char *protocol = attribute(source, "protocol");
    AUTO_XML char *name = attribute(source, "name");
    const xmlNode *host = child(source, "host");
    AUTO_XML char *server = attribute(host, "name");
    AUTO_XML char *port = attribute(host, "port");
    AUTO_XML char *transport = attribute(host, "transport");
    AUTO_XML char *socket = attribute(host, "socket");
    bool local = is_value(transport, "unix");
    const char *slash = name && name[0] != '/' ? "/" : "";
    char *uri = NULL;

    if (asprintf(&uri, "%s%s://%s%s%s%s%s%s%s", protocol ? protocol : "network",
                 local ? "+unix" : "", server ? server : "", port ? ":" : "", port ? port : "",
                 slash, name ? name : "", socket ? "?socket=" : "", socket ? socket : "") < 0)
        return NULL;
    return uri;
}

static int refuse_network(const xmlNode *source, error **err)
{
    AUTO_FREE char *uri = network_uri(source);

    return error_set(err, STATUS_UNSUPPORTED, "it is a network disk, %s; only files are supported",
                     uri ? uri : "");
}

/* A part of a file that is given to the guest as a disk. */
static bool is_sliced(const xmlNode *source)
{
    const xmlNode *slices = child(source, "slices");

    for (xmlNode *slice = child(slices, "slice"); slice; slice = element(slice->next, "slice")) {
        AUTO_XML char *type = attribute(slice, "type");
        if (is_value(type, "storage"))
            return true;
    }
    return false;
}

/* Of a <disk> or a <backingStore>: new memory in *path. */
static int take_source(const struct reading *self, const xmlNode *holder, char **path, error **err)
{
    AUTO_XML char *type = attribute(holder, "type");
    const xmlNode *source = child(holder, "source");

    if (is_sliced(source))
        return error_set(err, STATUS_UNSUPPORTED, "it is a slice of its source");
    if (!type || is_value(type, "file"))
        return take_path(source, "file", path, err);
    if (is_value(type, "block"))
        return take_path(source, "dev", path, err);
    if (is_value(type, "volume"))
        return take_volume(self, source, path, err);
    if (is_value(type, "network"))
        return refuse_network(source, err);
    return error_set(err, STATUS_UNSUPPORTED, "it is of the type \"%s\"; only files are supported",
                     type);
}

/* --- what an image is --- */

static int take_format(const xmlNode *named, enum image_format *format, error **err)
{
    AUTO_XML char *type = attribute(named, "type");

    *format = type ? image_format_from_name(type) : IMAGE_RAW;
    if (*format == IMAGE_DETECT)
        return error_set(err, STATUS_UNSUPPORTED, "the format \"%s\" is not supported", type);
    return 0;
}

static int take_block_size(const xmlNode *disk, unsigned *size, error **err)
{
    AUTO_XML char *value = attribute(child(disk, "blockio"), "logical_block_size");
    uint64_t bytes = 0;

    if (value && (text_parse_number(value, "", 512, 4096, &bytes, NULL) < 0 ||
                  (bytes != 512 && bytes != 4096)))
        return error_set(err, STATUS_UNSUPPORTED, "its logical sectors have \"%s\" bytes", value);
    *size = (unsigned)bytes;
    return 0;
}

/* An element without a type ends the chain; one that is missing leaves it open. */
static int take_backing(const struct reading *self, const xmlNode *disk,
                        struct image_backing *backing, error **err)
{
    const xmlNode *store = child(disk, "backingStore");

    for (; store; store = child(store, "backingStore")) {
        AUTO_XML char *type = attribute(store, "type");
        AUTO_FREE char *path = NULL;
        enum image_format format;
        if (!type) {
            backing->complete = true;
            return 0;
        }
        if (take_source(self, store, &path, err) < 0 ||
            take_format(child(store, "format"), &format, err) < 0)
            return error_prefix(err, "what backs it");
        if (image_backing_add(backing, path, format, err) < 0)
            return -1;
    }
    return 0;
}

/* --- the disks --- */

static int add_disk(const struct reading *self, const xmlNode *disk, error **err)
{
    AUTO_FREE char *path = NULL;
    enum image_format format = IMAGE_RAW;
    unsigned block_size = 0;
    AUTO_IMAGE_BACKING struct image_backing *backing = calloc(1, sizeof *backing);

    if (!backing)
        return error_set(err, STATUS_CRASHED, "out of memory");
    if (take_source(self, disk, &path, err) < 0 ||
        take_format(child(disk, "driver"), &format, err) < 0 ||
        take_block_size(disk, &block_size, err) < 0 || take_backing(self, disk, backing, err) < 0)
        return -1;
    if (guest_add_image(self->guest, path, strlen(path), format, block_size, err) < 0)
        return -1;
    if (backing->count > 0 || backing->complete)
        self->guest->images[self->guest->image_count - 1].backing = STEAL(backing);
    return 0;
}

static bool is_removable(const xmlNode *disk)
{
    AUTO_XML char *device = attribute(disk, "device");

    return is_value(device, "cdrom") || is_value(device, "floppy");
}

static int take_disks(const struct reading *self, const xmlNode *devices, error **err)
{
    for (xmlNode *disk = child(devices, "disk"); disk; disk = element(disk->next, "disk")) {
        AUTO_XML char *target = attribute(child(disk, "target"), "dev");
        if (is_removable(disk))
            continue;
        if (self->guest->image_count == SLOT_COUNT)
            return error_set(err, STATUS_REFUSED, "it has more than %d disks", SLOT_COUNT);
        if (add_disk(self, disk, err) < 0)
            return error_prefix(err, "disk %s", target ? target : "?");
    }
    if (self->guest->image_count == 0)
        return error_set(err, STATUS_EMPTY, "it has no disks");
    return 0;
}

/* Entities are not replaced (XML_PARSE_NOENT is not given), and libvirt writes no DTD. */
static xmlDocPtr parse(const char *xml, size_t length, error **err)
{
    xmlDocPtr document = NULL;

    if (length <= DOMAIN_XML_MAX)
        document = xmlReadMemory(xml, (int)length, "domain.xml", NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                     XML_PARSE_NOCDATA);
    if (!document || document->intSubset || document->extSubset) {
        xmlFreeDoc(document);
        error_set(err, STATUS_REFUSED, "its domain XML cannot be read: %s",
                  length > DOMAIN_XML_MAX ? "it is too long"
                  : document              ? "it has a DTD"
                                          : "it is not well-formed");
        return NULL;
    }
    return document;
}

int domain_disks(struct guest *guest, const char *xml, size_t length,
                 const struct domain_volumes *volumes, error **err)
{
    const struct reading self = {guest, volumes};
    AUTO_DOCUMENT xmlDocPtr document = parse(xml, length, err);
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;

    if (!document)
        return -1;
    if (!root || !is_called(root, "domain"))
        return error_set(err, STATUS_REFUSED, "its domain XML cannot be read: it is no domain");
    return take_disks(&self, child(root, "devices"), err);
}
