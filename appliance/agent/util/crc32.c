/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crc32.h"
#include <endian.h>
#include <stdbool.h>
#include <string.h>

/* x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1 */
#define POLYNOMIAL UINT32_C(0x04c11db7)

/* Bytes that are taken at once. */
#define STRIDE 8

/* table[n][byte]: what the byte does to the value when n more bytes follow it. */
static uint32_t table[STRIDE][256];

/* value · x */
static uint32_t shift(uint32_t value)
{
    return value << 1 ^ (value & UINT32_C(0x80000000) ? POLYNOMIAL : 0);
}

/* The same of crc32_castagnoli(), whose bits are in the other order. */
#define CASTAGNOLI UINT32_C(0x82f63b78)
static uint32_t reflected[STRIDE][256];

static void make_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte << 24;
        for (int i = 0; i < 8 * STRIDE; i++) {
            value = shift(value);
            if (i % 8 == 7)
                table[i / 8][byte] = value;
        }
    }
}

void crc32_begin(struct crc32 *self)
{
    if (table[0][1] == 0)
        make_table();
    self->value = 0;
    self->length = 0;
}

static uint32_t one(uint32_t value, unsigned char byte)
{
    return value << 8 ^ table[0][value >> 24 ^ byte];
}

void crc32_update(struct crc32 *self, const unsigned char *bytes, size_t length)
{
    uint32_t value = self->value;
    self->length += length;
    for (; length >= STRIDE; length -= STRIDE, bytes += STRIDE)
        value = table[7][value >> 24 ^ bytes[0]] ^ table[6][(value >> 16 & 255) ^ bytes[1]] ^
                table[5][(value >> 8 & 255) ^ bytes[2]] ^ table[4][(value & 255) ^ bytes[3]] ^
                table[3][bytes[4]] ^ table[2][bytes[5]] ^ table[1][bytes[6]] ^ table[0][bytes[7]];
    for (; length > 0; length--)
        value = one(value, *bytes++);
    self->value = value;
}

/* a · b */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (; b; b >>= 1, a = shift(a))
        if (b & 1)
            product ^= a;
    return product;
}

/* A zero byte multiplies by x^8, so many of them by (x^8)^length. */
void crc32_zeros(struct crc32 *self, uint64_t length)
{
    self->length += length;
    for (uint32_t power = 1 << 8; length; length >>= 1, power = multiply(power, power))
        if (length & 1)
            self->value = multiply(self->value, power);
}

size_t crc32_finish(struct crc32 *self, unsigned char value[4])
{
    uint32_t result = self->value;
    for (uint64_t length = self->length; length; length >>= 8)
        result = one(result, (unsigned char)length);
    result = ~result;
    for (int i = 0; i < 4; i++)
        value[i] = (unsigned char)(result >> (24 - 8 * i));
    return 4;
}

/* ---- crc32_castagnoli ---- */

static void make_reflected(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int i = 0; i < 8 * STRIDE; i++) {
            value = value >> 1 ^ (value & 1 ? CASTAGNOLI : 0);
            if (i % 8 == 7)
                reflected[i / 8][byte] = value;
        }
    }
}

uint32_t crc32_castagnoli(uint32_t value, const unsigned char *bytes, size_t length)
{
    if (reflected[0][1] == 0)
        make_reflected();
    for (; length >= STRIDE; length -= STRIDE, bytes += STRIDE) {
        uint32_t first, second;
        memcpy(&first, bytes, sizeof first);
        memcpy(&second, bytes + 4, sizeof second);
        first = le32toh(first) ^ value;
        second = le32toh(second);
        value = reflected[7][first & 255] ^ reflected[6][first >> 8 & 255] ^
                reflected[5][first >> 16 & 255] ^ reflected[4][first >> 24];
        if (second) /* half of an inode is zeros, which add nothing */
            value ^= reflected[3][second & 255] ^ reflected[2][second >> 8 & 255] ^
                     reflected[1][second >> 16 & 255] ^ reflected[0][second >> 24];
    }
    for (; length > 0; length--)
        value = value >> 8 ^ reflected[0][(value ^ *bytes++) & 255];
    return value;
}
