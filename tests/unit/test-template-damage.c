/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A template that was changed, or that others could have changed, is not used. */
#include "lib/template-fixture.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* It is refused, and removed, so that it will be made anew. */
static void assert_refused(const char *made, const char *reason)
{
    AUTO_FREE char *found = NULL, *why = NULL;
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 0);
    assert_null(found);
    assert_non_null(why);
    if (!strstr(why, reason))
        fail_msg("%s", why);
    assert_int_not_equal(access(made, F_OK), 0);
}

static void count_glimpse(void *data, const char *directory)
{
    unsigned *count = data;
    assert_int_equal(access(directory, F_OK), 0);
    ++*count;
}

static unsigned glimpses(int found_one)
{
    unsigned count = 0;
    const struct template_watcher watcher = {count_glimpse, &count};
    AUTO_FREE char *found = NULL, *why = NULL;
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, &watcher, &found, &why), found_one);
    return count;
}

/* Workers get ready for what is glimpsed, so it must be trusted already; that it is damaged is
 * found out afterwards. */
static void what_cannot_be_trusted_is_not_glimpsed(void **state)
{
    AUTO_FREE char *good = template_fixture_make(*state);
    assert_int_equal(glimpses(1), 1);
    template_fixture_flip(template_fixture_part(good, "ram"), 300001);
    assert_int_equal(glimpses(0), 1);
    AUTO_FREE char *open = template_fixture_make(*state);
    chmod(template_fixture_part(open, "state"), 0666);
    assert_int_equal(glimpses(0), 0);
    AUTO_FREE char *incomplete = template_fixture_make(*state);
    unlink(template_fixture_part(incomplete, "info"));
    assert_int_equal(glimpses(0), 0);
}

static void a_flipped_byte_of_memory_is_noticed(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state);
    template_fixture_flip(template_fixture_part(made, "ram"), 300001);
    assert_refused(made, "damaged");
}

static void a_byte_in_a_hole_is_noticed(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state);
    template_fixture_flip(template_fixture_part(made, "ram"), 900000);
    assert_refused(made, "damaged");
}

static void a_flipped_byte_of_state_is_noticed(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state);
    template_fixture_flip(template_fixture_part(made, "state"), 3);
    assert_refused(made, "damaged");
}

static void cut_memory_is_noticed(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state);
    chmod(template_fixture_part(made, "ram"), 0644);
    assert_int_equal(truncate(template_fixture_part(made, "ram"), 500000), 0);
    assert_refused(made, "damaged");
}

static void emptied_memory_is_noticed(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state);
    chmod(template_fixture_part(made, "ram"), 0644);
    assert_int_equal(truncate(template_fixture_part(made, "ram"), 0), 0);
    assert_refused(made, "damaged");
}

static void missing_parts_are_noticed(void **state)
{
    static const char *const parts[] = {"ram", "state", "info"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *made = template_fixture_make(*state);
        unlink(template_fixture_part(made, parts[i]));
        assert_refused(made, "");
    }
}

static void an_empty_description_is_noticed(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state);
    chmod(template_fixture_part(made, "info"), 0644);
    assert_int_equal(truncate(template_fixture_part(made, "info"), 0), 0);
    assert_refused(made, "not complete");
}

static void what_others_can_write_is_not_used(void **state)
{
    static const char *const parts[] = {".", "ram", "state", "info"};
    for (size_t i = 0; i < 8; i++) {
        AUTO_FREE char *made = template_fixture_make(*state);
        chmod(template_fixture_part(made, parts[i / 2]), i % 2 ? 0777 : 0775);
        assert_refused(made, "others could have written");
    }
}

static void what_belongs_to_somebody_else_is_not_used(void **state)
{
    static const char *const parts[] = {"ram", "state", "info"};
    struct template_fixture *f = *state;
    if (!f->root_below)
        skip(); /* only root can give files away */
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *made = template_fixture_make(f);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(chown(template_fixture_part(made, parts[i]), 1234, 1234), 0);
        assert_int_equal(seteuid(TEMPLATE_FIXTURE_NOBODY), 0);
        assert_refused(made, "others could have written");
    }
}

static void links_instead_of_parts_are_not_followed(void **state)
{
    static const char *const parts[] = {"ram", "state", "info"};
    struct template_fixture *f = *state;
    for (size_t i = 0; i < 3; i++) {
        char elsewhere[128];
        AUTO_FREE char *made = template_fixture_make(f);
        snprintf(elsewhere, sizeof elsewhere, "%s/%s", f->base, parts[i]);
        unlink(elsewhere);
        assert_int_equal(rename(template_fixture_part(made, parts[i]), elsewhere), 0);
        assert_int_equal(symlink(elsewhere, template_fixture_part(made, parts[i])), 0);
        assert_refused(made, "others could have written");
        assert_int_equal(access(elsewhere, F_OK), 0);
    }
}

static void a_link_instead_of_the_directory_is_not_followed(void **state)
{
    struct template_fixture *f = *state;
    char elsewhere[128];
    AUTO_FREE char *made = template_fixture_make(f), *found = NULL, *why = NULL;
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->base);
    assert_int_equal(rename(made, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, made), 0);
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 0);
    assert_int_equal(access(template_fixture_part(elsewhere, "ram"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEMPLATE_FIXTURE_TEST(what_cannot_be_trusted_is_not_glimpsed),
        TEMPLATE_FIXTURE_TEST(a_flipped_byte_of_memory_is_noticed),
        TEMPLATE_FIXTURE_TEST(a_byte_in_a_hole_is_noticed),
        TEMPLATE_FIXTURE_TEST(a_flipped_byte_of_state_is_noticed),
        TEMPLATE_FIXTURE_TEST(cut_memory_is_noticed),
        TEMPLATE_FIXTURE_TEST(emptied_memory_is_noticed),
        TEMPLATE_FIXTURE_TEST(missing_parts_are_noticed),
        TEMPLATE_FIXTURE_TEST(an_empty_description_is_noticed),
        TEMPLATE_FIXTURE_TEST(what_others_can_write_is_not_used),
        TEMPLATE_FIXTURE_TEST(what_belongs_to_somebody_else_is_not_used),
        TEMPLATE_FIXTURE_TEST(links_instead_of_parts_are_not_followed),
        TEMPLATE_FIXTURE_TEST(a_link_instead_of_the_directory_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
