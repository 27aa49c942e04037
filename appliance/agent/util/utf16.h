/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that a filesystem stores in UTF-16. Pure. */
#ifndef VLT_AGENT_UTF16_H
#define VLT_AGENT_UTF16_H

#include <stddef.h>

/* Bytes of UTF-8 that a unit becomes, at most. */
#define UTF16_BYTES 3

/* Writes units of UTF-16, the lower byte first, as UTF-8 without a NUL, up to a unit that is 0.
 * Returns the bytes written, at most count * UTF16_BYTES; 0: there are none, or
 * there are characters outside of the Basic Multilingual Plane. */
size_t utf16_to_utf8(const unsigned char *units, size_t count, char *to);

#endif
