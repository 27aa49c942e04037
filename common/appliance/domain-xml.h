/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The appliance's domain as libvirt XML: written, and read back, with libxml2. Pure. */
#ifndef VLT_DOMAIN_XML_H
#define VLT_DOMAIN_XML_H

#include "base/error.h"
#include "wire/port-name.h"
#include <stdbool.h>
#include <sys/types.h>

/* The emulator, as Debian's qemu-system-x86 installs it. */
#define DOMAIN_EMULATOR "/usr/bin/qemu-system-x86_64"

/* What the domain is called where nobody else's can be met: in an embedded libvirt. */
#define APPLIANCE_NAME "appliance"

struct domain_spec {
    const char *name;
    const char *uuid;  /* NULL: libvirt chooses one */
    const char *accel; /* "kvm" or "tcg" */
    unsigned memory_mib;
    const char *kernel, *initrd, *root_drive; /* absolute paths */
    const char *command_line;                 /* of the guest's kernel */
    const char *console_path;                 /* a file, or NULL for none */
    const char *channel_path;                 /* Unix socket, or NULL: libvirt chooses */
    const char *memory_path;                  /* the guest's memory is this file */
    bool memory_private;                      /* mapped copy-on-write: a restored template */
    bool incoming;                            /* QEMU waits for a saved state (-incoming defer) */
    bool sessions; /* SESSION_PORTS more ports; port N's socket is channel_path and "-N" */
    const struct domain_kept *kept; /* of an appliance that lives between commands, or NULL */
    /* A libvirt daemon that is root's shall run QEMU as this user, and change the owner of nothing.
     * 0: as the connection does it. */
    uid_t uid;
    gid_t gid;
};

/* What was settled when the appliance was launched. It stands in the domain's metadata, so whoever
 * finds the domain finds it. */
struct domain_kept {
    unsigned slots; /* 0 to slots - 1 are reserved; 1 to SLOT_COUNT */
    unsigned idle;  /* seconds; 0: never */
};

/* New memory, or NULL and *err. */
char *domain_xml_write(const struct domain_spec *spec, error **err);

/* Where the live XML of a domain says that the port of that name is. New memory, or NULL and *err.
 */
char *domain_xml_port_path(const char *xml, const char *port, error **err);

/* What was settled about the domain. 0; -1 and *err (STATUS_REFUSED) where it is none that we keep.
 */
int domain_xml_kept(const char *xml, struct domain_kept *kept, error **err);

#endif
