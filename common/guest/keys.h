/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys for encrypted disks and volumes, as --key and --keys-from-stdin give them (the syntax is
 * that of libguestfs' tools). A key_list of all zeros has none. Passphrases are secret (secret.h).
 */
#ifndef VLT_KEYS_H
#define VLT_KEYS_H

#include "base/error.h"
#include "wire/protocol.h"

/* ID:key:PASSPHRASE, or ID:file:PATH, whose contents are the key, without a newline at their end.
 * ID: a device as the guest names it, the UUID of the encrypted volume, or "all". 0 or -1 and *err,
 * which never contains a passphrase. */
int keys_add(key_list *keys, const char *selector, error **err);

/* The contents of the file are a key with the ID "all", as by "all:file:PATH", of a file that is
 * named by a list: it has to be a regular one, as nobody waits for a list's FIFO. 0 or -1 and *err.
 */
int keys_add_file(key_list *keys, const char *path, error **err);

/* Reads fd to its end; each line is a key with the ID "all". 0 or -1 and *err. */
int keys_add_lines(key_list *keys, int fd, error **err);

/* The keys for the encryption that QEMU opens around the guest's disk `index`: their ID is "all",
 * or the disk's device. Returns their number; out[] has room for MAX_KEYS. keys may be NULL. */
size_t keys_for_disk(const key_list *keys, unsigned index, const key **out);

/* Whether both lists together are as few and as short as one may be. */
bool keys_fit(const key_list *some, const key_list *others);

/* Overwrites and frees them. */
void keys_clear(key_list *keys);

#endif
