/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_chain_open_on() where somebody else than the image names what backs it: no policy holds for
 * that, and the images are not asked. */
#include "lib/image-files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct layer {
    const char *path;
    enum image_format format;
};

static int open_on(const char *path, const struct layer *layers, bool complete,
                   struct image_chain **chain, error **err)
{
    AUTO_IMAGE_BACKING struct image_backing *backing = calloc(1, sizeof *backing);

    for (; layers->path; layers++)
        assert_int_equal(image_backing_add(backing, layers->path, layers->format, NULL), 0);
    backing->complete = complete;
    return image_chain_open_on(path, IMAGE_QCOW2, backing, 512, BACKING_DENY, chain, err);
}

#define LAYERS(...) ((const struct layer[]){__VA_ARGS__{NULL, IMAGE_RAW}})

static void assert_refuses(const char *path, const struct layer *layers, bool complete,
                           enum error_kind status, const char *part)
{
    struct image_chain *chain = NULL;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(open_on(path, layers, complete, &chain, &err), -1);
    assert_null(chain);
    if (!strstr(error_message(err), part))
        fail_msg("%s", error_message(err));
    assert_int_equal(error_kind(err), status);
}

static void what_is_named_is_followed_whatever_the_image_says(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_qcow2_file("over.qcow2", "/etc/passwd", "raw");
    make_qcow2_file("sub/mid.qcow2", "/etc/shadow", "raw");
    make_raw("base.raw", 512);
    assert_int_equal(open_on("over.qcow2",
                             LAYERS({"sub/mid.qcow2", IMAGE_QCOW2}, {"base.raw", IMAGE_RAW}, ),
                             true, &chain, NULL),
                     0);
    assert_int_equal(chain->count, 3);
    assert_string_equal(chain->layers[1].path, "sub/mid.qcow2");
    assert_int_equal(chain->layers[1].format, IMAGE_QCOW2);
    assert_string_equal(chain->layers[2].path, "base.raw");
    assert_int_equal(chain->layers[2].format, IMAGE_RAW);
    assert_int_equal(chain->size, 1 << 20);
}

static void a_named_format_is_not_looked_for(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_qcow2_file("over.qcow2", NULL, NULL);
    make_qcow2_file("guest.raw", "/etc/passwd", "raw"); /* raw, whatever a guest wrote there */
    assert_int_equal(open_on("over.qcow2", LAYERS({"guest.raw", IMAGE_RAW}, ), false, &chain, NULL),
                     0);
    assert_int_equal(chain->count, 2);
    assert_int_equal(chain->layers[1].format, IMAGE_RAW);
}

static void a_chain_that_is_complete_ends(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_qcow2_file("over.qcow2", "/etc/passwd", "raw");
    assert_int_equal(open_on("over.qcow2", LAYERS(), true, &chain, NULL), 0);
    assert_int_equal(chain->count, 1);
}

static void one_that_is_not_goes_on_by_the_policy(void **state)
{
    (void)state;
    make_qcow2_file("over.qcow2", NULL, NULL);
    make_qcow2_file("mid.qcow2", "base.raw", "raw");
    make_raw("base.raw", 512);
    assert_refuses("over.qcow2", LAYERS({"mid.qcow2", IMAGE_QCOW2}, ), false, ERROR_REFUSED,
                   "names a backing file, \"base.raw\"");
}

/* … which holds for the directory of the one that was named, not of the image. */
static void names_are_relative_to_what_was_named(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    AUTO_IMAGE_BACKING struct image_backing *backing = calloc(1, sizeof *backing);

    (void)state;
    make_qcow2_file("over.qcow2", NULL, NULL);
    make_qcow2_file("sub/mid.qcow2", "deep.raw", "raw");
    make_raw("sub/deep.raw", 512);
    image_backing_add(backing, "sub/mid.qcow2", IMAGE_DETECT, NULL);
    assert_int_equal(
        image_chain_open_on("over.qcow2", IMAGE_QCOW2, backing, 0, BACKING_SAME_DIR, &chain, NULL),
        0);
    assert_int_equal(chain->count, 3);
    assert_string_equal(chain->layers[2].path, "sub/deep.raw");
    image_chain_free(STEAL(chain));
    make_qcow2_file("sub/mid.qcow2", "../base.raw", "raw");
    assert_int_equal(
        image_chain_open_on("over.qcow2", IMAGE_QCOW2, backing, 0, BACKING_SAME_DIR, &chain, NULL),
        -1);
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    make_qcow2_file("over.qcow2", NULL, NULL);
    make_raw("base.raw", 512);
    assert_refuses("over.qcow2", LAYERS({"gone", IMAGE_RAW}, ), true, ERROR_UNREADABLE,
                   "backing file gone: open gone: No such file");
    assert_refuses("over.qcow2", LAYERS({"base.raw", IMAGE_RAW}, {"base.raw", IMAGE_RAW}, ), true,
                   ERROR_REFUSED, "a raw image cannot have a backing file, base.raw");
    assert_refuses("over.qcow2", LAYERS({"over.qcow2", IMAGE_QCOW2}, ), true, ERROR_CORRUPT,
                   "a loop");
    assert_refuses("over.qcow2", LAYERS({"base.raw", IMAGE_QCOW2}, ), true, ERROR_CORRUPT,
                   "backing file base.raw: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_named_is_followed_whatever_the_image_says),
        cmocka_unit_test(a_named_format_is_not_looked_for),
        cmocka_unit_test(a_chain_that_is_complete_ends),
        cmocka_unit_test(one_that_is_not_goes_on_by_the_policy),
        cmocka_unit_test(names_are_relative_to_what_was_named),
        cmocka_unit_test(what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, enter_image_directory, leave_image_directory);
}
