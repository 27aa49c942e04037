/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Little-endian numbers into made-up superblocks. */
#ifndef VLT_TEST_PUT_BYTES_H
#define VLT_TEST_PUT_BYTES_H

#include <stdint.h>

static inline void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static inline void put32(unsigned char *at, uint32_t value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

#endif
