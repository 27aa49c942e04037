/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_chain_open() on images that were cut into pieces. */
#include "lib/image-files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Pieces of that many bytes each, from number `from` to `to`. */
static void make_pieces(const char *name, unsigned from, unsigned to, off_t size)
{
    for (; from <= to; from++) {
        char path[64];
        snprintf(path, sizeof path, "%s.%03u", name, from);
        make_raw(path, size);
    }
}

static void pieces_are_one_disk_in_their_order(void **state)
{
    (void)state;
    make_pieces("a", 1, 3, 1 << 20);
    make_raw("a.004", 1000);
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("a.001", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 5);
    assert_int_equal(chain->size, (3 << 20) + 512);
    assert_int_equal(chain->layers[0].format, IMAGE_VMDK);
    for (size_t i = 1; i < 5; i++) {
        char path[16];
        snprintf(path, sizeof path, "a.%03zu", i);
        assert_string_equal(chain->layers[i].path, path);
        assert_int_equal(chain->layers[i].role, IMAGE_ROLE_EXTENT);
        assert_int_equal(chain->layers[i].format, IMAGE_RAW);
        assert_int_equal(chain->layers[i].size, i < 4 ? 1 << 20 : 512);
    }
}

static void one_alone_is_an_image(void **state)
{
    (void)state;
    make_raw("lone.001", 512);
    make_pieces("lone2", 2, 3, 512);
    make_raw(".001", 512);
    make_raw(".002", 512);
    AUTO_IMAGE_CHAIN struct image_chain *lone = open_chain("lone.001", BACKING_SAME_DIR);
    AUTO_IMAGE_CHAIN struct image_chain *second = open_chain("lone2.002", BACKING_SAME_DIR);
    AUTO_IMAGE_CHAIN struct image_chain *nameless = open_chain(".001", BACKING_SAME_DIR);
    assert_int_equal(lone->count, 1);
    assert_int_equal(second->count, 1);
    assert_int_equal(nameless->count, 1);
}

/* Copies that are numbered are not pieces, whatever they are called. */
static void one_that_is_larger_than_the_first_is_another_image(void **state)
{
    (void)state;
    make_raw("copy.001", 512);
    make_raw("copy.002", 1024);
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("copy.001", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 1);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    make_pieces("sub/gap", 1, 2, 512);
    make_pieces("sub/gap", 5, 5, 512);
    assert_refused("sub/gap.001", ERROR_CORRUPT, "another piece, sub/gap.003, is missing");
    make_pieces("late", 1, 1, 512);
    make_pieces("late", 999, 999, 512);
    assert_refused("late.001", ERROR_CORRUPT, "another piece, late.002, is missing");
}

static void one_that_is_too_short_is_named(void **state)
{
    (void)state;
    make_pieces("short", 1, 3, 1024);
    make_raw("short.002", 512);
    assert_refused("short.001", ERROR_CORRUPT, "piece 2 has 512 bytes");
    make_pieces("odd", 1, 2, 1000);
    assert_refused("odd.001", ERROR_CORRUPT, "piece 1 has 1000 bytes");
}

static void there_are_not_more_than_a_chain_has(void **state)
{
    (void)state;
    make_pieces("many", 1, IMAGE_EXTENTS_MAX, 512);
    AUTO_IMAGE_CHAIN struct image_chain *most = open_chain("many.001", BACKING_SAME_DIR);
    assert_int_equal(most->count, IMAGE_EXTENTS_MAX + 1);
    make_pieces("many", IMAGE_EXTENTS_MAX + 1, IMAGE_EXTENTS_MAX + 1, 512);
    assert_refused("many.001", ERROR_REFUSED, "the image has 64 pieces, more than 63");
}

static void a_format_that_is_known_is_of_one_file(void **state)
{
    struct image_chain *chain = NULL;

    (void)state;
    make_pieces("raw", 1, 2, 512);
    assert_int_equal(image_chain_open("raw.001", IMAGE_RAW, 512, BACKING_SAME_DIR, &chain, NULL),
                     0);
    assert_int_equal(chain->count, 1);
    image_chain_free(chain);
    make_qcow2_file("other.001", NULL, NULL);
    make_raw("other.002", 512);
    AUTO_IMAGE_CHAIN struct image_chain *detected = open_chain("other.001", BACKING_SAME_DIR);
    assert_int_equal(detected->count, 1);
}

static void the_policy_holds_for_pieces(void **state)
{
    (void)state;
    make_pieces("deny", 1, 2, 512);
    assert_policy_refuses("deny.001", BACKING_DENY, ERROR_REFUSED,
                          "it is the first of 2 pieces of an image, and --backing=deny");
    /* Who may write to the directory must not choose what we read. */
    make_raw("link.001", 4096);
    make_raw("target", 512);
    assert_int_equal(symlink("target", "link.002"), 0);
    assert_policy_refuses("link.001", BACKING_SAME_DIR, ERROR_REFUSED, "a symbolic link");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("link.001", BACKING_ALLOW);
    assert_int_equal(chain->count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_one_disk_in_their_order),
        cmocka_unit_test(one_alone_is_an_image),
        cmocka_unit_test(one_that_is_larger_than_the_first_is_another_image),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(one_that_is_too_short_is_named),
        cmocka_unit_test(there_are_not_more_than_a_chain_has),
        cmocka_unit_test(a_format_that_is_known_is_of_one_file),
        cmocka_unit_test(the_policy_holds_for_pieces),
    };
    return cmocka_run_group_tests(tests, enter_image_directory, leave_image_directory);
}
