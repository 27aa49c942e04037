/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as an object of JSON Lines has it (--guests-from):
 *
 *     {"name": "web1", "images": ["/srv/a.qcow2", "/srv/b.raw"], "format": "raw", "blocksize": 512}
 *
 * Only `images` is required. `images_b64`, the names in base64, replaces it where names are not
 * UTF-8, and wins where both are present; `name_b64` likewise. Any other member is refused: a
 * misspelt "format" would turn on format detection for a stranger's image.
 *
 * Our own --json output can be read, too: of records of type "guest", `guest` is the name, and the
 * members that report results are ignored; records of its other types are skipped. */
#ifndef VLT_GUEST_RECORD_H
#define VLT_GUEST_RECORD_H

#include "guest.h"

/* Bytes of a line: 255 images with names as long as Linux opens, twice, once in base64. */
#define GUEST_RECORD_MAX ((size_t)4 << 20)

/* Fills in a guest that has no images yet. format and block_size apply where the record has none.
 * 1; 0: the record is to be skipped; -1 and *err, whose message quotes only names of members.
 * Copies of the line are overwritten before they are freed, but for the guest itself. */
int guest_record_read(const char *line, size_t length, enum image_format format,
                      unsigned block_size, struct guest *guest, error **err);

#endif
