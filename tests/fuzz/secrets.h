/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The secrets of libvirt's that fuzzed XML may name: each UUID is one, and is its own passphrase.
 */
#ifndef VLT_TEST_FUZZ_SECRETS_H
#define VLT_TEST_FUZZ_SECRETS_H

#include "base/secret.h"
#include "guest/domain-disks.h"

#include <string.h>

/* As struct domain_sources has it. */
static int secrets_find(void *unused, const char *uuid, const char *type, const char *usage,
                        char **passphrase, size_t *length, error **err)
{
    (void)unused;
    (void)type;
    if (!uuid || !*uuid)
        return error_set(err, ERROR_ENCRYPTED, "there is none: %s", usage ? usage : "");
    *passphrase = secret_copy(uuid, strnlen(uuid, MAX_PASSPHRASE));
    *length = *passphrase ? strlen(*passphrase) : 0;
    return *passphrase ? 0 : error_set(err, ERROR_APPLIANCE, "no memory");
}

#endif
