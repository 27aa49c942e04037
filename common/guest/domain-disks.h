/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disks of a libvirt domain, from its XML. Pure, but for the volumes that it asks for; fuzzed
 * (tests/fuzz).
 *
 * An administrator wrote the XML, and libvirt checked it; it is parsed as untrusted input all the
 * same: no network, no DTD, bounded. Its description of a disk is believed. A format in the XML is
 * not compared with the image; without one the image is raw, as libvirt treats it for the guest,
 * too. Backing files in the XML are those that libvirt gave a running guest, or that an
 * administrator named for the next start; without any, the image's header is read. */
#ifndef VLT_DOMAIN_DISKS_H
#define VLT_DOMAIN_DISKS_H

#include "guest.h"

/* Looks up what the XML only names. */
struct domain_sources {
    /* The path of a volume of a storage pool, as libvirt has it, and the pool's XML: new memory in
     * both. 0, or -1 and *err. */
    int (*find_volume)(void *data, const char *pool, const char *volume, char **path,
                       char **pool_xml, error **err);
    /* The value of a secret, by its UUID or, where that is NULL, by its usage ("volume", "ceph",
     * "iscsi") and the name of that; at most MAX_PASSPHRASE bytes, not 0, in new secret memory
     * (secret.h). 0, or -1 and *err. */
    int (*find_secret)(void *data, const char *uuid, const char *type, const char *usage,
                       char **passphrase, size_t *length, error **err);
    void *data;
    /* libvirt is on this host, which is another one, and so are the files that it names; NULL: it
     * is on ours. */
    const char *elsewhere;
};

/* Appends the domain's disks to the guest, in its order, without CD-ROM and floppy drives. 0; -1
 * and *err where not all can be scanned: ERROR_EMPTY (it has none), ERROR_UNSUPPORTED,
 * ERROR_REFUSED, or the error of sources->find_volume(). Messages name a disk as in the guest
 * ("disk vda: …"). */
int domain_disks(struct guest *guest, const char *xml, size_t length,
                 const struct domain_sources *sources, error **err);

#endif
