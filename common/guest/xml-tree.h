/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking through XML that libvirt wrote: elements without a namespace, by name. Private to
 * domain-*.c and pool-volume.c. */
#ifndef VLT_XML_TREE_H
#define VLT_XML_TREE_H

#include "base/error.h"
#include <libxml/tree.h>
#include <stdbool.h>
#include <string.h>

#define XML_TREE_MAX ((size_t)4 << 20) /* bytes; a domain of 255 disks takes some 200 KiB */

/* Parses it as untrusted input: no network, no DTD, bounded. NULL and *err (ERROR_REFUSED) where
 * that fails, or where the root element has another name. */
xmlDocPtr xml_tree_read(const char *xml, size_t length, const char *root, error **err);

static inline void cleanup_xml(char **text)
{
    xmlFree(*text);
}
#define AUTO_XML CLEANUP(cleanup_xml)

static inline void cleanup_xml_document(xmlDocPtr *document)
{
    xmlFreeDoc(*document);
}
#define AUTO_XML_DOCUMENT CLEANUP(cleanup_xml_document)

static inline bool xml_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns &&
           xmlStrEqual(node->name, (const xmlChar *)name);
}

/* The first element of that name from here on; NULL: there is none. */
static inline xmlNode *xml_element(xmlNode *node, const char *name)
{
    while (node && !xml_is(node, name))
        node = node->next;
    return node;
}

/* node may be NULL, here and below. */
static inline xmlNode *xml_child(const xmlNode *node, const char *name)
{
    return node ? xml_element(node->children, name) : NULL;
}

/* New memory (AUTO_XML); NULL: there is no such attribute. */
static inline char *xml_attribute(const xmlNode *node, const char *name)
{
    return node ? (char *)xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
}

static inline bool xml_equal(const char *value, const char *word)
{
    return value && strcmp(value, word) == 0;
}

#endif
