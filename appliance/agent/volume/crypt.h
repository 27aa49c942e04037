/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens encrypted volumes by cryptsetup: LUKS, BitLocker. */
#ifndef VLT_AGENT_CRYPT_H
#define VLT_AGENT_CRYPT_H

#include "device-mapper.h"
#include "volume-table.h"

/* Opens it, read-only, with the first key that is for it and fits. 0, and `name` and *number of the
 * decrypted device; -ENOKEY: no key is for it; another -errno, and *why. */
int crypt_open(const struct content *what, const key *keys, size_t count,
               char name[DEVICE_MAPPER_NAME_MAX], dev_t *number, char *why, size_t size);

#endif
