/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A physical volume of LVM's: its label, and the text that describes its group. All of it is an
 * image's (lvm2's lib/label/label.h, lib/format_text/layout.h have the formats). */
#ifndef VLT_PHYSICAL_VOLUME_H
#define VLT_PHYSICAL_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PHYSICAL_VOLUME_UUID 32 /* without dashes and a NUL */

/* Bytes of a text; LVM's own bound is the metadata area's size. An ordinary group has 2 KiB. */
#define PHYSICAL_VOLUME_TEXT_MAX 262144

struct physical_volume {
    char uuid[PHYSICAL_VOLUME_UUID];
    uint64_t sectors; /* of the device */
    char *text;       /* with a NUL behind it, and none in it; the caller's, to be freed */
    size_t length;
};

/* Reads it. false: it is damaged, has no text, or is in a state that only LVM knows; nothing is to
 * be freed. */
bool physical_volume_read(int device, struct physical_volume *self);

#endif
