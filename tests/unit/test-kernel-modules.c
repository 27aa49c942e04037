/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which module orders are read. Nothing is loaded: a module's file must be there, no more. */
#include "agent/mount/kernel-modules.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

struct fixture {
    char directory[64];
    kernel_modules *loaded;
};

static void write_order(const struct fixture *f, const char *name, const char *line)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", f->directory, name);
    AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", line) > 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->directory, "/tmp/test-modules.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    f->loaded = kernel_modules_new(f->directory, true);
    assert_non_null(f->loaded);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[256];
    kernel_modules_free(f->loaded);
    snprintf(command, sizeof command, "rm -r '%s'", f->directory);
    int result = system(command); /* NOLINT(cert-env33-c): a path of our own */
    free(f);
    return result;
}

static void a_directory_that_is_not_there_has_nothing(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(rmdir(f->directory), 0);
    assert_int_equal(kernel_modules_need_all(f->loaded, NULL), 0);
    assert_int_equal(mkdir(f->directory, 0700), 0);
}

static void one_type_has_its_order(void **state)
{
    const struct fixture *f = *state;
    const char *failed = NULL;
    write_order(f, "ext4.order", "/dev/null");
    write_order(f, "xfs.order", "/no/such.ko");
    assert_int_equal(kernel_modules_need(f->loaded, "ext4", NULL), 0);
    assert_int_equal(kernel_modules_need(f->loaded, "built-in", NULL), 0);
    assert_int_equal(kernel_modules_need(f->loaded, "xfs", &failed), -ENOENT);
    assert_string_equal(failed, "/no/such.ko");
}

/* Nothing of them is loaded with all others: "/no/such.ko" would fail. */
static void fragile_ones_are_loaded_by_name_only(void **state)
{
    const struct fixture *f = *state;
    const char *failed = NULL;
    write_order(f, "jfs.fragile", "/no/such.ko");
    write_order(f, "ext4.order", "/dev/null");
    assert_int_equal(kernel_modules_need_all(f->loaded, NULL), 0);
    assert_int_equal(kernel_modules_need_fragile(f->loaded, "jfs", &failed), -ENOENT);
    assert_string_equal(failed, "/no/such.ko");
}

static void a_fragile_one_without_modules_is_not_there(void **state)
{
    const struct fixture *f = *state;
    char path[256];
    write_order(f, "jfs.fragile", "/dev/null");
    snprintf(path, sizeof path, "%s/cramfs.fragile", f->directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(kernel_modules_has_fragile(f->loaded, "jfs"));
    assert_false(kernel_modules_has_fragile(f->loaded, "cramfs"));
    assert_false(kernel_modules_has_fragile(f->loaded, "ext4"));
}

/* Others are read behind it, and it is named all the same. */
static void the_first_that_fails_is_named(void **state)
{
    const struct fixture *f = *state;
    const char *failed = NULL;
    write_order(f, "xfs.order", "/no/such.ko with=parameters");
    write_order(f, "lvm.order", "/dev/null");
    write_order(f, "md.order", "/dev/null");
    write_order(f, "ext4.order", "/dev/null");
    assert_int_equal(kernel_modules_need_all(f->loaded, &failed), -ENOENT);
    assert_string_equal(failed, "/no/such.ko");
}

static void nothing_is_loaded_after_the_lock(void **state)
{
    const struct fixture *f = *state;
    write_order(f, "xfs.order", "/no/such.ko");
    assert_int_equal(kernel_modules_lock(f->loaded), 0);
    assert_int_equal(kernel_modules_need(f->loaded, "xfs", NULL), 0);
    assert_int_equal(kernel_modules_need_all(f->loaded, NULL), 0);
}

/* One that only simulates has no descriptor, whatever errno was before. */
static void freeing_it_closes_no_descriptor_of_others(void **state)
{
    (void)state;
    AUTO_FD int taken = dup2(STDERR_FILENO, STDIN_FILENO);
    errno = 0;
    kernel_modules_free(kernel_modules_new("/no/such", true));
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    assert_int_equal(taken, STDIN_FILENO);
}

int main(void)
{
#define MODULES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        MODULES(a_directory_that_is_not_there_has_nothing),
        MODULES(one_type_has_its_order),
        MODULES(fragile_ones_are_loaded_by_name_only),
        MODULES(a_fragile_one_without_modules_is_not_there),
        MODULES(the_first_that_fails_is_named),
        MODULES(nothing_is_loaded_after_the_lock),
        cmocka_unit_test(freeing_it_closes_no_descriptor_of_others),
    };
    return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
