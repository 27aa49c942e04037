/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capabilities-subset.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_called(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static bool has(xmlNode *node, const char *attribute, const char *value)
{
    xmlChar *text = xmlGetProp(node, (const xmlChar *)attribute);
    bool same = text && strcmp((const char *)text, value) == 0;
    xmlFree(text);
    return same;
}

static bool is_machine(xmlNode *node, const struct capabilities_subset *use)
{
    return has(node, "type", use->accel) &&
           (has(node, "name", use->machine) || has(node, "alias", use->machine));
}

static bool is_needed(xmlNode *node, const struct capabilities_subset *use)
{
    if (is_called(node, "machine"))
        return is_machine(node, use);
    if (is_called(node, "cpu") || is_called(node, "hostCPU"))
        return has(node, "type", use->accel);
    return true;
}

static void drop(xmlNode *node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/* The features that this host lacks for a processor's model. A domain can be started without them.
 */
static void drop_blockers(xmlNode *model)
{
    for (xmlNode *child = model->children, *next; child; child = next) {
        next = child->next;
        if (is_called(child, "blocker"))
            drop(child);
    }
}

/* Whether the machine is there: without it libvirt would refuse the domain. */
static bool reduce(xmlNode *root, const struct capabilities_subset *use)
{
    bool found = false;
    for (xmlNode *node = root->children, *next; node; node = next) {
        next = node->next;
        if (!is_needed(node, use)) {
            drop(node);
            continue;
        }
        found = found || is_called(node, "machine");
        if (is_called(node, "cpu"))
            drop_blockers(node);
    }
    return found;
}

char *capabilities_subset_make(const struct capabilities_subset *use, const char *text,
                               size_t length)
{
    xmlChar *dumped = NULL;
    char *reduced = NULL;
    int size = 0;
    xmlDoc *document =
        length > INT_MAX ? NULL
                         : xmlReadMemory(text, (int)length, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    if (root && is_called(root, "qemuCaps") && reduce(root, use))
        xmlDocDumpMemory(document, &dumped, &size);
    if (dumped)
        reduced = strdup((const char *)dumped);
    xmlFree(dumped);
    xmlFreeDoc(document);
    return reduced;
}
