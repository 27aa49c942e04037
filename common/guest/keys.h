/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys for what is encrypted in guests, as --key and --keys-from-stdin give them (the syntax is
 * that of libguestfs' tools). A key_list of all zeros has none. Passphrases are secret (secret.h).
 */
#ifndef VLT_KEYS_H
#define VLT_KEYS_H

#include "base/error.h"
#include "wire/protocol.h"

/* ID:key:PASSPHRASE, or ID:file:PATH, whose contents are the key, without a newline at their end.
 * ID: a device as the guest has it, the UUID of what is encrypted, or "all". 0 or -1 and *err,
 * which never has a passphrase in it. */
int keys_add(key_list *keys, const char *selector, error **err);

/* Every line that is read from fd, to its end, is a key for everything. 0 or -1 and *err. */
int keys_add_lines(key_list *keys, int fd, error **err);

/* Those that may open what the guest's disk `index` is encrypted with, outside of the guest: the ID
 * is "all", or the disk's device. Their number; out[] has room for MAX_KEYS. keys may be NULL. */
size_t keys_for_disk(const key_list *keys, unsigned index, const key **out);

/* Overwrites and frees them. */
void keys_clear(key_list *keys);

#endif
