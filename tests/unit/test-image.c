/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

/* A header under construction, with room around it. */
static uint8_t image[IMAGE_PROBE_BYTES];

static void put(size_t offset, const void *bytes, size_t size)
{
    memcpy(image + offset, bytes, size);
}

static void be32(size_t offset, uint32_t value)
{
    value = htobe32(value);
    put(offset, &value, sizeof value);
}

static void be64(size_t offset, uint64_t value)
{
    value = htobe64(value);
    put(offset, &value, sizeof value);
}

static void le32(size_t offset, uint32_t value)
{
    value = htole32(value);
    put(offset, &value, sizeof value);
}

static void le64(size_t offset, uint64_t value)
{
    value = htole64(value);
    put(offset, &value, sizeof value);
}

static void make_qcow2(uint32_t version)
{
    memset(image, 0, sizeof image);
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

static void qcow2_backing(size_t offset, const char *name, uint32_t size)
{
    be64(8, offset);
    be32(16, size);
    put(offset, name, strlen(name));
}

static size_t extension(size_t offset, uint32_t type, const char *text)
{
    be32(offset, type);
    be32(offset + 4, (uint32_t)strlen(text));
    put(offset + 8, text, strlen(text));
    return offset + 8 + (strlen(text) + 7) / 8 * 8;
}

static void make_qed(void)
{
    memset(image, 0, sizeof image);
    put(0, "QED\0", 4);
    le32(4, 65536);
    le32(8, 4);
    le32(12, 1);
    le64(40, 65536);
    le64(48, 10 * MIB);
}

static void make_vmdk(const char *descriptor)
{
    memset(image, 0, sizeof image);
    put(0, "KDMV", 4);
    le32(4, 1);
    le64(12, 20480);
    le64(28, 1);
    le64(36, 20);
    put(512, descriptor, strlen(descriptor));
}

static void make_vdi(void)
{
    memset(image, 0, sizeof image);
    le32(64, 0xbeda107f);
    le32(68, 0x00010001);
    le64(368, 10 * MIB);
}

static void make_vpc(uint32_t type)
{
    memset(image, 0, sizeof image);
    put(0, "conectix", 8);
    put(28, "qemu", 4);
    be64(48, UINT64_C(302) * 4 * 17 * 512);
    be32(56, 302 << 16 | 4 << 8 | 17);
    be32(60, type);
}

static int probe_length(size_t length, enum image_format format, struct image_info *info,
                        error **err)
{
    /* A copy that ends where the header ends, so that a sanitizer sees an overrun. */
    AUTO_FREE uint8_t *exact = malloc(length + !length);

    memcpy(exact, image, length);
    return image_probe(exact, length, length < sizeof image ? length : MIB, format, info, err);
}

static int probe(struct image_info *info, error **err)
{
    return probe_length(sizeof image, IMAGE_DETECT, info, err);
}

static void assert_info(enum image_format format, uint64_t size)
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
    assert_false(info.split);
}

static void assert_fails_at(size_t length, enum image_format format, enum status kind,
                            const char *part)
{
    struct image_info info;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(probe_length(length, format, &info, &err), -1);
    assert_int_equal(error_status(err), kind);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(err));
    assert_null(info.backing);
    assert_null(info.data_file);
}

static void assert_fails(enum status kind, const char *part)
{
    assert_fails_at(sizeof image, IMAGE_DETECT, kind, part);
}

static void assert_backing(const char *name, enum image_format format)
{
    CLEANUP(image_info_clear) struct image_info info;

    assert_int_equal(probe(&info, NULL), 0);
    assert_string_equal(info.backing, name);
    assert_int_equal(info.backing_format, format);
}

static void formats_have_the_names_of_qemu(void **state)
{
    (void)state;
    for (int i = IMAGE_RAW; i < IMAGE_FORMAT_COUNT; i++)
        assert_int_equal(image_format_from_name(image_format_name((enum image_format)i)), i);
    assert_int_equal(image_format_from_name("qcow2"), IMAGE_QCOW2);
    assert_int_equal(image_format_from_name("QCOW2"), IMAGE_DETECT);
    assert_int_equal(image_format_from_name("auto"), IMAGE_DETECT);
    assert_int_equal(image_format_from_name(""), IMAGE_DETECT);
    assert_string_equal(image_format_name(IMAGE_FORMAT_COUNT), "unknown");
    assert_string_equal(image_format_name((enum image_format) - 1), "unknown");
}

static void anything_without_a_signature_is_raw(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    assert_info(IMAGE_RAW, MIB);
    put(510, "\x55\xaa", 2);
    put(1, "QFI\xfb", 4);
    assert_info(IMAGE_RAW, MIB);
    put(0, "QED\x01", 4);
    assert_info(IMAGE_RAW, MIB);
}

static void a_file_shorter_than_any_signature_is_raw(void **state)
{
    struct image_info info;

    (void)state;
    make_qcow2(3);
    for (size_t length = 0; length < 4; length++) {
        assert_int_equal(probe_length(length, IMAGE_DETECT, &info, NULL), 0);
        assert_int_equal(info.format, IMAGE_RAW);
        assert_int_equal(info.virtual_size, length);
    }
}

static void raw_at_its_word_is_not_looked_at(void **state)
{
    struct image_info info;

    (void)state;
    make_qcow2(3);
    assert_int_equal(image_probe(image, sizeof image, 12345, IMAGE_RAW, &info, NULL), 0);
    assert_int_equal(info.format, IMAGE_RAW);
    assert_int_equal(info.virtual_size, sizeof image); /* no less than what was read */
    assert_int_equal(image_probe(NULL, 0, 12345, IMAGE_RAW, &info, NULL), 0);
    assert_int_equal(info.virtual_size, 12345);
}

static void every_format_is_detected_with_its_size(void **state)
{
    (void)state;
    make_qcow2(2);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    make_qcow2(3);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    make_qed();
    assert_info(IMAGE_QED, 10 * MIB);
    make_vmdk("# Disk DescriptorFile\nparentCID=ffffffff\n");
    assert_info(IMAGE_VMDK, 10 * MIB);
    make_vdi();
    assert_info(IMAGE_VDI, 10 * MIB);
    make_vpc(3);
    assert_info(IMAGE_VPC, 10514432);
    memset(image, 0, sizeof image);
    put(0, "vhdxfile", 8);
    assert_info(IMAGE_VHDX, 0);
}

static void esx_sparse_extents_are_vmdk(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    put(0, "COWD", 4);
    le32(12, UINT32_MAX);
    assert_info(IMAGE_VMDK, (uint64_t)UINT32_MAX * 512);
    assert_fails_at(43, IMAGE_DETECT, STATUS_CORRUPT, "truncated");
}

static void assert_needs(enum image_format format, size_t signature_end, size_t header)
{
    struct image_info info;

    for (size_t length = signature_end; length < header; length++)
        assert_fails_at(length, IMAGE_DETECT, STATUS_CORRUPT, "truncated");
    for (size_t length = 0; length < header; length++)
        assert_int_equal(probe_length(length, format, &info, NULL), -1);
}

static void headers_cut_short_at_any_length_are_truncated(void **state)
{
    (void)state;
    make_qcow2(2);
    assert_needs(IMAGE_QCOW2, 4, 72);
    make_qcow2(3);
    assert_needs(IMAGE_QCOW2, 4, 104);
    make_qed();
    assert_needs(IMAGE_QED, 4, 64);
    make_vmdk("# Disk DescriptorFile\n");
    assert_needs(IMAGE_VMDK, 4, 79);
    make_vdi();
    assert_needs(IMAGE_VDI, 68, 456);
    make_vpc(3);
    assert_needs(IMAGE_VPC, 8, 512);
}

static void a_format_at_its_word_must_have_its_signature(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    assert_fails_at(sizeof image, IMAGE_QCOW2, STATUS_CORRUPT, "no qcow2 signature");
    assert_fails_at(sizeof image, IMAGE_QED, STATUS_CORRUPT, "no QED signature");
    assert_fails_at(sizeof image, IMAGE_VMDK, STATUS_CORRUPT, "neither a VMDK header");
    assert_fails_at(sizeof image, IMAGE_VDI, STATUS_CORRUPT, "no VDI signature");
    assert_fails_at(sizeof image, IMAGE_VHDX, STATUS_CORRUPT, "no VHDX signature");
    assert_fails_at(sizeof image, IMAGE_FORMAT_COUNT, STATUS_UNSUPPORTED, "no image format");
}

static void a_fixed_vpc_at_its_word_has_its_footer_at_the_end(void **state)
{
    struct image_info info;

    (void)state;
    memset(image, 0, sizeof image);
    assert_int_equal(probe_length(sizeof image, IMAGE_VPC, &info, NULL), 0);
    assert_int_equal(info.format, IMAGE_VPC);
    assert_int_equal(info.virtual_size, 0);
}

static void qcow_version_1_and_versions_to_come_are_unsupported(void **state)
{
    (void)state;
    make_qcow2(2);
    be32(4, 1);
    assert_fails(STATUS_UNSUPPORTED, "qcow version 1");
    be32(4, 0);
    assert_fails(STATUS_UNSUPPORTED, "qcow2 version 0");
    be32(4, 4);
    assert_fails(STATUS_UNSUPPORTED, "qcow2 version 4");
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
    assert_fails(STATUS_CORRUPT, "cluster_bits are 8");
    be32(20, 22);
    assert_fails(STATUS_CORRUPT, "cluster_bits are 22");
    be32(20, UINT32_MAX);
    assert_fails(STATUS_CORRUPT, "cluster_bits are 4294967295");
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
    assert_fails(STATUS_CORRUPT, "header_length is 103");
    be32(100, 513);
    assert_fails(STATUS_CORRUPT, "header_length is 513");
    be32(100, UINT32_MAX);
    assert_fails(STATUS_CORRUPT, "header_length");
}

static void qcow2_may_claim_4_eib_and_no_more(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(24, IMAGE_MAX_SIZE);
    assert_info(IMAGE_QCOW2, IMAGE_MAX_SIZE);
    be64(24, IMAGE_MAX_SIZE + 1);
    assert_fails(STATUS_CORRUPT, "claims 4611686018427387905 bytes");
    be64(24, UINT64_MAX);
    assert_fails(STATUS_CORRUPT, "claims 18446744073709551615 bytes");
}

static void qcow2_without_its_l1_table_is_truncated(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(40, MIB - 1);
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be64(40, MIB);
    assert_fails(STATUS_CORRUPT, "truncated: its L1 table is at byte 1048576");
    be64(40, UINT64_MAX);
    assert_fails(STATUS_CORRUPT, "truncated");
    be32(36, 0); /* an image of no bytes has none */
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void qcow2_encryption_is_reported(void **state)
{
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    make_qcow2(3);
    for (uint32_t method = 1; method <= 2; method++) {
        be32(32, method);
        assert_int_equal(probe(&info, NULL), 0);
        assert_true(info.encrypted);
    }
    be32(32, 3);
    assert_fails(STATUS_UNSUPPORTED, "encryption method 3");
}

static void qcow2_names_its_backing_file(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_backing(512, "base.img", 8);
    assert_backing("base.img", IMAGE_DETECT);
    extension(112, 0xe2792aca, "raw");
    assert_backing("base.img", IMAGE_RAW);
    make_qcow2(2);
    extension(72, 0xe2792aca, "qcow2");
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
    assert_fails(STATUS_CORRUPT, "outside the first cluster");
    be64(8, 65536);
    be32(16, 1);
    assert_fails(STATUS_CORRUPT, "outside the first cluster");
    be64(8, UINT64_MAX);
    assert_fails(STATUS_CORRUPT, "outside the first cluster");
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
    assert_fails(STATUS_CORRUPT, "1024 bytes, more than 1023");
    be32(16, UINT32_MAX);
    assert_fails(STATUS_CORRUPT, "4294967295 bytes");
}

static void qcow2_backing_name_beyond_the_file_is_truncated(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(40, 200);
    qcow2_backing(512, "base.img", 8);
    assert_fails_at(519, IMAGE_DETECT, STATUS_CORRUPT, "truncated: the name of its backing file");
}

static void qcow2_backing_name_beyond_what_was_read_is_unsupported(void **state)
{
    (void)state;
    make_qcow2(3);
    be32(20, 21);
    be64(8, sizeof image);
    be32(16, 8);
    assert_fails(STATUS_UNSUPPORTED, "beyond the first 65536 bytes");
}

static void qcow2_backing_name_with_a_nul_is_corrupt(void **state)
{
    (void)state;
    make_qcow2(3);
    qcow2_backing(512, "base.img", 9);
    assert_fails(STATUS_CORRUPT, "NUL");
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
    extension(112, 0xe2792aca, "host_device");
    qcow2_backing(512, "/dev/sdx", 8);
    assert_backing("/dev/sdx", IMAGE_RAW);
}

static void an_unknown_backing_format_is_unsupported(void **state)
{
    (void)state;
    make_qcow2(3);
    extension(112, 0xe2792aca, "luks");
    qcow2_backing(512, "base.img", 8);
    assert_fails(STATUS_UNSUPPORTED, "\"luks\"");
}

static void header_extensions_are_walked_in_any_order(void **state)
{
    (void)state;
    make_qcow2(3);
    size_t next = extension(112, 0x6803f857, "features, whatever they are");
    next = extension(next, 0x12345678, "");
    extension(next, 0xe2792aca, "qed");
    qcow2_backing(512, "base.img", 8);
    assert_backing("base.img", IMAGE_QED);
}

static void what_stands_behind_the_end_marker_is_ignored(void **state)
{
    (void)state;
    make_qcow2(3);
    extension(120, 0xe2792aca, "qed");
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
    assert_fails(STATUS_CORRUPT, "header extension at byte 112 has 9 bytes");
    be32(116, UINT32_MAX);
    assert_fails(STATUS_CORRUPT, "header extension");
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
    extension(112, 0x44415441, "disk.raw");
    assert_int_equal(probe(&info, NULL), 0);
    assert_string_equal(info.data_file, "disk.raw");
}

static void a_data_file_without_the_feature_is_none(void **state)
{
    (void)state;
    make_qcow2(3);
    extension(112, 0x44415441, "disk.raw");
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void the_data_file_feature_without_a_name_is_corrupt(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(72, 4);
    assert_fails(STATUS_CORRUPT, "does not name");
    extension(112, 0x44415441, "");
    assert_fails(STATUS_CORRUPT, "does not name");
}

static void a_data_file_named_twice_is_corrupt(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(72, 4);
    extension(extension(112, 0x44415441, "a"), 0x44415441, "b");
    assert_fails(STATUS_CORRUPT, "twice");
}

static void unknown_incompatible_features_are_unsupported(void **state)
{
    (void)state;
    make_qcow2(3);
    be64(72, 0x1b); /* all but the data file */
    assert_info(IMAGE_QCOW2, 10 * MIB);
    be64(72, 0x20);
    assert_fails(STATUS_UNSUPPORTED, "0x20");
    be64(72, UINT64_C(1) << 63);
    assert_fails(STATUS_UNSUPPORTED, "0x8000000000000000");
    be32(4, 2); /* version 2 has no such field */
    be64(72, 0);
    assert_info(IMAGE_QCOW2, 10 * MIB);
}

static void qed_names_its_backing_file(void **state)
{
    (void)state;
    make_qed();
    le64(16, 1);
    le32(56, 64);
    le32(60, 8);
    put(64, "base.img", 8);
    assert_backing("base.img", IMAGE_DETECT);
    le64(16, 5);
    assert_backing("base.img", IMAGE_RAW);
    le64(16, 4);
    assert_info(IMAGE_QED, 10 * MIB);
}

static void qed_backing_name_is_bounded(void **state)
{
    (void)state;
    make_qed();
    le64(16, 1);
    le32(56, 65529);
    le32(60, 8);
    assert_fails(STATUS_CORRUPT, "outside the header");
    le32(56, UINT32_MAX);
    assert_fails(STATUS_CORRUPT, "outside the header");
    le32(60, UINT32_MAX);
    assert_fails(STATUS_CORRUPT, "outside the header");
    le32(12, UINT32_MAX);
    le32(60, 8);
    assert_fails(STATUS_CORRUPT, "truncated");
    le32(56, sizeof image);
    assert_fails(STATUS_UNSUPPORTED, "beyond the first");
}

static void qed_without_its_l1_table_is_truncated(void **state)
{
    (void)state;
    make_qed();
    le64(40, MIB);
    assert_fails(STATUS_CORRUPT, "truncated: its L1 table");
    le64(40, 65536);
    le64(16, 8);
    assert_fails(STATUS_UNSUPPORTED, "unknown QED features: 0x8");
}

static void a_descriptor_alone_is_a_split_vmdk(void **state)
{
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    memset(image, 0, sizeof image);
    put(0, "# Disk DescriptorFile\n", 22);
    assert_int_equal(probe(&info, NULL), 0);
    assert_int_equal(info.format, IMAGE_VMDK);
    assert_true(info.split);
}

static void a_vmdk_of_no_sectors_is_what_its_descriptor_says(void **state)
{
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    make_vmdk("# Disk DescriptorFile\nRW 1 FLAT \"/etc/shadow\" 0\n");
    le64(12, 0);
    assert_int_equal(probe(&info, NULL), 0);
    assert_true(info.split);
}

static void a_vmdk_names_its_parent(void **state)
{
    (void)state;
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint=\"base.vmdk\"\n");
    assert_backing("base.vmdk", IMAGE_VMDK);
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint=\"base.vmdk");
    assert_fails(STATUS_CORRUPT, "names no parent");
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint=\"\"");
    assert_fails(STATUS_CORRUPT, "names no parent");
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint");
    assert_fails(STATUS_CORRUPT, "names no parent");
}

static void vmdk_sectors_do_not_overflow(void **state)
{
    (void)state;
    make_vmdk("");
    le64(12, UINT64_MAX);
    assert_fails(STATUS_CORRUPT, "claims 18446744073709551615 sectors");
    le64(12, UINT64_MAX / 512);
    assert_fails(STATUS_CORRUPT, "claims 18446744073709551104 bytes");
    le64(12, IMAGE_MAX_SIZE / 512);
    assert_info(IMAGE_VMDK, IMAGE_MAX_SIZE);
}

static void a_vmdk_descriptor_is_where_we_can_read_it(void **state)
{
    (void)state;
    make_vmdk("");
    le64(28, 0);
    assert_info(IMAGE_VMDK, 10 * MIB);
    le64(28, (sizeof image - 10240) / 512);
    assert_info(IMAGE_VMDK, 10 * MIB);
    le64(28, (sizeof image - 10240) / 512 + 1);
    assert_fails(STATUS_UNSUPPORTED, "descriptor lies beyond");
    le64(28, sizeof image / 512);
    assert_fails(STATUS_UNSUPPORTED, "descriptor lies beyond");
    le64(28, MIB / 512);
    assert_fails(STATUS_CORRUPT, "truncated: its descriptor");
    le64(28, UINT64_MAX);
    assert_fails(STATUS_CORRUPT, "truncated: its descriptor");
}

static void differencing_images_are_unsupported(void **state)
{
    (void)state;
    make_vdi();
    image[440 + 15] = 1;
    assert_fails(STATUS_UNSUPPORTED, "differencing VDI");
    make_vdi();
    image[424] = 1;
    assert_fails(STATUS_UNSUPPORTED, "differencing VDI");
    make_vpc(4);
    assert_fails(STATUS_UNSUPPORTED, "differencing VHD");
}

static void other_vdi_versions_are_unsupported(void **state)
{
    (void)state;
    make_vdi();
    le32(68, 2);
    assert_fails(STATUS_UNSUPPORTED, "VDI version 0.2");
}

static void vpc_says_a_size_only_where_all_of_qemu_agree(void **state)
{
    (void)state;
    make_vpc(3);
    be64(48, 11 * MIB);
    assert_info(IMAGE_VPC, 0);
    put(28, "win ", 4);
    assert_info(IMAGE_VPC, 11 * MIB);
    put(28, "qemu", 4);
    be32(56, 0xffff10ff);
    be64(48, UINT64_C(200) << 30);
    assert_info(IMAGE_VPC, UINT64_C(200) << 30);
    be64(48, UINT64_MAX);
    assert_fails(STATUS_CORRUPT, "claims");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(formats_have_the_names_of_qemu),
        T(anything_without_a_signature_is_raw),
        T(a_file_shorter_than_any_signature_is_raw),
        T(raw_at_its_word_is_not_looked_at),
        T(every_format_is_detected_with_its_size),
        T(esx_sparse_extents_are_vmdk),
        T(headers_cut_short_at_any_length_are_truncated),
        T(a_format_at_its_word_must_have_its_signature),
        T(a_fixed_vpc_at_its_word_has_its_footer_at_the_end),
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
        T(qed_names_its_backing_file),
        T(qed_backing_name_is_bounded),
        T(qed_without_its_l1_table_is_truncated),
        T(a_descriptor_alone_is_a_split_vmdk),
        T(a_vmdk_of_no_sectors_is_what_its_descriptor_says),
        T(a_vmdk_names_its_parent),
        T(vmdk_sectors_do_not_overflow),
        T(a_vmdk_descriptor_is_where_we_can_read_it),
        T(differencing_images_are_unsupported),
        T(other_vdi_versions_are_unsupported),
        T(vpc_says_a_size_only_where_all_of_qemu_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
