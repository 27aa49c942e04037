/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The URI of a network disk, from its <source> in a domain's XML. Pure. */
#ifndef VLT_DOMAIN_URI_H
#define VLT_DOMAIN_URI_H

#include "base/error.h"
#include <libxml/tree.h>

/* nbd://HOST[:PORT]/EXPORT, nbd+unix:///EXPORT?socket=PATH, http(s)://HOST[:PORT]/PATH[?QUERY] or
 * ssh://[USER@]HOST[:PORT]/PATH; all but QUERY with %XX where it must be. New memory; NULL and
 * *err: ERROR_UNSUPPORTED for other protocols, and for settings that these URIs cannot express. */
char *domain_uri(const xmlNode *source, error **err);

#endif
