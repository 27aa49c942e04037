/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_probe() on a VMDK descriptor: the lines that name extents. */
#include "image/image-probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define START "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"x\"\n\n"

static int probe(const char *lines, struct image_info *info, error **err)
{
    AUTO_FREE char *text = NULL;
    int length = asprintf(&text, START "%s", lines);

    assert_true(length > 0);
    /* A copy that ends where the text ends, so that a sanitizer sees an overrun. */
    AUTO_FREE void *exact = malloc((size_t)length);
    memcpy(exact, text, (size_t)length);
    return image_probe(exact, (size_t)length, (uint64_t)length, IMAGE_DETECT, info, err);
}

static void assert_fails(const char *lines, enum error_kind kind, const char *part)
{
    struct image_info info;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(probe(lines, &info, &err), -1);
    assert_int_equal(error_kind(err), kind);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(err));
    assert_null(info.extents);
}

static void extents_are_read_in_their_order(void **state)
{
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    assert_int_equal(probe("# Extent description\r\n"
                           "RW 4194304 SPARSE \"a b-s001.vmdk\"\r\n"
                           "  RDONLY\t8 FLAT \"dir/f.vmdk\" 16\n"
                           "RW 2 VMFS \"v-flat.vmdk\"\n"
                           "RW 2 VMFSSPARSE \"v-delta.vmdk\"\n"
                           "RWX 2 FLAT \"no\" 0\n"
                           "# RW 2 FLAT \"no\" 0\n"
                           "ddb.x = \"RW 2 FLAT\"\n"
                           "RW 1 FLAT \"last\" 0",
                           &info, NULL),
                     0);
    assert_int_equal(info.format, IMAGE_VMDK);
    assert_int_equal(info.extent_count, 5);
    assert_true(info.virtual_size == UINT64_C(512) * (4194304 + 8 + 2 + 2 + 1));
    assert_string_equal(info.extents[0].name, "a b-s001.vmdk");
    assert_int_equal(info.extents[0].format, IMAGE_VMDK);
    assert_true(info.extents[0].size == UINT64_C(512) * 4194304);
    assert_string_equal(info.extents[1].name, "dir/f.vmdk");
    assert_int_equal(info.extents[1].format, IMAGE_RAW);
    assert_int_equal(info.extents[1].offset, 16 * 512);
    assert_int_equal(info.extents[2].format, IMAGE_RAW);
    assert_int_equal(info.extents[2].offset, 0);
    assert_int_equal(info.extents[3].format, IMAGE_VMDK);
    assert_string_equal(info.extents[4].name, "last");
}

static void a_descriptor_is_told_by_its_version(void **state)
{
    static const char *const descriptors[] = {
        "# Disk Descriptor File\nversion=1\nRW 1 FLAT \"x\" 0\n",
        "# saved by X\r\n#\r\n\r\nversion=3\r\nRW 1 FLAT \"x\" 0\r\n",
        "\n\n  \nVersion = 2\nRW 1 FLAT \"x\" 0\n",
        "version=1\nencoding=\"UTF-8\"\nRW 1 FLAT \"x\" 0",
    };
    static const char *const others[] = {
        "# version=1\n", "version=9\n", "version", "CID=1\n", "", "#", "version="};
    struct image_info info;

    (void)state;
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        size_t length = strlen(descriptors[i]);
        assert_int_equal(image_probe(descriptors[i], length, length, IMAGE_DETECT, &info, NULL), 0);
        assert_int_equal(info.format, IMAGE_VMDK);
        assert_int_equal(info.extent_count, 1);
        image_info_clear(&info);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t length = strlen(others[i]);
        assert_int_equal(image_probe(others[i], length, length, IMAGE_DETECT, &info, NULL), 0);
        assert_int_equal(info.format, IMAGE_RAW);
    }
}

static void what_stands_behind_a_nul_byte_is_no_descriptor(void **state)
{
    static const char text[] = "# Disk DescriptorFile\nversion=1\n\0RW 1 FLAT \"x\" 0\n";
    struct image_info info;

    (void)state;
    assert_int_equal(image_probe(text, sizeof text, sizeof text, IMAGE_VMDK, &info, NULL), -1);
}

static void a_descriptor_without_extents_is_corrupt(void **state)
{
    (void)state;
    assert_fails("", ERROR_CORRUPT, "names no extent");
    assert_fails("RW", ERROR_CORRUPT, "line 7");
    assert_fails("\nRW \n", ERROR_CORRUPT, "line 8");
}

static void lines_that_are_none_are_corrupt(void **state)
{
    static const char *const lines[] = {
        "RW 0 FLAT \"x\" 0",  "RW -1 FLAT \"x\" 0",
        "RW 1x FLAT \"x\" 0", "RW 18446744073709551616 FLAT \"x\" 0",
        "RW 1 FLAT x 0",      "RW 1 FLAT \"x",
        "RW 1 FLAT \"\" 0",   "RW 1 FLAT \"x\" y",
        "RW 1 FLAT \"x\" -1", "RW 1 SPARSE",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_fails(lines[i], ERROR_CORRUPT, "line 7 of its descriptor");
}

static void sizes_do_not_overflow(void **state)
{
    static const char *const lines[] = {
        "RW 36028797018963968 FLAT \"x\" 0",
        "RW 9007199254740992 FLAT \"x\" 0\nRW 1 FLAT \"x\" 0",
        "RW 1 FLAT \"x\" 36028797018963968",
        "RW 18446744073709551615 SPARSE \"x\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_fails(lines[i], ERROR_CORRUPT, "claims too much");
}

static void kinds_that_are_not_read_are_unsupported(void **state)
{
    (void)state;
    assert_fails("RW 1 ZERO", ERROR_UNSUPPORTED, "a kind that is not read");
    assert_fails("RW 1 SESPARSE \"x\"", ERROR_UNSUPPORTED, "a kind that is not read");
    assert_fails("RW 1 VMFSRDM \"x\"", ERROR_UNSUPPORTED, "a kind that is not read");
    assert_fails("NOACCESS 1 FLAT \"x\" 0", ERROR_UNSUPPORTED, "not to be accessed");
}

static void there_are_at_most_63_extents(void **state)
{
    AUTO_FREE char *lines = NULL;
    size_t size;
    FILE *to = open_memstream(&lines, &size);
    CLEANUP(image_info_clear) struct image_info info;

    (void)state;
    for (int i = 0; i < IMAGE_EXTENTS_MAX; i++)
        fprintf(to, "RW 1 FLAT \"x%d\" 0\n", i);
    fflush(to);
    assert_int_equal(probe(lines, &info, NULL), 0);
    fputs("RW 1 FLAT \"y\" 0\n", to);
    fclose(to);
    assert_fails(lines, ERROR_UNSUPPORTED, "more than 63 files");
}

static void a_descriptor_has_at_most_what_is_read_of_a_file(void **state)
{
    static const char text[] = START "RW 1 FLAT \"x\" 0\n";
    struct image_info info;
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_int_equal(image_probe(text, sizeof text, sizeof text + 1, IMAGE_DETECT, &info, &err),
                     -1);
    assert_int_equal(error_kind(err), ERROR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(extents_are_read_in_their_order),
        T(a_descriptor_is_told_by_its_version),
        T(what_stands_behind_a_nul_byte_is_no_descriptor),
        T(a_descriptor_without_extents_is_corrupt),
        T(lines_that_are_none_are_corrupt),
        T(sizes_do_not_overflow),
        T(kinds_that_are_not_read_are_unsupported),
        T(there_are_at_most_63_extents),
        T(a_descriptor_has_at_most_what_is_read_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
