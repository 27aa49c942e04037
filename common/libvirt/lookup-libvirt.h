/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VLT_LOOKUP_LIBVIRT_H
#define VLT_LOOKUP_LIBVIRT_H

#include "guest/guest-lookup.h"

/* guest_lookup_work that asks libvirt, over a read-only connection. libvirt gives the secret of an
 * encrypted disk only over a writable one, which is then opened besides. "All guests" are the
 * running and the inactive ones, sorted by name. */
int lookup_libvirt(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                   error **err);

#endif
