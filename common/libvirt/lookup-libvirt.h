/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VLT_LOOKUP_LIBVIRT_H
#define VLT_LOOKUP_LIBVIRT_H

#include "guest/guest-lookup.h"

/* guest_lookup_work that asks libvirt, over a read-only connection; for the secret of an encrypted
 * disk, which libvirt does not tell over one, there is a second that is not. All guests are those
 * that run and those that do not, by name. */
int lookup_libvirt(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                   error **err);

#endif
