/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_probe(): detection, and the headers of all formats but qcow2 (test-image-qcow2.c). */
#include "lib/image-maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void make_qed(void)
{
    memset(header, 0, sizeof header);
    put(0, "QED\0", 4);
    le32(4, 65536);
    le32(8, 4);
    le32(12, 1);
    le64(40, 65536);
    le64(48, 10 * MIB);
}

static void make_vmdk(const char *descriptor)
{
    memset(header, 0, sizeof header);
    put(0, "KDMV", 4);
    le32(4, 1);
    le64(12, 20480);
    le64(28, 1);
    le64(36, 20);
    put(512, descriptor, strlen(descriptor));
}

static void make_vdi(void)
{
    memset(header, 0, sizeof header);
    le32(64, 0xbeda107f);
    le32(68, 0x00010001);
    le64(368, 10 * MIB);
}

static void make_vpc(uint32_t type)
{
    memset(header, 0, sizeof header);
    put(0, "conectix", 8);
    put(28, "qemu", 4);
    be64(48, UINT64_C(302) * 4 * 17 * 512);
    be32(56, 302 << 16 | 4 << 8 | 17);
    be32(60, type);
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
    memset(header, 0, sizeof header);
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
    assert_int_equal(image_probe(header, sizeof header, 12345, IMAGE_RAW, &info, NULL), 0);
    assert_int_equal(info.format, IMAGE_RAW);
    assert_int_equal(info.virtual_size, sizeof header); /* no less than what was read */
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
    memset(header, 0, sizeof header);
    put(0, "vhdxfile", 8);
    assert_info(IMAGE_VHDX, 0);
}

static void esx_sparse_extents_are_vmdk(void **state)
{
    (void)state;
    memset(header, 0, sizeof header);
    put(0, "COWD", 4);
    le32(12, UINT32_MAX);
    assert_info(IMAGE_VMDK, (uint64_t)UINT32_MAX * 512);
    assert_fails_at(43, IMAGE_DETECT, ERROR_CORRUPT, "truncated");
}

static void assert_needs(enum image_format format, size_t signature_end, size_t header_end)
{
    struct image_info info;

    for (size_t length = signature_end; length < header_end; length++)
        assert_fails_at(length, IMAGE_DETECT, ERROR_CORRUPT, "truncated");
    for (size_t length = 0; length < header_end; length++)
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
    memset(header, 0, sizeof header);
    assert_fails_at(sizeof header, IMAGE_QCOW2, ERROR_CORRUPT, "no qcow2 signature");
    assert_fails_at(sizeof header, IMAGE_QED, ERROR_CORRUPT, "no QED signature");
    assert_fails_at(sizeof header, IMAGE_VMDK, ERROR_CORRUPT, "neither a VMDK header");
    assert_fails_at(sizeof header, IMAGE_VDI, ERROR_CORRUPT, "no VDI signature");
    assert_fails_at(sizeof header, IMAGE_VHDX, ERROR_CORRUPT, "no VHDX signature");
    assert_fails_at(sizeof header, IMAGE_FORMAT_COUNT, ERROR_UNSUPPORTED, "no image format");
}

static void a_fixed_vpc_at_its_word_has_its_footer_at_the_end(void **state)
{
    struct image_info info;

    (void)state;
    memset(header, 0, sizeof header);
    assert_int_equal(probe_length(sizeof header, IMAGE_VPC, &info, NULL), 0);
    assert_int_equal(info.format, IMAGE_VPC);
    assert_int_equal(info.virtual_size, 0);
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
    assert_fails(ERROR_CORRUPT, "outside the header");
    le32(56, UINT32_MAX);
    assert_fails(ERROR_CORRUPT, "outside the header");
    le32(60, UINT32_MAX);
    assert_fails(ERROR_CORRUPT, "outside the header");
    le32(12, UINT32_MAX);
    le32(60, 8);
    assert_fails(ERROR_CORRUPT, "truncated");
    le32(56, sizeof header);
    assert_fails(ERROR_UNSUPPORTED, "beyond the first");
}

static void qed_without_its_l1_table_is_truncated(void **state)
{
    (void)state;
    make_qed();
    le64(40, MIB);
    assert_fails(ERROR_CORRUPT, "truncated: its L1 table");
    le64(40, 65536);
    le64(16, 8);
    assert_fails(ERROR_UNSUPPORTED, "unknown QED features: 0x8");
}

static void a_vmdk_of_no_sectors_is_what_its_descriptor_says(void **state)
{
    (void)state;
    make_vmdk("# Disk DescriptorFile\nRW 1 FLAT \"/etc/shadow\" 0\n");
    le64(12, 0);
    assert_fails(ERROR_UNSUPPORTED, "whose descriptor is inside");
}

static void parallels_has_two_signatures(void **state)
{
    (void)state;
    memset(header, 0, sizeof header);
    put(0, "WithoutFreeSpace", 16);
    le32(16, 2);
    le64(36, (UINT64_C(7) << 32) + 20480);
    assert_info(IMAGE_PARALLELS, 10 * MIB); /* 32 bits count */
    assert_needs(IMAGE_PARALLELS, 16, 64);
    put(0, "WithouFreSpacExt", 16);
    le64(36, UINT64_C(1) << 32);
    assert_info(IMAGE_PARALLELS, UINT64_C(1) << 41);
    le64(36, UINT64_MAX / 512 + 1);
    assert_fails(ERROR_CORRUPT, "sectors");
    le64(36, UINT64_MAX / 512);
    assert_fails(ERROR_CORRUPT, "more than any disk");
    le32(16, 3);
    assert_fails(ERROR_UNSUPPORTED, "Parallels version 3");
    put(0, "WithouFreeSpaces", 16);
    assert_fails_at(sizeof header, IMAGE_PARALLELS, ERROR_CORRUPT, "no Parallels signature");
}

static void parallels_has_its_extension_inside(void **state)
{
    (void)state;
    memset(header, 0, sizeof header);
    put(0, "WithouFreSpacExt", 16);
    le32(16, 2);
    le64(36, 20480);
    le64(56, 1);
    assert_info(IMAGE_PARALLELS, 10 * MIB);
    le64(56, UINT64_C(1) << 54);
    assert_fails(ERROR_CORRUPT, "extension");
    le64(56, UINT64_C(0x7fffffff00000000));
    assert_fails(ERROR_CORRUPT, "extension");
}

static void a_vmdk_names_its_parent(void **state)
{
    (void)state;
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint=\"base.vmdk\"\n");
    assert_backing("base.vmdk", IMAGE_VMDK);
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint=\"base.vmdk");
    assert_fails(ERROR_CORRUPT, "names no parent");
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint=\"\"");
    assert_fails(ERROR_CORRUPT, "names no parent");
    make_vmdk("# Disk DescriptorFile\nparentFileNameHint");
    assert_fails(ERROR_CORRUPT, "names no parent");
}

static void vmdk_sectors_do_not_overflow(void **state)
{
    (void)state;
    make_vmdk("");
    le64(12, UINT64_MAX);
    assert_fails(ERROR_CORRUPT, "claims 18446744073709551615 sectors");
    le64(12, UINT64_MAX / 512);
    assert_fails(ERROR_CORRUPT, "claims 18446744073709551104 bytes");
    le64(12, IMAGE_MAX_SIZE / 512);
    assert_info(IMAGE_VMDK, IMAGE_MAX_SIZE);
}

static void a_vmdk_descriptor_is_where_we_can_read_it(void **state)
{
    (void)state;
    make_vmdk("");
    le64(28, 0);
    assert_info(IMAGE_VMDK, 10 * MIB);
    le64(28, (sizeof header - 10240) / 512);
    assert_info(IMAGE_VMDK, 10 * MIB);
    le64(28, (sizeof header - 10240) / 512 + 1);
    assert_fails(ERROR_UNSUPPORTED, "descriptor lies beyond");
    le64(28, sizeof header / 512);
    assert_fails(ERROR_UNSUPPORTED, "descriptor lies beyond");
    le64(28, MIB / 512);
    assert_fails(ERROR_CORRUPT, "truncated: its descriptor");
    le64(28, UINT64_MAX);
    assert_fails(ERROR_CORRUPT, "truncated: its descriptor");
}

static void differencing_images_are_unsupported(void **state)
{
    (void)state;
    make_vdi();
    header[440 + 15] = 1;
    assert_fails(ERROR_UNSUPPORTED, "differencing VDI");
    make_vdi();
    header[424] = 1;
    assert_fails(ERROR_UNSUPPORTED, "differencing VDI");
    make_vpc(4);
    assert_fails(ERROR_UNSUPPORTED, "differencing VHD");
}

static void other_vdi_versions_are_unsupported(void **state)
{
    (void)state;
    make_vdi();
    le32(68, 2);
    assert_fails(ERROR_UNSUPPORTED, "VDI version 0.2");
}

static void vpc_has_the_size_of_its_footer_whoever_wrote_it(void **state)
{
    static const char *const creators[] = {"win ", "qemu", "vbox", "wa\0", "vpc "};
    (void)state;
    make_vpc(3); /* its geometry is another size */
    be64(48, 11 * MIB);
    for (size_t i = 0; i < sizeof creators / sizeof *creators; i++) {
        put(28, creators[i], 4);
        assert_info(IMAGE_VPC, 11 * MIB);
    }
    be32(56, 0xffff10ff);
    be64(48, UINT64_C(200) << 30);
    assert_info(IMAGE_VPC, UINT64_C(200) << 30);
    be64(48, UINT64_MAX);
    assert_fails(ERROR_CORRUPT, "claims");
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
        T(qed_names_its_backing_file),
        T(qed_backing_name_is_bounded),
        T(qed_without_its_l1_table_is_truncated),
        T(parallels_has_two_signatures),
        T(parallels_has_its_extension_inside),
        T(a_vmdk_of_no_sectors_is_what_its_descriptor_says),
        T(a_vmdk_names_its_parent),
        T(vmdk_sectors_do_not_overflow),
        T(a_vmdk_descriptor_is_where_we_can_read_it),
        T(differencing_images_are_unsupported),
        T(other_vdi_versions_are_unsupported),
        T(vpc_has_the_size_of_its_footer_whoever_wrote_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
