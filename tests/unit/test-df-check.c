/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/../../virt-df-live/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct check_limits limits = {.warn = 80, .crit = 90};

static void limits_are_read_strictly(void **state)
{
    static const char *const wrong[] = {"",
                                        "80",
                                        "warn=80",
                                        "crit=80",
                                        "warn=80,",
                                        "warn=80,crit=101",
                                        "warn=90,crit=80",
                                        "warn=1,warn=2",
                                        "warn=1,crit=2,warn=1",
                                        "warn=1,crit=2,",
                                        "warn=1,crit=-2",
                                        "WARN=1,crit=2"};
    struct check_limits read = {0};

    (void)state;
    assert_int_equal(check_parse("warn=80,crit=90", &read, NULL), 0);
    assert_true(read.warn == 80 && read.crit == 90);
    assert_int_equal(check_parse("crit=100,warn=0", &read, NULL), 0);
    assert_true(read.warn == 0 && read.crit == 100);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO_ERROR error *err = NULL;
        if (check_parse(wrong[i], &read, &err) != -1)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_non_null(strstr(error_message(err), "--check: "));
    }
}

static void add(check *self, const char *name, uint64_t used, uint64_t total)
{
    struct guest guest = {.name = (char *)name};
    const volume v = {.kind = VOLUME_PARTITION, .partition = 1};
    const struct row row = {.guest = &guest,
                            .volume = &v,
                            .filled = true,
                            .figures = {.size = total, .used = used, .inodes = 100}};

    assert_int_equal(check_add_filesystem(self, &row), 0);
}

/* New memory. */
static char *line_of(check *self, bool complete)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    check_print(self, check_state_of(self, complete), to);
    fclose(to);
    return text;
}

static void expect_state(uint64_t used, bool complete, enum check_state state)
{
    check *self = check_new(&limits, false);

    add(self, "a", used, 1000);
    check_add_guest(self, !complete);
    assert_int_equal(check_state_of(self, complete), state);
    check_free(self);
}

static void a_limit_means_fuller(void **state)
{
    (void)state;
    expect_state(800, true, CHECK_OK);
    expect_state(801, true, CHECK_WARNING);
    expect_state(900, true, CHECK_WARNING);
    expect_state(901, true, CHECK_CRITICAL);
}

static void what_is_full_counts_more_than_what_is_unknown(void **state)
{
    (void)state;
    expect_state(800, false, CHECK_UNKNOWN);
    expect_state(801, false, CHECK_WARNING);
    expect_state(901, false, CHECK_CRITICAL);
}

static void the_line_has_text_and_data(void **state)
{
    check *self = check_new(&limits, false);

    (void)state;
    add(self, "a.img", 1, 4);
    add(self, "b.img", 950, 1000);
    add(self, "c.img", 85, 100);
    check_add_guest(self, false);
    check_add_guest(self, true);
    AUTO_FREE char *text = line_of(self, false);
    assert_string_equal(
        text, "DF CRITICAL - 2 of 3 filesystems above 80%, 1 above 90%, the fullest "
              "b.img:/dev/sda1 95.0%, 1 of 2 guests failed | 'fullest'=95.0%;80;90;0;100 "
              "'filesystems'=3 'above_warn'=2 'above_crit'=1 'guests'=2 'guests_failed'=1 "
              "'a.img:/dev/sda1'=25.0%;80;90;0;100 'b.img:/dev/sda1'=95.0%;80;90;0;100 "
              "'c.img:/dev/sda1'=85.0%;80;90;0;100\n");
    check_free(self);
}

/* Neither a second line, nor a second '|', nor the end of a label. */
static void names_cannot_change_the_line(void **state)
{
    check *self = check_new(&limits, false);

    (void)state;
    add(self, "x\nDF OK - | 'y'=1\xff", 1, 4);
    check_add_guest(self, false);
    AUTO_FREE char *text = line_of(self, true);
    assert_string_equal(
        text, "DF OK - 1 filesystems, the fullest x\\nDF OK - _ 'y'=1\\xFF:/dev/sda1 25.0%, 1 "
              "guests | 'fullest'=25.0%;80;90;0;100 'filesystems'=1 'above_warn'=0 "
              "'above_crit'=0 'guests'=1 'guests_failed'=0 "
              "'x\\nDF OK - _ _y__1\\xFF:/dev/sda1'=25.0%;80;90;0;100\n");
    check_free(self);
}

static void the_line_is_short_however_many_there_are(void **state)
{
    check *self = check_new(&limits, false);
    char name[2001];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (uint64_t i = 1; i <= 100; i++)
        add(self, name, i, 200);
    check_add_guest(self, false);
    AUTO_FREE char *text = line_of(self, true);
    assert_true(strlen(text) < 1024);
    assert_null(strstr(text, "'nnn"));
    assert_non_null(strstr(text, "'fullest'=50.0%;80;90;0;100 'filesystems'=100 "));
    check_free(self);
}

static void inodes_have_limits_too(void **state)
{
    check *self = check_new(&limits, true);

    (void)state;
    add(self, "a", 100, 100); /* no inode is used */
    assert_int_equal(check_state_of(self, true), CHECK_OK);
    check_free(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_read_strictly),
        cmocka_unit_test(a_limit_means_fuller),
        cmocka_unit_test(what_is_full_counts_more_than_what_is_unknown),
        cmocka_unit_test(the_line_has_text_and_data),
        cmocka_unit_test(names_cannot_change_the_line),
        cmocka_unit_test(the_line_is_short_however_many_there_are),
        cmocka_unit_test(inodes_have_limits_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
