/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was probed anew takes the place of what a template had; what could not be libvirt's does
 * not.
 */
#include "appliance/template-capabilities.h"

#include "base/cleanup.h"
#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h> /* needs the above */

struct fixture {
    char top[32];
    char saved[64], root[64]; /* a template, and the directory of a worker */
    struct sandbox box;
};

static void run(struct fixture *f, const char *command)
{
    char text[512];
    snprintf(text, sizeof text, "cd %s && %s", f->top, command);
    assert_int_equal(system(text), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->top, "/tmp/vlt-renew.XXXXXX");
    *state = f;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->saved, sizeof f->saved, "%s/template-1", f->top);
    snprintf(f->root, sizeof f->root, "%s/w0", f->top);
    run(f,
        "mkdir -p template-1/capabilities w0/probed && echo old > template-1/capabilities/a.xml");
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    file_tree_remove(AT_FDCWD, f->top);
    free(f);
    return 0;
}

static int renew(struct fixture *f)
{
    int result = template_capabilities_renew(f->saved, f->root, &f->box);
    run(f, "! ls -d building-* 2> /dev/null"); /* nothing is left, whatever came of it */
    return result;
}

static void assert_unchanged(struct fixture *f)
{
    run(f, "test \"$(ls template-1/capabilities; cat template-1/capabilities/*)\" = 'a.xml\nold'");
}

static void what_was_probed_replaces_what_was_there(void **state)
{
    struct fixture *f = *state;
    run(f, "echo new > w0/probed/b.xml && : > w0/probed/note");
    assert_int_equal(renew(f), 0);
    run(f, "test \"$(cd template-1/capabilities; ls; cat b.xml)\" = 'b.xml\nnote\nnew'");
    run(f, "test \"$(stat -c %a template-1/capabilities/b.xml)\" = 444");
}

static void what_is_not_libvirts_is_not_taken(void **state)
{
    static const char *const commands[] = {
        "ln -s ../../secret w0/probed/b.xml",                      /* a link to what we may read */
        "ln secret w0/probed/b.xml",                               /* another name of it */
        "mkfifo w0/probed/b.xml",                                  /* which would be waited for */
        "mkdir w0/probed/b.xml",                                   /* not a file */
        "truncate -s 5M w0/probed/b.xml",                          /* too large */
        "for i in 1 2 3 4 5 6 7 8 9; do touch w0/probed/$i; done", /* too many */
        "true",                                                    /* none */
        "rmdir w0/probed && ln -s ../other w0/probed",             /* elsewhere */
        "rmdir w0/probed",
    };
    struct fixture *f = *state;
    run(f, "echo key > secret && mkdir other && echo key > other/b.xml");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        run(f, "rm -rf w0/probed && mkdir w0/probed");
        run(f, commands[i]);
        assert_true(renew(f) < 0);
        assert_unchanged(f);
    }
}

static void a_file_of_another_user_is_not_taken(void **state)
{
    struct fixture *f = *state;
    run(f, "echo new > w0/probed/b.xml");
    f->box = (struct sandbox){.drop = true, .uid = geteuid() + 1};
    assert_int_equal(renew(f), -EPERM);
    assert_unchanged(f);
}

static void a_template_without_any_stays_so(void **state)
{
    struct fixture *f = *state;
    run(f, "echo new > w0/probed/b.xml && rm -r template-1/capabilities");
    assert_int_equal(renew(f), -ENOENT);
}

static void two_templates_exchange_theirs(void **state)
{
    struct fixture *f = *state;
    char other[64];
    snprintf(other, sizeof other, "%s/building-2", f->top);
    run(f, "mkdir -p building-2/capabilities && echo new > building-2/capabilities/a.xml");
    assert_int_equal(template_capabilities_exchange(other, f->saved), 0);
    run(f,
        "test \"$(cat template-1/capabilities/a.xml building-2/capabilities/a.xml)\" = 'new\nold'");
    run(f, "rm -r building-2/capabilities");
    assert_int_equal(template_capabilities_exchange(other, f->saved), -ENOENT);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_probed_replaces_what_was_there), TEST(what_is_not_libvirts_is_not_taken),
        TEST(a_file_of_another_user_is_not_taken),     TEST(a_template_without_any_stays_so),
        TEST(two_templates_exchange_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
