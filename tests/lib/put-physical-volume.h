/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A physical volume of LVM's around a text that describes its group: label, metadata area and their
 * checksums are right, whatever the text says. The user of this links zlib. */
#ifndef VLT_TEST_PUT_PHYSICAL_VOLUME_H
#define VLT_TEST_PUT_PHYSICAL_VOLUME_H

#include "put-bytes.h"
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#define PV_LABEL 512 /* where the label is */
#define PV_AREA 4096 /* … the metadata area */
#define PV_AREA_SIZE 393216
#define PV_UUID 32
#define PV_BYTES (PV_AREA + PV_AREA_SIZE) /* of all that is put */
#define PV_START 131072                   /* where data begin; none are put */

static inline void put64(unsigned char *at, uint64_t value)
{
    put32(at, value & 0xffffffff);
    put32(at + 4, (uint32_t)(value >> 32));
}

/* Without the NUL behind it. */
static inline void put_letters(unsigned char *at, const char *letters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        at[i] = (unsigned char)letters[i];
}

/* lvm2's lib/misc/crc.c */
static inline uint32_t pv_checksum(const unsigned char *bytes, size_t length)
{
    return ~(uint32_t)crc32(~0xf597a6cfU, bytes, (uInt)length);
}

static inline void put_label_checksum(unsigned char *device)
{
    put32(device + PV_LABEL + 16, pv_checksum(device + PV_LABEL + 20, 512 - 20));
}

static inline void put_area_checksum(unsigned char *device)
{
    put32(device + PV_AREA, pv_checksum(device + PV_AREA + 4, 512 - 4));
}

/* `device` has PV_BYTES, all 0. The text begins `at` bytes into its area, and goes
 * on behind the area's header where it does not fit. */
static inline void put_physical_volume(unsigned char *device, const char *uuid, const char *text,
                                       size_t at)
{
    unsigned char *label = device + PV_LABEL, *area = device + PV_AREA;
    size_t length = strlen(text) + 1, end = PV_AREA_SIZE - at;
    put_letters(label, "LABELONE", 8);
    put64(label + 8, 1);
    put32(label + 20, 32);
    put_letters(label + 24, "LVM2 001", 8);
    put_letters(label + 32, uuid, PV_UUID);
    put64(label + 72, PV_START); /* what is data, up to the end */
    put64(label + 104, PV_AREA);
    put64(label + 112, PV_AREA_SIZE);
    put32(label + 136, 2); /* the extension's version, and: in use */
    put32(label + 140, 1);
    put_label_checksum(device);
    put_letters(area + 4, " LVM2 x[5A%r0N*>", 16);
    put32(area + 20, 1);
    put64(area + 24, PV_AREA);
    put64(area + 32, PV_AREA_SIZE);
    put64(area + 40, at);
    put64(area + 48, length);
    put32(area + 56, pv_checksum((const unsigned char *)text, length));
    put_area_checksum(device);
    memcpy(area + at, text, length < end ? length : end);
    if (length > end)
        memcpy(area + 512, text + end, length - end);
}

#endif
