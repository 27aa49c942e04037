/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that lie anywhere in bytes of a device, the lowest byte first. */
#ifndef VLT_AGENT_LITTLE_ENDIAN_H
#define VLT_AGENT_LITTLE_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t little_endian_16(const unsigned char *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t little_endian_32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t little_endian_64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

#endif
