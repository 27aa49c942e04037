/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An <encryption> element, of a disk in a domain's XML or of a volume's. */
#ifndef VLT_DOMAIN_ENCRYPTION_H
#define VLT_DOMAIN_ENCRYPTION_H

#include "domain-disks.h"
#include "xml-tree.h"

/* Of the image at `place`, a path or a URI. *into is new memory, or NULL where the element is. That
 * libvirt does not give the secret is no error yet, as the user may have the key. 0; -1 and *err:
 * ERROR_ENCRYPTED, ERROR_UNSUPPORTED. */
int domain_encryption(const xmlNode *encryption, const char *place, enum image_format format,
                      const struct domain_sources *sources, struct guest_encryption **into,
                      error **err);

#endif
