/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "utf16.h"

size_t utf16_to_utf8(const unsigned char *units, size_t count, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned unit = units[2 * i] | (unsigned)units[2 * i + 1] << 8;
        if (unit == 0)
            break;
        if (unit >= 0xd800 && unit <= 0xdfff)
            return 0;
        if (unit < 0x80) {
            to[length++] = (char)unit;
        } else if (unit < 0x800) {
            to[length++] = (char)(0xc0 | unit >> 6);
            to[length++] = (char)(0x80 | (unit & 0x3f));
        } else {
            to[length++] = (char)(0xe0 | unit >> 12);
            to[length++] = (char)(0x80 | (unit >> 6 & 0x3f));
            to[length++] = (char)(0x80 | (unit & 0x3f));
        }
    }
    return length;
}
