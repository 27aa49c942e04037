/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/qmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_command_names_itself(void **state)
{
    (void)state;
    AUTO_FREE char *text = qmp_command("cont", NULL);
    assert_string_equal(text, "{\"execute\":\"cont\"}");
}

static void arguments_are_taken_over(void **state)
{
    (void)state;
    json_t *arguments = json_pack("{s:s}", "id", "a\"b\\c\n");
    json_incref(arguments);
    AUTO_FREE char *text = qmp_command("device_del", arguments);
    assert_string_equal(text,
                        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"a\\\"b\\\\c\\n\"}}");
    assert_int_equal(arguments->refcount, 1);
    json_decref(arguments);
}

static void a_reply_returns_its_value(void **state)
{
    (void)state;
    json_t *value = qmp_return("{\"return\": {\"fd\": 7}, \"id\": \"libvirt-1\"}", NULL);
    assert_int_equal(json_integer_value(json_object_get(value, "fd")), 7);
    json_decref(value);
    value = qmp_return("{\"return\": {}}", NULL);
    assert_non_null(value);
    json_decref(value);
}

static void an_error_says_what_qemu_says(void **state)
{
    AUTO_ERROR error *err = NULL;
    (void)state;
    assert_null(
        qmp_return("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no %s%n\"}}", &err));
    assert_string_equal(error_message(err), "no %s%n");
}

static void what_is_no_reply_is_an_error(void **state)
{
    static const char *const replies[] = {
        "",
        "{",
        "[]",
        "null",
        "7",
        "{}",
        "{\"error\": 7}",
        "{\"error\": {\"desc\": 7}}",
        "{\"return\": {}} trailing",
        "\xff",
    };
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        AUTO_ERROR error *err = NULL;
        assert_null(qmp_return(replies[i], &err));
        assert_non_null(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_names_itself),
        cmocka_unit_test(arguments_are_taken_over),
        cmocka_unit_test(a_reply_returns_its_value),
        cmocka_unit_test(an_error_says_what_qemu_says),
        cmocka_unit_test(what_is_no_reply_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
