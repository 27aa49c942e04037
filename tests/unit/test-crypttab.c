/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/guest/crypttab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_device(const char *text, const char *name, const char *expected)
{
    char device[DEVICE_SPEC_MAX] = "";
    assert_int_equal(crypttab_find(text, strlen(text), name, device), expected != NULL);
    assert_string_equal(device, expected ? expected : "");
}

static void the_device_stands_behind_the_name(void **state)
{
    static const char text[] = "# name device key options\n"
                               "\tswap /dev/sda3 /dev/urandom swap\n"
                               "home   UUID=1234-5678\tnone luks\n"
                               "home UUID=other none\n"
                               "last PARTUUID=x";
    (void)state;
    assert_device(text, "home", "UUID=1234-5678");
    assert_device(text, "swap", "/dev/sda3");
    assert_device(text, "last", "PARTUUID=x");
    assert_device(text, "hom", NULL);
    assert_device(text, "#", NULL);
    assert_device(text, "", NULL);
    assert_device("", "home", NULL);
}

static void a_line_without_a_device_is_none(void **state)
{
    char text[DEVICE_SPEC_MAX + 8] = "long ";
    (void)state;
    assert_device("home\nnext /dev/sda1\n", "home", NULL);
    assert_device("home \t \n", "home", NULL);
    memset(text + 5, 'x', DEVICE_SPEC_MAX);
    assert_device(text, "long", NULL);
    text[DEVICE_SPEC_MAX + 4] = '\0';
    assert_device(text, "long", text + 5);
}

static void any_bytes_are_read(void **state)
{
    static const char text[] = "a\0b c\nname /dev/sdb\0 x\n";
    char device[DEVICE_SPEC_MAX] = "";
    (void)state;
    assert_true(crypttab_find(text, sizeof text - 1, "name", device));
    assert_string_equal(device, "/dev/sdb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_stands_behind_the_name),
        cmocka_unit_test(a_line_without_a_device_is_none),
        cmocka_unit_test(any_bytes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
