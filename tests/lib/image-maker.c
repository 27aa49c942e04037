/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-maker.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

uint8_t header[IMAGE_PROBE_BYTES];

void put(size_t offset, const void *bytes, size_t size)
{
    memcpy(header + offset, bytes, size);
}

void be32(size_t offset, uint32_t value)
{
    value = htobe32(value);
    put(offset, &value, sizeof value);
}

void be64(size_t offset, uint64_t value)
{
    value = htobe64(value);
    put(offset, &value, sizeof value);
}

void le32(size_t offset, uint32_t value)
{
    value = htole32(value);
    put(offset, &value, sizeof value);
}

void le64(size_t offset, uint64_t value)
{
    value = htole64(value);
    put(offset, &value, sizeof value);
}

void make_qcow2(uint32_t version)
{
    memset(header, 0, sizeof header);
    put(0, "QFI\xfb", 4);
    be32(4, version);
    be32(20, 16);
    be64(24, 10 * MIB);
    be32(36, 1);
    be64(40, 0x30000);
    if (version == 3) {
        be32(96, 4);
        be32(100, 112);
    }
}

void qcow2_backing(size_t offset, const char *name, uint32_t size)
{
    be64(8, offset);
    be32(16, size);
    put(offset, name, strlen(name));
}

size_t qcow2_extension(size_t offset, uint32_t type, const char *text)
{
    be32(offset, type);
    be32(offset + 4, (uint32_t)strlen(text));
    put(offset + 8, text, strlen(text));
    return offset + 8 + (strlen(text) + 7) / 8 * 8;
}

int probe_length(size_t length, enum image_format format, struct image_info *info, error **err)
{
    /* A copy that ends where the header ends, so that a sanitizer sees an overrun. */
    AUTO_FREE uint8_t *exact = malloc(length + !length);

    memcpy(exact, header, length);
    return image_probe(exact, length, length < sizeof header ? length : MIB, format, info, err);
}

int probe(struct image_info *info, error **err)
{
    return probe_length(sizeof header, IMAGE_DETECT, info, err);
}

void assert_info(enum image_format format, uint64_t size)
{
    CLEANUP(image_info_clear) struct image_info info;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(probe(&info, &err), 0);
    assert_null(err);
    assert_int_equal(info.format, format);
    assert_true(info.virtual_size == size);
    assert_null(info.backing);
    assert_null(info.data_file);
    assert_false(info.encrypted);
    assert_null(info.extents);
}

void assert_fails_at(size_t length, enum image_format format, enum error_kind kind,
                     const char *part)
{
    struct image_info info;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(probe_length(length, format, &info, &err), -1);
    assert_int_equal(error_kind(err), kind);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(err));
    assert_null(info.backing);
    assert_null(info.data_file);
    assert_null(info.extents);
}

void assert_fails(enum error_kind kind, const char *part)
{
    assert_fails_at(sizeof header, IMAGE_DETECT, kind, part);
}

void assert_backing(const char *name, enum image_format format)
{
    CLEANUP(image_info_clear) struct image_info info;

    assert_int_equal(probe(&info, NULL), 0);
    assert_string_equal(info.backing, name);
    assert_int_equal(info.backing_format, format);
}
