/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of 4 KiB whose headers tell of tables that QEMU would allocate. */
#include "image/image-probe.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static uint8_t bytes[IMAGE_PROBE_VHDX_BYTES];

static void put_le32(size_t at, uint32_t value)
{
    value = htole32(value);
    memcpy(bytes + at, &value, sizeof value);
}

static void put_le64(size_t at, uint64_t value)
{
    value = htole64(value);
    memcpy(bytes + at, &value, sizeof value);
}

static void put_be32(size_t at, uint32_t value)
{
    value = htobe32(value);
    memcpy(bytes + at, &value, sizeof value);
}

static void put_be64(size_t at, uint64_t value)
{
    value = htobe64(value);
    memcpy(bytes + at, &value, sizeof value);
}

/* Each makes an image whose table has that many entries; its size in bytes, in the file. */

static void put_magic(size_t at, const char *magic)
{
    for (; *magic; magic++)
        bytes[at++] = (uint8_t)*magic;
}

static uint64_t make_vdi(uint32_t entries)
{
    put_le32(64, 0xbeda107f);
    put_le32(68, 0x00010001);
    put_le32(340, 1024);
    put_le32(384, entries);
    return 1024 + UINT64_C(4) * entries;
}

static uint64_t make_vpc(uint32_t entries)
{
    put_magic(0, "conectix");
    put_be64(16, 512);
    put_be32(60, 3);
    put_magic(512, "cxsparse");
    put_be64(512 + 16, 1536);
    put_be32(512 + 28, entries);
    return 1536 + UINT64_C(4) * entries;
}

static uint64_t make_parallels(uint32_t entries)
{
    put_magic(0, "WithouFreSpacExt");
    put_le32(16, 2);
    put_le32(32, entries);
    return 64 + UINT64_C(4) * entries;
}

/* Clusters of a table; 51 tables are kept. */
static uint64_t make_qed(uint32_t clusters)
{
    put_magic(0, "QED");
    put_le32(4, 65536);
    put_le32(8, clusters);
    put_le64(40, 65536);
    return 65536 + UINT64_C(65536) * clusters;
}

static uint64_t make_qcow2(uint32_t entries)
{
    put_magic(0, "QFI\xfb");
    put_be32(4, 2);
    put_be32(20, 16);
    put_be32(36, entries);
    put_be64(40, 65536);
    put_be64(48, 65536);
    put_be32(56, 1);
    return 65536 + UINT64_C(8) * entries;
}

static uint64_t make_vmdk(uint32_t entries)
{
    put_magic(0, "KDMV");
    put_le32(4, 1);
    put_le64(12, UINT64_C(65536) * entries);
    put_le64(20, 128);
    put_le32(44, 512);
    put_le64(56, 128);
    return 65536 + UINT64_C(4) * entries;
}

static uint64_t make_cowd(uint32_t entries)
{
    put_magic(0, "COWD");
    put_le32(20, 4);
    put_le32(24, entries);
    return 2048 + UINT64_C(4) * entries;
}

static uint64_t make_vhdx(uint32_t entries)
{
    static const uint8_t table[16] = {0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
                                      0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08};
    put_magic(0, "vhdxfile");
    put_le32(196608 + 8, 2); /* the other region comes first */
    memcpy(bytes + 196608 + 16 + 32, table, sizeof table);
    put_le64(196608 + 16 + 32 + 16, 1 << 20);
    put_le32(196608 + 16 + 32 + 24, 8 * entries);
    return (1 << 20) + UINT64_C(8) * entries;
}

static const struct {
    const char *name;
    uint64_t (*make)(uint32_t entries);
    uint32_t fits;  /* entries that are allowed, if the file has them */
    uint32_t large; /* … that are not, also where it has them */
} formats[] = {
    {"vdi", make_vdi, 16 << 20, (16 << 20) + 1},
    {"vpc", make_vpc, 16 << 20, (16 << 20) + 1},
    {"parallels", make_parallels, 16 << 20, (16 << 20) + 1},
    {"qed", make_qed, 20, 21},
    {"qcow2", make_qcow2, 8 << 20, (8 << 20) + 1},
    {"vmdk", make_vmdk, 16 << 20, (16 << 20) + 1},
    {"vmdk", make_cowd, 16 << 20, (16 << 20) + 1},
    {"vhdx", make_vhdx, 8 << 20, (8 << 20) + 1},
};
#define FORMATS (sizeof formats / sizeof *formats)

/* 0 or the error's kind. */
static enum error_kind probe(size_t i, uint32_t entries, bool whole)
{
    AUTO_ERROR error *err = NULL;
    struct image_info info;
    memset(bytes, 0, sizeof bytes);
    uint64_t size = formats[i].make(entries);
    if (!whole)
        size = sizeof bytes;
    size_t length = size < sizeof bytes ? (size_t)size : sizeof bytes;
    int result = image_probe(bytes, length, size, IMAGE_DETECT, &info, &err);
    if (result == 0) {
        assert_string_equal(image_format_name(info.format), formats[i].name);
        image_info_clear(&info);
    } else if (!strstr(error_message(err), "table") && !strstr(error_message(err), "map") &&
               !strstr(error_message(err), "directory")) {
        fail_msg("%s: %s", formats[i].name, error_message(err));
    }
    return error_kind(err);
}

static void a_table_that_is_there_is_no_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        assert_int_equal(probe(i, 1, true), ERROR_NONE);
        assert_int_equal(probe(i, formats[i].fits, true), ERROR_NONE);
    }
}

/* The file has 256 KiB, and QEMU would allocate all of it. */
static void one_beyond_the_files_end_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++)
        assert_int_equal(probe(i, formats[i].fits, false), ERROR_CORRUPT);
}

/* A hole costs nothing. */
static void one_that_is_too_large_is_refused_also_where_it_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++)
        assert_int_equal(probe(i, formats[i].large, true), ERROR_REFUSED);
}

static void the_refcount_table_and_snapshots_of_a_qcow2_count(void **state)
{
    AUTO_ERROR error *err = NULL;
    AUTO_ERROR error *other = NULL;
    struct image_info info;
    (void)state;
    memset(bytes, 0, sizeof bytes);
    make_qcow2(1);
    put_be32(56, 1025);
    assert_int_equal(image_probe(bytes, sizeof bytes, 1 << 20, IMAGE_DETECT, &info, &err), -1);
    assert_int_equal(error_kind(err), ERROR_REFUSED);
    put_be32(56, 1);
    put_be32(60, 65536);
    put_be64(64, 65536);
    assert_int_equal(image_probe(bytes, sizeof bytes, 1 << 20, IMAGE_DETECT, &info, &other), -1);
    assert_int_equal(error_kind(other), ERROR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_is_there_is_no_matter),
        cmocka_unit_test(one_beyond_the_files_end_is_corrupt),
        cmocka_unit_test(one_that_is_too_large_is_refused_also_where_it_is_there),
        cmocka_unit_test(the_refcount_table_and_snapshots_of_a_qcow2_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
