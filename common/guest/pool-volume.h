/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes of libvirt's storage pools: where each is, from the XML of libvirt, which is parsed as a
 * domain's is (domain-disks.h). Pure, but for the secrets that it asks for; fuzzed (tests/fuzz). */
#ifndef VLT_POOL_VOLUME_H
#define VLT_POOL_VOLUME_H

#include "domain-disks.h"

/* Whether a file that libvirt names can be on this host. 0; -1 and *err (ERROR_UNSUPPORTED). */
int pool_volume_check_here(const char *path, const struct domain_sources *sources, error **err);

/* Where a volume is that libvirt says is at `path`: that, or the URI of an image in Ceph RBD or
 * behind iSCSI, with the pool's login. An iSCSI pool has a path for each of its volumes; `direct`
 * is for the URI all the same. New memory, which may have a secret in it. NULL and *err:
 * ERROR_UNSUPPORTED for other pools of the network, or as domain_uri(). */
char *pool_volume_place(const char *pool_xml, const char *name, const char *path, bool direct,
                        const struct domain_sources *sources, error **err);

/* Appends the volume to the guest as its image, of which the format is to be found, as for one that
 * the user names by its path. 1; 0: it is a directory, and no disk; -1 and *err. */
int pool_volume_read(struct guest *guest, const char *pool_xml, const char *volume_xml,
                     const struct domain_sources *sources, error **err);

#endif
