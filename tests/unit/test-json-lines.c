/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json-lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void text_stays_as_it_is(void **state)
{
    json_t *object = json_object();

    (void)state;
    assert_int_equal(json_lines_set_string(object, "name", "caf\u00e9\n", 6), 0);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "caf\u00e9\n");
    assert_null(json_object_get(object, "name_b64"));
    json_decref(object);
}

static void json_takes_an_empty_value(void **state)
{
    json_t *object = json_object();

    (void)state;
    assert_int_equal(json_lines_set_string(object, "name", NULL, 0), 0);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "");
    json_decref(object);
}

static void json_bytes_stand_again_in_base64(void **state)
{
    json_t *object = json_object();

    (void)state;
    assert_int_equal(json_lines_set_string(object, "name",
                                           "a\xff"
                                           "b",
                                           3),
                     0);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "a\ufffd"
                                                                            "b");
    assert_string_equal(json_string_value(json_object_get(object, "name_b64")), "Yf9i");
    json_decref(object);
}

static void json_replaces_u0000(void **state)
{
    json_t *object = json_object();

    (void)state;
    assert_int_equal(json_lines_set_string(object, "name", "a\0b", 3), 0);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "a\ufffd"
                                                                            "b");
    assert_string_equal(json_string_value(json_object_get(object, "name_b64")), "YQBi");
    json_decref(object);
}

static void json_array_of_text_has_no_twin(void **state)
{
    static const char *const names[] = {"a", "b"};
    json_t *object = json_object();

    (void)state;
    assert_int_equal(json_lines_set_strings(object, "images", names, 2), 0);
    assert_int_equal(json_lines_set_strings(object, "none", NULL, 0), 0);
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"images\":[\"a\",\"b\"],\"none\":[]}");
    json_decref(object);
}

static void json_array_stands_again_whole(void **state)
{
    static const char *const names[] = {"a", "\xff"};
    json_t *object = json_object();

    (void)state;
    assert_int_equal(json_lines_set_strings(object, "images", names, 2), 0);
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"images\":[\"a\",\"\ufffd\"],\"images_b64\":[\"YQ==\",\"/w==\"]}");
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_as_it_is),
        cmocka_unit_test(json_takes_an_empty_value),
        cmocka_unit_test(json_bytes_stand_again_in_base64),
        cmocka_unit_test(json_replaces_u0000),
        cmocka_unit_test(json_array_of_text_has_no_twin),
        cmocka_unit_test(json_array_stands_again_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
