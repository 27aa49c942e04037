/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as an object of JSON Lines has it (--guests-from):
 *
 *     {"name": "web1", "images": ["/srv/a.qcow2", "/srv/b.raw"], "format": "raw", "blocksize": 512}
 *
 * Only `images` must be there. `images_b64`, the names in base64, stands for it where names are not
 * UTF-8, and goes before it; `name_b64` likewise. Any other member is refused: a slip in "format"
 * would make an image of a stranger a detected one.
 *
 * The records of our own --json output are read, too: those of type "guest", whose name is `guest`
 * and whose other members say what was found; records of the other types that --json writes are
 * passed over. */
#ifndef VLT_GUEST_RECORD_H
#define VLT_GUEST_RECORD_H

#include "guest.h"

/* Bytes of a line: 255 images with names as long as Linux opens, twice, once in base64. */
#define GUEST_RECORD_MAX ((size_t)4 << 20)

/* Fills a guest without images in. format and block_size hold where the record has none. 1; 0: it
 * is passed over; -1 and *err, whose message has nothing of the line in it but names of members.
 * What was in the line is overwritten where it was copied to, but for what is in the guest. */
int guest_record_read(const char *line, size_t length, enum image_format format,
                      unsigned block_size, struct guest *guest, error **err);

#endif
