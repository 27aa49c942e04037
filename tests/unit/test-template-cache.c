/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making, finding and replacing templates; the cache's directory; copies of the memory. */
#include "lib/template-fixture.h"

#include "appliance/template-memory.h"
#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void what_was_made_is_found(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state), *found = NULL, *why = NULL;
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 1);
    assert_string_equal(found, made);
    assert_null(why);
}

static void another_key_is_not_found(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state), *found = NULL, *why = NULL;
    (void)made;
    assert_int_equal(template_find("fedcba", NULL, &found, &why), 0);
    assert_null(found);
    assert_null(why);
}

/* The run that could not restore it may have been the one with too little memory. */
static void one_that_cannot_be_restored_comes_back_unless_there_is_a_new_one(void **state)
{
    AUTO_FREE char *made = template_fixture_make(*state), *found = NULL, *why = NULL, *aside = NULL;
    assert_true(asprintf(&aside, "%s.aside", made) > 0);
    template_discard(made);
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 0);
    template_put_back(TEMPLATE_FIXTURE_KEY);
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 1);

    template_discard(made);
    AUTO_FREE char *again = template_fixture_make(*state);
    assert_string_equal(again, made);
    assert_int_not_equal(access(aside, F_OK), 0);
    template_put_back(TEMPLATE_FIXTURE_KEY); /* there is none */
    assert_int_equal(access(made, F_OK), 0);
}

static void a_finished_one_cannot_be_written(void **state)
{
    struct stat st;
    AUTO_FREE char *made = template_fixture_make(*state);
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_int_equal(stat(template_fixture_part(made, "ram"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
}

static void assert_nothing_unfinished(const struct template_fixture *f)
{
    char path[128];
    snprintf(path, sizeof path, "%s/virt-live-tools", f->base);
    AUTO_DIR DIR *cache = opendir(path);
    assert_non_null(cache);
    for (struct dirent *entry; (entry = readdir(cache));)
        assert_null(strstr(entry->d_name, "building"));
}

static void one_that_was_faster_is_taken(void **state)
{
    struct template_fixture *f = *state;
    struct stat before, after;
    AUTO_FREE char *first = template_fixture_make(f);
    assert_int_equal(stat(template_fixture_part(first, "ram"), &before), 0);
    AUTO_FREE char *second = template_fixture_make(f);
    assert_string_equal(first, second);
    assert_int_equal(stat(template_fixture_part(second, "ram"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_nothing_unfinished(f);
}

/* It was not looked for where the accelerator was not known. */
static void a_bad_one_that_is_there_is_replaced(void **state)
{
    struct template_fixture *f = *state;
    static const char *const reasons[] = {"damaged", "not complete", "others could have written"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *first = template_fixture_make(f), *said = NULL, *found = NULL, *why = NULL;
        if (i == 0)
            template_fixture_flip(template_fixture_part(first, "ram"), 300001);
        else if (i == 1)
            assert_int_equal(chmod(template_fixture_part(first, "info"), 0600) |
                                 truncate(template_fixture_part(first, "info"), 0),
                             0);
        else
            chmod(template_fixture_part(first, "state"), 0666);
        AUTO_FREE char *second = template_fixture_make_saying(f, &said);
        assert_string_equal(first, second);
        assert_non_null(said);
        assert_non_null(strstr(said, reasons[i]));
        assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 1);
        assert_null(why);
        assert_nothing_unfinished(f);
    }
}

static void what_is_there_and_no_template_is_replaced(void **state)
{
    struct template_fixture *f = *state;
    AUTO_FREE char *first = template_fixture_make(f), *found = NULL, *why = NULL;
    assert_int_equal(file_tree_remove(AT_FDCWD, first), 0);
    assert_int_equal(symlink("/nonexistent", first), 0);
    AUTO_FREE char *second = template_fixture_make(f);
    assert_string_equal(first, second);
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 1);
}

static void one_without_its_parts_is_not_finished(void **state)
{
    struct template_fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    bool cached;
    AUTO_FREE char *why = NULL, *directory = NULL;
    AUTO_FREE char *begun = template_begin(&f->box, "/nonexistent", &cached, &why, NULL);
    assert_int_equal(template_finish(begun, TEMPLATE_FIXTURE_KEY, cached, &directory, &why, &err),
                     -1);
    assert_non_null(err);
    assert_null(directory);
}

static void a_cache_that_cannot_be_written_is_done_without(void **state)
{
    struct template_fixture *f = *state;
    bool cached = true;
    AUTO_FREE char *why = NULL, *directory = NULL;
    setenv("XDG_CACHE_HOME", "/proc/nonexistent", 1);
    AUTO_FREE char *begun = template_begin(&f->box, f->base, &cached, &why, NULL);
    AUTO_FREE char *unused = NULL;
    assert_non_null(begun);
    assert_false(cached);
    assert_non_null(strstr(why, "/proc/nonexistent"));
    assert_memory_equal(begun, f->base, strlen(f->base));
    template_fixture_write_parts(begun);
    assert_int_equal(
        template_finish(begun, TEMPLATE_FIXTURE_KEY, cached, &directory, &unused, NULL), 0);
    assert_string_equal(directory, begun);
}

/* The caller's. */
static char *cache_of(const struct template_fixture *f)
{
    char *path;
    return asprintf(&path, "%s/virt-live-tools", f->base) < 0 ? NULL : path;
}

/* It is passed over: nothing is found in it, and nothing is made there. */
static void assert_cache_is_passed_over(const struct template_fixture *f, bool said)
{
    bool cached = true;
    AUTO_FREE char *found = NULL, *why = NULL, *other = NULL;
    assert_int_equal(template_find(TEMPLATE_FIXTURE_KEY, NULL, &found, &why), 0);
    assert_null(found);
    assert_true(!said || strstr(why, "others may write it"));
    AUTO_FREE char *begun = template_begin(&f->box, f->base, &cached, &other, NULL);
    assert_non_null(begun);
    assert_false(cached);
    assert_non_null(other);
}

static void a_cache_that_others_can_write_is_passed_over(void **state)
{
    AUTO_FREE char *cache = cache_of(*state), *made = template_fixture_make(*state);
    (void)made;
    assert_int_equal(chmod(cache, 0777), 0);
    assert_cache_is_passed_over(*state, true);
    assert_int_equal(chmod(cache, 0700), 0);
}

static void a_cache_of_another_user_is_passed_over(void **state)
{
    struct template_fixture *f = *state;
    if (!f->root_below)
        skip(); /* only root can give it away */
    AUTO_FREE char *cache = cache_of(f), *made = template_fixture_make(f);
    (void)made;
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(cache, 1234, 1234), 0);
    assert_int_equal(chmod(cache, 0755), 0);
    assert_int_equal(seteuid(TEMPLATE_FIXTURE_NOBODY), 0);
    assert_cache_is_passed_over(f, true);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(cache, TEMPLATE_FIXTURE_NOBODY, TEMPLATE_FIXTURE_NOBODY), 0);
    assert_int_equal(seteuid(TEMPLATE_FIXTURE_NOBODY), 0);
}

static void a_link_instead_of_the_cache_is_passed_over(void **state)
{
    struct template_fixture *f = *state;
    char moved[128];
    AUTO_FREE char *cache = cache_of(f), *made = template_fixture_make(f);
    (void)made;
    snprintf(moved, sizeof moved, "%s/moved", f->base);
    assert_int_equal(rename(cache, moved), 0);
    assert_int_equal(symlink(moved, cache), 0);
    assert_cache_is_passed_over(f, false);
}

static void assert_not_sealed(struct template_fixture *f, const char *begun)
{
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *directory = NULL, *why = NULL;
    (void)f;
    assert_int_equal(template_finish(begun, TEMPLATE_FIXTURE_KEY, true, &directory, &why, &err),
                     -1);
    assert_int_equal(error_errno(err), EPERM);
    assert_null(directory);
}

/* It would get our owner and a mode that lets everybody read it. */
static void another_name_of_a_file_is_not_sealed(void **state)
{
    struct template_fixture *f = *state;
    char elsewhere[128];
    struct stat st;
    bool cached;
    AUTO_FREE char *why = NULL, *begun = template_begin(&f->box, "/", &cached, &why, NULL);
    template_fixture_write_parts(begun);
    snprintf(elsewhere, sizeof elsewhere, "%s/secret", f->base);
    template_fixture_write(elsewhere, "secret");
    assert_int_equal(chmod(elsewhere, 0600), 0);
    assert_int_equal(unlink(template_fixture_part(begun, "state")), 0);
    assert_int_equal(link(elsewhere, template_fixture_part(begun, "state")), 0);
    assert_not_sealed(f, begun);
    assert_int_equal(stat(elsewhere, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_file_of_another_user_is_not_sealed(void **state)
{
    struct template_fixture *f = *state;
    bool cached;
    if (!f->root_below)
        skip();
    AUTO_FREE char *why = NULL, *begun = template_begin(&f->box, "/", &cached, &why, NULL);
    template_fixture_write_parts(begun);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(template_fixture_part(begun, "ram"), 1234, 1234), 0);
    assert_int_equal(chmod(template_fixture_part(begun, "ram"), 0644), 0);
    assert_int_equal(seteuid(TEMPLATE_FIXTURE_NOBODY), 0);
    assert_not_sealed(f, begun);
}

static void without_cache_and_without_fallback_there_is_none(void **state)
{
    struct template_fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    bool cached = true;
    AUTO_FREE char *why = NULL;
    setenv("XDG_CACHE_HOME", "/proc/nonexistent", 1);
    assert_null(template_begin(&f->box, "/proc/nonexistent", &cached, &why, &err));
    assert_non_null(err);
}

static void the_cache_is_where_the_environment_says(void **state)
{
    struct template_fixture *f = *state;
    char expected[128];
    snprintf(expected, sizeof expected, "%s/virt-live-tools", f->base);
    AUTO_FREE char *cache = template_cache_directory();
    assert_string_equal(cache, expected);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", f->base, 1);
    snprintf(expected, sizeof expected, "%s/.cache/virt-live-tools", f->base);
    AUTO_FREE char *home = template_cache_directory();
    assert_string_equal(home, expected);
    unsetenv("HOME");
    assert_null(template_cache_directory());
}

static void a_copy_of_the_memory_is_as_sparse(void **state)
{
    struct template_fixture *f = *state;
    char to[128], bytes[6];
    struct stat st;
    AUTO_FREE char *made = template_fixture_make(f);
    snprintf(to, sizeof to, "%s/copy", f->base);
    assert_int_equal(template_memory_copy(made, to, &f->box, NULL), 0);
    AUTO_FD int fd = open(to, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 1 << 20);
    assert_true(st.st_blocks < 256);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pread(fd, bytes, 6, 300000), 6);
    assert_memory_equal(bytes, "memory", 6);
}

/* /tmp is often a tmpfs, the cache never is. */
static void a_copy_may_be_on_another_filesystem(void **state)
{
    struct template_fixture *f = *state;
    char directory[] = "/dev/shm/vlt-test.XXXXXX", to[64], bytes[6];
    struct stat here, there;
    AUTO_FREE char *made = template_fixture_make(f);
    if (!mkdtemp(directory))
        skip();
    snprintf(to, sizeof to, "%s/copy", directory);
    int result = stat(made, &here) < 0 || stat(directory, &there) < 0 || here.st_dev == there.st_dev
                     ? 1
                     : template_memory_copy(made, to, &f->box, NULL);
    AUTO_FD int fd = open(to, O_RDONLY | O_CLOEXEC);
    unlink(to);
    rmdir(directory);
    if (result > 0)
        skip();
    assert_int_equal(result, 0);
    assert_int_equal(fstat(fd, &there), 0);
    assert_int_equal(there.st_size, 1 << 20);
    assert_true(there.st_blocks < 256);
    assert_int_equal(pread(fd, bytes, 6, 300000), 6);
    assert_memory_equal(bytes, "memory", 6);
}

static void a_copy_does_not_replace_what_is_there(void **state)
{
    struct template_fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *made = template_fixture_make(f);
    assert_int_equal(template_memory_copy(made, f->kernel, &f->box, &err), -1);
    assert_int_equal(error_errno(err), EEXIST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEMPLATE_FIXTURE_TEST(what_was_made_is_found),
        TEMPLATE_FIXTURE_TEST(another_key_is_not_found),
        TEMPLATE_FIXTURE_TEST(one_that_cannot_be_restored_comes_back_unless_there_is_a_new_one),
        TEMPLATE_FIXTURE_TEST(a_finished_one_cannot_be_written),
        TEMPLATE_FIXTURE_TEST(one_that_was_faster_is_taken),
        TEMPLATE_FIXTURE_TEST(a_bad_one_that_is_there_is_replaced),
        TEMPLATE_FIXTURE_TEST(what_is_there_and_no_template_is_replaced),
        TEMPLATE_FIXTURE_TEST(one_without_its_parts_is_not_finished),
        TEMPLATE_FIXTURE_TEST(a_cache_that_cannot_be_written_is_done_without),
        TEMPLATE_FIXTURE_TEST(a_cache_that_others_can_write_is_passed_over),
        TEMPLATE_FIXTURE_TEST(a_cache_of_another_user_is_passed_over),
        TEMPLATE_FIXTURE_TEST(a_link_instead_of_the_cache_is_passed_over),
        TEMPLATE_FIXTURE_TEST(another_name_of_a_file_is_not_sealed),
        TEMPLATE_FIXTURE_TEST(a_file_of_another_user_is_not_sealed),
        TEMPLATE_FIXTURE_TEST(without_cache_and_without_fallback_there_is_none),
        TEMPLATE_FIXTURE_TEST(the_cache_is_where_the_environment_says),
        TEMPLATE_FIXTURE_TEST(a_copy_of_the_memory_is_as_sparse),
        TEMPLATE_FIXTURE_TEST(a_copy_may_be_on_another_filesystem),
        TEMPLATE_FIXTURE_TEST(a_copy_does_not_replace_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
