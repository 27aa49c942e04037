/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain-encryption.h"

static int take_secret(const xmlNode *encryption, const struct domain_sources *sources,
                       struct guest_encryption *into, error **err)
{
    const xmlNode *secret = xml_child(encryption, "secret");
    AUTO_XML char *uuid = xml_attribute(secret, "uuid");
    AUTO_XML char *usage = xml_attribute(secret, "usage");
    AUTO_ERROR error *why = NULL;

    if (!uuid && !usage)
        error_set(&why, ERROR_ENCRYPTED, "libvirt names no secret for it");
    else if (sources->find_secret(sources->data, uuid, "volume", usage, &into->passphrase,
                                  &into->length, &why) < 0)
        error_prefix(&why, "libvirt's secret %s", uuid ? uuid : usage);
    into->missing = why ? strdup(error_message(why)) : NULL;
    return why && !into->missing ? error_no_memory(err) : 0;
}

int domain_encryption(const xmlNode *encryption, const char *place, enum image_format format,
                      const struct domain_sources *sources, struct guest_encryption **into,
                      error **err)
{
    AUTO_XML char *method = xml_attribute(encryption, "format");

    if (!encryption)
        return 0;
    if (place[0] != '/')
        return error_set(err, ERROR_ENCRYPTED,
                         "it is encrypted, and keys are not used for network disks");
    if (!xml_equal(method, "luks") && format != IMAGE_QCOW2)
        return error_set(err, ERROR_UNSUPPORTED, "its encryption, \"%s\", is not supported",
                         method ? method : "");
    *into = calloc(1, sizeof **into);
    return *into ? take_secret(encryption, sources, *into, err) : error_no_memory(err);
}
