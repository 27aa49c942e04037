/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/guest.h"
#include "wire/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int add(struct guest *guest, const char *path)
{
    return guest_add_image(guest, path, strlen(path), IMAGE_DETECT, 0, NULL);
}

static void the_name_is_the_basename_of_the_first_image(void **state)
{
    static const struct {
        const char *path, *name;
    } names[] = {
        {"/srv/web1.qcow2", "web1.qcow2"},
        {"web1.qcow2", "web1.qcow2"},
        {"./a", "a"},
        {"dir/", "dir"},
        {"/dir//", "dir"},
        {"/", "/"},
        {"//", "/"},
        {"a/b/ c ", " c "},
        {"/x\xff", "x\xff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        AUTO_GUEST struct guest *guest = guest_new(0);
        assert_int_equal(add(guest, names[i].path), 0);
        assert_string_equal(guest->name, names[i].name);
        assert_string_equal(guest->images[0].path, names[i].path);
    }
}

static void a_uri_is_shown_without_its_password(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_int_equal(add(guest, "a.img"), 0);
    assert_false(guest_is_far(guest));
    assert_int_equal(add(guest, "http://me:secret@host/b.img"), 0);
    assert_true(guest_is_far(guest));
    assert_string_equal(guest->name, "a.img+");
    assert_null(guest->images[0].remote);
    assert_string_equal(guest->images[1].path, "http://me:***@host/b.img");
    assert_string_equal(guest->images[1].remote->password, "secret");
    assert_int_equal(guest_add_image(guest, "ftp://x/y", 9, IMAGE_DETECT, 0, &err), -1);
    assert_int_equal(error_kind(err), ERROR_UNSUPPORTED);
    assert_int_equal(guest->image_count, 2);
}

static void each_further_image_adds_a_plus(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(5);

    (void)state;
    add(guest, "/srv/a.img");
    add(guest, "/srv/b.img");
    assert_string_equal(guest->name, "a.img+");
    add(guest, "/srv/c.img");
    assert_string_equal(guest->name, "a.img++");
    assert_int_equal(guest->number, 5);
    assert_int_equal(guest->image_count, 3);
    assert_string_equal(guest->images[2].path, "/srv/c.img");
}

static void an_image_keeps_its_format_and_block_size(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(0);

    (void)state;
    assert_int_equal(guest_add_image(guest, "abc", 2, IMAGE_VDI, 4096, NULL), 0);
    assert_string_equal(guest->images[0].path, "ab");
    assert_int_equal(guest->images[0].format, IMAGE_VDI);
    assert_int_equal(guest->images[0].block_size, 4096);
}

static void a_guest_has_at_most_255_images(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_ERROR error *err = NULL;

    (void)state;
    for (int i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(add(guest, "x"), 0);
    assert_int_equal(strlen(guest->name), 255);
    assert_int_equal(guest_add_image(guest, "x", 1, IMAGE_DETECT, 0, &err), -1);
    assert_string_equal(error_message(err), "it has more than 255 images");
    assert_int_equal(guest->image_count, SLOT_COUNT);
}

static void an_empty_name_is_refused(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(0);

    (void)state;
    assert_int_equal(add(guest, ""), -1);
    assert_int_equal(guest->image_count, 0);
    assert_null(guest->name);
}

static void a_name_with_a_nul_is_refused(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_int_equal(guest_add_image(guest, "a\0b", 3, IMAGE_DETECT, 0, &err), -1);
    assert_int_equal(error_kind(err), ERROR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_the_basename_of_the_first_image),
        cmocka_unit_test(a_uri_is_shown_without_its_password),
        cmocka_unit_test(each_further_image_adds_a_plus),
        cmocka_unit_test(an_image_keeps_its_format_and_block_size),
        cmocka_unit_test(a_guest_has_at_most_255_images),
        cmocka_unit_test(an_empty_name_is_refused),
        cmocka_unit_test(a_name_with_a_nul_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
