/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml-tree.h"

#include <libxml/parser.h>

/* Entities are not replaced (XML_PARSE_NOENT is not given), and libvirt writes no DTD. */
xmlDocPtr xml_tree_read(const char *xml, size_t length, const char *root, error **err)
{
    xmlDocPtr document = NULL;

    if (length <= XML_TREE_MAX)
        document = xmlReadMemory(xml, (int)length, "libvirt.xml", NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                     XML_PARSE_NOCDATA);
    const xmlNode *top = document ? xmlDocGetRootElement(document) : NULL;
    bool dtd = document && (document->intSubset || document->extSubset);
    if (top && xml_is(top, root) && !dtd)
        return document;
    xmlFreeDoc(document);
    error_set(err, ERROR_REFUSED, "its %s XML cannot be read: %s%s", root,
              length > XML_TREE_MAX ? "it is too long"
              : dtd                 ? "it has a DTD"
              : top                 ? "it is no "
                                    : "it is not well-formed",
              top && !dtd ? root : "");
    return NULL;
}
