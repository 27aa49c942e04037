/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The appliance's machine as libvirt's domain XML: written, and read back, with libxml2. Pure. */
#ifndef VLT_DOMAIN_XML_H
#define VLT_DOMAIN_XML_H

#include "appliance/hypervisor.h"

/* The domain's name if the spec has none. */
#define DOMAIN_XML_NAME "appliance"

/* New memory, or NULL and *err. */
char *domain_xml_write(const struct machine_spec *spec, error **err);

/* The path of the port of that name, from the XML of a running domain. New memory, or NULL and
 * *err. */
char *domain_xml_port_path(const char *xml, const char *port, error **err);

/* Reads the settings that domain_xml_write() has put into the domain's metadata. 0; -1 and *err
 * (ERROR_REFUSED) where there are none. */
int domain_xml_settings(const char *xml, struct launch_settings *settings, error **err);

#endif
