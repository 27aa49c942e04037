/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The URI of a network disk, from its <source> in a domain's XML. Pure, but for the secret that it
 * asks for. */
#ifndef VLT_DOMAIN_URI_H
#define VLT_DOMAIN_URI_H

#include "domain-disks.h"
#include <libxml/tree.h>

/* A URI as in remote-uri.h, with %XX where it must be, but in the query of http. Of iscsi and rbd
 * it has the user and the secret that <auth> names. New memory, to be overwritten by the caller;
 * NULL and *err: ERROR_UNSUPPORTED for other protocols, and for settings that these URIs cannot
 * express; ERROR_UNREADABLE where libvirt does not give the secret. */
char *domain_uri(const xmlNode *source, const struct domain_sources *sources, error **err);

#endif
