/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The appliance's domain as libvirt XML: written, and read back, with libxml2. Pure. */
#ifndef VLT_DOMAINXML_H
#define VLT_DOMAINXML_H

#include "error.h"
#include <stdbool.h>

/* The name of the virtio-serial port that the agent answers on. */
#define AGENT_PORT_NAME "org.virt-live-tools.agent"

/* The emulator, as Debian's qemu-system-x86 installs it. */
#define DOMAIN_EMULATOR "/usr/bin/qemu-system-x86_64"

struct domain_spec {
    const char *name;
    const char *accel; /* "kvm" or "tcg" */
    unsigned memory_mib;
    const char *kernel, *initrd, *root_drive; /* absolute paths */
    const char *command_line;                 /* of the guest's kernel */
    const char *console_path;                 /* a file, or NULL for none */
    const char *channel_path;                 /* Unix socket, or NULL: libvirt chooses */
    const char *memory_path;                  /* the guest's memory is this file */
    bool memory_private;                      /* mapped copy-on-write: a restored template */
    bool incoming;                            /* QEMU waits for a saved state (-incoming defer) */
};

/* New memory, or NULL and *err. */
char *domain_xml_write(const struct domain_spec *spec, error **err);

/* Where the live XML of a domain says that the agent's channel is. New memory, or NULL and *err. */
char *domain_xml_channel_path(const char *xml, error **err);

#endif
