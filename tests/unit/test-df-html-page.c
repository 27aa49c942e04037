/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/../../virt-df-live/html-page.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every name that begins with "n" is the value; the part "twice" is written so often. */
static int value(const void *data, struct html_text name, FILE *to)
{
    const struct html_text *bytes = data;

    if (*name.bytes != 'n')
        return -1;
    fwrite(bytes->bytes, 1, bytes->length, to);
    return 0;
}

static int part(const void *data, struct html_text name, struct html_text inner, FILE *to)
{
    const struct html_names names = {.data = data, .value = value};

    if (!html_text_is(name, "twice"))
        return -1;
    int first = html_page_write(inner, &names, to);
    return first | html_page_write(inner, &names, to);
}

/* The page with that value; NULL: it is malformed. */
static char *filled(const char *page, const char *bytes, size_t length)
{
    const struct html_text data = {bytes, length};
    const struct html_names names = {.data = &data, .value = value, .part = part};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    int result = html_page_write((struct html_text){page, strlen(page)}, &names, to);
    fclose(to);
    if (result == 0)
        return text;
    free(text);
    return NULL;
}

static void check(const char *page, const char *bytes, size_t length, const char *expected)
{
    AUTO_FREE char *text = filled(page, bytes, length);

    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void marks_are_replaced(void **state)
{
    (void)state;
    check("", "x", 1, "");
    check("<p>{{n}}-{{name}}</p>", "x", 1, "<p>x-x</p>");
    check("{{#twice}}[{{n}}]{{/twice}}{{n}}", "x", 1, "[x][x]x");
    check("{ {}} {{n}}", "", 0, "{ {}} ");
}

static void no_value_is_markup(void **state)
{
    static const char nasty[] = "<b a=\"1\" b='2'>&amp;{{n}}\0\x1b\n\xff</b>";

    (void)state;
    check("{{n}}", nasty, sizeof nasty - 1,
          "&lt;b a=&quot;1&quot; b=&apos;2&apos;&gt;&amp;amp;{{n}}\\x00\\x1B\\n\\xFF&lt;/b&gt;");
}

static void a_malformed_page_is_refused(void **state)
{
    static const char *const pages[] = {"{{n",
                                        "{{}}",
                                        "{{unknown}}",
                                        "{{#twice}}",
                                        "{{#other}}{{/other}}",
                                        "{{#twice}}{{x}}{{/twice}}",
                                        "{{/twice}}"};

    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        assert_null(filled(pages[i], "x", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_replaced),
        cmocka_unit_test(no_value_is_markup),
        cmocka_unit_test(a_malformed_page_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
