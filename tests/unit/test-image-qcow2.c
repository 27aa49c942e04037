/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_probe() on qcow2's header: its fields, names and extensions. */
#include "lib/image-maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void qcow_version_1_and_versions_to_come_are_unsupported(void **state)
{
    (void)state;
    make_qcow2(2);
    be32(4, 1);
    assert_fails_at(sizeof header, IMAGE_QCOW2, ERROR_UNSUPPORTED, "qcow version 1");
    be32(4, 0);
    assert_fails(ERROR_UNSUPPORTED, "qcow2 version 0");
    be32(4, 4);
    assert_fails(ERROR_UNSUPPORTED, "qcow2 version 4");
}

static void qcow2_cluster_bits_have_a_range(void **state)
{
    (void)state;
    make_qcow2(3);
    be32(20, 9);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be32(20, 21);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be32(20, 8);
    assert_fails(ERROR_CORRUPT, "cluster_bits are 8");
    be32(20, 22);
    assert_fails(ERROR_CORRUPT, "cluster_bits are 22");
    be32(20, UINT32_MAX);
    assert_fails(ERROR_CORRUPT, "cluster_bits are 4294967295");
}

static void qcow2_header_length_has_a_range(void **state)
{
    (void)state;
    make_qcow2(3);
    be32(20, 9);
    be32(100, 104);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be32(100, 512);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be32(100, 103);
    assert_fails(ERROR_CORRUPT, "header_length is 103");
    be32(100, 513);
    assert_fails(ERROR_CORRUPT, "header_length is 513");
    be32(100, UINT32_MAX);
    assert_fails(ERROR_CORRUPT, "header_length");
}

static void qcow2_may_claim_4_eib_and_no_more(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(24, IMAGE_MAX_SIZE);
    assert_info(IMAGE_QCOW2, IMAGE_MAX_SIZE);
    be64(24, IMAGE_MAX_SIZE + 1);
    assert_fails(ERROR_CORRUPT, "claims 4611686018427387905 bytes");
    be64(24, UINT64_MAX);
    assert_fails(ERROR_CORRUPT, "claims 18446744073709551615 bytes");
}

static void qcow2_without_its_l1_table_is_truncated(void **state)
{
    (void)state;
    make_qcow2(3);
    be32(36, 2); /* entries of 8 bytes */
    be64(40, MIB - 16);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be64(40, MIB - 15);
    assert_fails(ERROR_CORRUPT, "truncated: its L1 table has 16 bytes from byte 1048561 on");
    be64(40, MIB);
    assert_fails(ERROR_CORRUPT, "truncated: its L1 table is at byte 1048576");
    be64(40, UINT64_MAX);
    assert_fails(ERROR_CORRUPT, "truncated");
    be32(36, 0); /* an image of no bytes has none */
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void qcow2_encryption_is_reported(void **state)
{
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    make_qcow2(3);
    be32(32, 2);
    assert_int_equal(probe(&info, NULL), 0);
    assert_true(info.encrypted);
    be32(32, 1);
    assert_fails(ERROR_ENCRYPTED, "encrypted by the old method, AES");
    be32(32, 3);
    assert_fails(ERROR_UNSUPPORTED, "encryption method 3");
}

static void qcow2_names_its_backing_file(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_backing(512, "base.img", 8);
    assert_backing("base.img", IMAGE_DETECT);
    qcow2_extension(112, QCOW2_BACKING_FORMAT, "raw");
    assert_backing("base.img", IMAGE_RAW);
    make_qcow2(2);
    qcow2_extension(72, QCOW2_BACKING_FORMAT, "qcow2");
    qcow2_backing(512, "base.img", 8);
    assert_backing("base.img", IMAGE_QCOW2);
}

static void qcow2_backing_name_may_end_with_the_cluster_and_not_later(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_backing(65528, "12345678", 8);
    assert_backing("12345678", IMAGE_DETECT);
    be32(16, 9);
    assert_fails(ERROR_CORRUPT, "outside the first cluster");
    be64(8, 65536);
    be32(16, 1);
    assert_fails(ERROR_CORRUPT, "outside the first cluster");
    be64(8, UINT64_MAX);
    assert_fails(ERROR_CORRUPT, "outside the first cluster");
}

static void qcow2_backing_name_has_at_most_1023_bytes(void **state)
{
    char name[1025];

    (void)state;
    memset(name, 'n', sizeof name);
    name[1023] = '\0';
    make_qcow2(3);
    qcow2_backing(512, name, 1023);
    assert_backing(name, IMAGE_DETECT);
    be32(16, 1024);
    assert_fails(ERROR_CORRUPT, "1024 bytes, more than 1023");
    be32(16, UINT32_MAX);
    assert_fails(ERROR_CORRUPT, "4294967295 bytes");
}

static void qcow2_backing_name_beyond_the_file_is_truncated(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(40, 200);
    qcow2_backing(512, "base.img", 8);
    assert_fails_at(519, IMAGE_DETECT, ERROR_CORRUPT, "truncated: the name of its backing file");
}

static void qcow2_backing_name_beyond_what_was_read_is_unsupported(void **state)
{
    (void)state;
    make_qcow2(3);
    be32(20, 21);
    be64(8, sizeof header);
    be32(16, 8);
    assert_fails(ERROR_UNSUPPORTED, "beyond the first 65536 bytes");
}

static void qcow2_backing_name_with_a_nul_is_corrupt(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_backing(512, "base.img", 9);
    assert_fails(ERROR_CORRUPT, "NUL");
}

static void an_empty_qcow2_backing_name_is_none(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(8, 512);
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void an_old_name_of_the_raw_format_is_understood(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_extension(112, QCOW2_BACKING_FORMAT, "host_device");
    qcow2_backing(512, "/dev/sdx", 8);
    assert_backing("/dev/sdx", IMAGE_RAW);
}

static void an_unknown_backing_format_is_unsupported(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_extension(112, QCOW2_BACKING_FORMAT, "luks");
    qcow2_backing(512, "base.img", 8);
    assert_fails(ERROR_UNSUPPORTED, "\"luks\"");
}

static void header_extensions_are_walked_in_any_order(void **state)
{
    (void)state;
    make_qcow2(3);
    size_t next = qcow2_extension(112, 0x6803f857, "features, whatever they are");
    next = qcow2_extension(next, 0x12345678, "");
    qcow2_extension(next, QCOW2_BACKING_FORMAT, "qed");
    qcow2_backing(512, "base.img", 8);
    assert_backing("base.img", IMAGE_QED);
}

static void what_stands_behind_the_end_marker_is_ignored(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_extension(120, QCOW2_BACKING_FORMAT, "qed");
    qcow2_backing(512, "base.img", 8);
    assert_backing("base.img", IMAGE_DETECT);
}

static void a_header_extension_must_end_before_the_backing_name(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_backing(128, "base.img", 8);
    be32(112, 0x6803f857);
    be32(116, 8);
    assert_backing("base.img", IMAGE_DETECT);
    be32(116, 9);
    assert_fails(ERROR_CORRUPT, "header extension at byte 112 has 9 bytes");
    be32(116, UINT32_MAX);
    assert_fails(ERROR_CORRUPT, "header extension");
}

static void extensions_up_to_the_last_byte_of_the_cluster_need_no_end_marker(void **state)
{
    (void)state;
    make_qcow2(3);
    be32(20, 9);
    be32(112, 0x6803f857);
    be32(116, 512 - 120);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be32(116, 512 - 120 - 4); /* leaves 4 bytes: too few for another one */
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void qcow2_names_its_data_file(void **state)
{
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    make_qcow2(3);
    be64(72, 4);
    qcow2_extension(112, QCOW2_DATA_FILE, "disk.raw");
    assert_int_equal(probe(&info, NULL), 0);
    assert_string_equal(info.data_file, "disk.raw");
}

static void a_data_file_without_the_feature_is_none(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_extension(112, QCOW2_DATA_FILE, "disk.raw");
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void the_data_file_feature_without_a_name_is_corrupt(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(72, 4);
    assert_fails(ERROR_CORRUPT, "does not name");
    qcow2_extension(112, QCOW2_DATA_FILE, "");
    assert_fails(ERROR_CORRUPT, "does not name");
}

static void a_data_file_named_twice_is_corrupt(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(72, 4);
    qcow2_extension(qcow2_extension(112, QCOW2_DATA_FILE, "a"), QCOW2_DATA_FILE, "b");
    assert_fails(ERROR_CORRUPT, "twice");
}

static void unknown_incompatible_features_are_unsupported(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(72, 0x1b); /* all but the data file */
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be64(72, 0x20);
    assert_fails(ERROR_UNSUPPORTED, "0x20");
    be64(72, UINT64_C(1) << 63);
    assert_fails(ERROR_UNSUPPORTED, "0x8000000000000000");
    be32(4, 2); /* version 2 has no such field */
    be64(72, 0);
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(qcow_version_1_and_versions_to_come_are_unsupported),
        T(qcow2_cluster_bits_have_a_range),
        T(qcow2_header_length_has_a_range),
        T(qcow2_may_claim_4_eib_and_no_more),
        T(qcow2_without_its_l1_table_is_truncated),
        T(qcow2_encryption_is_reported),
        T(qcow2_names_its_backing_file),
        T(qcow2_backing_name_may_end_with_the_cluster_and_not_later),
        T(qcow2_backing_name_has_at_most_1023_bytes),
        T(qcow2_backing_name_beyond_the_file_is_truncated),
        T(qcow2_backing_name_beyond_what_was_read_is_unsupported),
        T(qcow2_backing_name_with_a_nul_is_corrupt),
        T(an_empty_qcow2_backing_name_is_none),
        T(an_old_name_of_the_raw_format_is_understood),
        T(an_unknown_backing_format_is_unsupported),
        T(header_extensions_are_walked_in_any_order),
        T(what_stands_behind_the_end_marker_is_ignored),
        T(a_header_extension_must_end_before_the_backing_name),
        T(extensions_up_to_the_last_byte_of_the_cluster_need_no_end_marker),
        T(qcow2_names_its_data_file),
        T(a_data_file_without_the_feature_is_none),
        T(the_data_file_feature_without_a_name_is_corrupt),
        T(a_data_file_named_twice_is_corrupt),
        T(unknown_incompatible_features_are_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
