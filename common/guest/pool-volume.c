/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool-volume.h"

#include "base/text-format.h"
#include "base/text.h"
#include "domain-encryption.h"
#include "domain-uri.h"
#include <limits.h>

int pool_volume_check_here(const char *path, const struct domain_sources *sources, error **err)
{
    if (!sources->elsewhere)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "its source, %s, is a file of the host %s, where libvirt is, and not of this "
                     "one",
                     path, sources->elsewhere);
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
}

/* --- the source that a disk of a domain would have --- */

/* A pool's <auth type="…"><secret uuid="…"/></auth>, as a disk has it: there the secret has the
 * type. */
static bool add_login(xmlNode *source, const xmlNode *auth)
{
    AUTO_XML char *type = xml_attribute(auth, "type");
    xmlNode *copy = xmlCopyNode((xmlNode *)(uintptr_t)auth, 1);
    xmlNode *secret = copy ? xml_child(copy, "secret") : NULL;

    if (copy && !xmlAddChild(source, copy)) {
        xmlFreeNode(copy);
        return false;
    }
    return copy &&
           (!secret || !type || xmlSetProp(secret, (const xmlChar *)"type", (const xmlChar *)type));
}

static bool add_copy(xmlNode *source, const xmlNode *node)
{
    xmlNode *copy = xmlCopyNode((xmlNode *)(uintptr_t)node, 1);

    if (copy && xmlAddChild(source, copy))
        return true;
    xmlFreeNode(copy);
    return false;
}

/* Everything of the pool's <source> that says how to get there. */
static bool copy_way(xmlNode *source, const xmlNode *pool_source)
{
    bool done = true;

    for (xmlNode *node = pool_source ? pool_source->children : NULL; node; node = node->next) {
        if (xml_is(node, "auth"))
            done &= add_login(source, node);
        else if (xml_is(node, "host") || xml_is(node, "initiator"))
            done &= add_copy(source, node);
    }
    return done;
}

static char *network_uri(const char *protocol, const char *name, const xmlNode *pool_source,
                         const struct domain_sources *sources, error **err)
{
    AUTO_XML_DOCUMENT xmlDocPtr document = xmlNewDoc(NULL);
    xmlNode *source =
        document ? xmlNewDocNode(document, NULL, (const xmlChar *)"source", NULL) : NULL;

    if (source)
        xmlDocSetRootElement(document, source);
    if (!source || !xmlSetProp(source, (const xmlChar *)"protocol", (const xmlChar *)protocol) ||
        !xmlSetProp(source, (const xmlChar *)"name", (const xmlChar *)name) ||
        !copy_way(source, pool_source)) {
        error_no_memory(err);
        return NULL;
    }
    return domain_uri(source, sources, err);
}

/* --- pools of the network --- */

static char *rbd_uri(const xmlNode *pool_source, const char *volume,
                     const struct domain_sources *sources, error **err)
{
    const xmlNode *named = xml_child(pool_source, "name");
    AUTO_XML char *pool = named ? (char *)xmlNodeGetContent(named) : NULL;
    AUTO_FREE char *name = pool && *pool ? text_format("%s/%s", pool, volume) : NULL;

    if (!pool || !*pool) {
        error_set(err, ERROR_UNREADABLE, "its pool does not say which of Ceph's it is");
        return NULL;
    }
    if (!name) {
        error_no_memory(err);
        return NULL;
    }
    return network_uri("rbd", name, pool_source, sources, err);
}

/* libvirt's volumes of iSCSI are called "unit:HOST:BUS:TARGET:LUN" or, as the storage driver has
 * it, without the first of these numbers. */
static char *iscsi_uri(const xmlNode *pool_source, const char *volume,
                       const struct domain_sources *sources, error **err)
{
    const char *colon = strrchr(volume, ':');
    AUTO_XML char *target = xml_attribute(xml_child(pool_source, "device"), "path");
    uint64_t lun = 0;

    if (strncmp(volume, "unit:", 5) != 0 || !colon ||
        text_parse_number(colon + 1, "", 0, 16383, &lun, NULL) < 0) {
        error_set(err, ERROR_UNSUPPORTED, "its name does not say which LUN it is");
        return NULL;
    }
    if (!target || !*target) {
        error_set(err, ERROR_UNREADABLE, "its pool does not say which target it is");
        return NULL;
    }
    AUTO_FREE char *name = text_format("%s/%u", target, (unsigned)lun);
    if (!name) {
        error_no_memory(err);
        return NULL;
    }
    return network_uri("iscsi", name, pool_source, sources, err);
}

static char *file_place(const char *type, const char *path, const struct domain_sources *sources,
                        error **err)
{
    if (!path || path[0] != '/' || strlen(path) >= PATH_MAX) {
        error_set(err, ERROR_UNSUPPORTED,
                  "it is not a file, and pools of the type \"%s\" are not "
                  "read over the network",
                  type ? type : "");
        return NULL;
    }
    if (pool_volume_check_here(path, sources, err) < 0)
        return NULL;
    char *copy = strdup(path);
    if (!copy)
        error_no_memory(err);
    return copy;
}

char *pool_volume_place(const char *pool_xml, const char *name, const char *path, bool direct,
                        const struct domain_sources *sources, error **err)
{
    AUTO_XML_DOCUMENT xmlDocPtr document = xml_tree_read(pool_xml, strlen(pool_xml), "pool", err);
    const xmlNode *pool = document ? xmlDocGetRootElement(document) : NULL;
    const xmlNode *source = xml_child(pool, "source");
    AUTO_XML char *type = xml_attribute(pool, "type");
    CLEANUP(wipe) char *place = NULL;

    if (!pool)
        return NULL;
    if (xml_equal(type, "rbd"))
        place = rbd_uri(source, name, sources, err);
    else if (xml_equal(type, "iscsi-direct") || (xml_equal(type, "iscsi") && direct))
        place = iscsi_uri(source, name, sources, err);
    else
        place = file_place(type, path, sources, err);
    if (place && strlen(place) > REMOTE_URI_MAX) {
        error_set(err, ERROR_REFUSED, "its URI has more than %d bytes", REMOTE_URI_MAX);
        return NULL;
    }
    return STEAL(place);
}

/* --- as a guest --- */

/* What the guest has encrypted, and not libvirt, names no secret. */
static const xmlNode *find_encryption(const xmlNode *target)
{
    const xmlNode *encryption = xml_child(target, "encryption");

    return xml_child(encryption, "secret") ? encryption : NULL;
}

int pool_volume_read(struct guest *guest, const char *pool_xml, const char *volume_xml,
                     const struct domain_sources *sources, error **err)
{
    AUTO_XML_DOCUMENT xmlDocPtr document =
        xml_tree_read(volume_xml, strlen(volume_xml), "volume", err);
    const xmlNode *volume = document ? xmlDocGetRootElement(document) : NULL;
    const xmlNode *target = xml_child(volume, "target");
    AUTO_XML char *type = xml_attribute(volume, "type");
    const xmlNode *path_node = xml_child(target, "path");
    AUTO_XML char *path = path_node ? (char *)xmlNodeGetContent(path_node) : NULL;
    AUTO_GUEST_ENCRYPTION struct guest_encryption *encryption = NULL;

    if (!volume)
        return -1;
    if (xml_equal(type, "dir"))
        return 0;
    CLEANUP(wipe)
    char *place = pool_volume_place(pool_xml, guest->name, path, false, sources, err);
    if (!place || domain_encryption(find_encryption(target), place, IMAGE_QCOW2, sources,
                                    &encryption, err) < 0)
        return -1;
    if (guest_add_image(guest, place, strlen(place), IMAGE_DETECT, 0, err) < 0)
        return -1;
    guest->images[guest->image_count - 1].encryption = STEAL(encryption);
    return 1;
}
