/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which deployment of OSTree's a boot loader's entries boot, in trees that anybody may have
 * written. */
#define _GNU_SOURCE 1 /* O_PATH */
#include "agent/guest/ostree-deployment.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

struct fixture {
    char directory[64];
    int root;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->directory, sizeof f->directory, "/tmp/test-ostree-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    f->root = open(f->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->root >= 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    close(f->root);
    snprintf(command, sizeof command, "rm -rf %s", f->directory);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void make_directories(struct fixture *f, const char *path)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdirat(f->root, copy, 0700);
        *slash = '/';
    }
    mkdirat(f->root, copy, 0700);
}

static void write_file(struct fixture *f, const char *path, const char *text)
{
    AUTO_FD int fd = openat(f->root, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void make_deployment(struct fixture *f, const char *name, const char *commit)
{
    char path[256];
    snprintf(path, sizeof path, "ostree/deploy/%s/deploy/%s", name, commit);
    make_directories(f, path);
    strcat(path, ".origin");
    write_file(f, path, "");
}

/* An entry that boots it, by a link. */
static void make_entry(struct fixture *f, const char *file, const char *text, const char *link,
                       const char *target)
{
    char path[256];
    make_directories(f, "boot/loader/entries");
    snprintf(path, sizeof path, "boot/loader/entries/%s", file);
    write_file(f, path, text);
    assert_int_equal(symlinkat(target, f->root, link), 0);
}

static void an_entry_is_its_version_and_its_path(void **state)
{
    static const struct {
        const char *text, *path;
        uint64_t version;
    } entries[] = {
        {"title A\nversion 12\noptions root=x ostree=/ostree/boot.0/a/b/0 rw\n",
         "/ostree/boot.0/a/b/0", 12},
        {"options\tostree=/a", "/a", 0},
        {"  version 3\r\n  options quiet\r\n  options x ostree=/b\r\n", "/b", 3},
        {"version 38.2024\noptions ostree=/c", "/c", 38},
        {"version rolling\noptions ostree=/d", "/d", 0},
        {"version 99999999999999999999999\noptions ostree=/e", "/e", 999999999999999999},
    };
    (void)state;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        char path[OSTREE_PATH_MAX];
        uint64_t version;
        if (!ostree_deployment_parse(entries[i].text, strlen(entries[i].text), path, &version))
            fail_msg("no path: %s", entries[i].text);
        assert_string_equal(path, entries[i].path);
        assert_int_equal(version, entries[i].version);
    }
}

static void other_entries_boot_none(void **state)
{
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "options",
                                        "options root=x",
                                        "options ostree=",
                                        "options noostree=/a",
                                        "optionsostree=/a",
                                        "title options ostree=/a",
                                        "# options ostree=/a"};
    char path[OSTREE_PATH_MAX], text[2 * OSTREE_PATH_MAX] = "options ostree=";
    uint64_t version;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (ostree_deployment_parse(texts[i], strlen(texts[i]), path, &version))
            fail_msg("has a path: %s", texts[i]);
    memset(text + strlen(text), 'a', sizeof text - strlen(text));
    assert_false(ostree_deployment_parse(text, sizeof text, path, &version));
}

static void the_highest_version_counts(void **state)
{
    struct fixture *f = *state;
    struct ostree_deployment found = {0};
    make_deployment(f, "os", "aaa.0");
    make_deployment(f, "os", "bbb.1");
    make_entry(f, "1.conf", "version 1\noptions ostree=/one", "one",
               "ostree/deploy/os/deploy/aaa.0");
    make_entry(f, "2.conf", "version 10\noptions ostree=/two", "two",
               "/ostree/deploy/os/deploy/bbb.1");
    make_entry(f, "3.txt", "version 11\noptions ostree=/three", "three",
               "ostree/deploy/os/deploy/aaa.0");
    assert_true(ostree_deployment_of_entries(f->root, f->root, &found));
    assert_string_equal(found.path, "ostree/deploy/os/deploy/bbb.1");
    assert_string_equal(found.var, "ostree/deploy/os/var");
    assert_false(ostree_deployment_of_entries(f->root, f->root, &found));
}

static void what_leads_elsewhere_is_none(void **state)
{
    static const char *const targets[] = {"/etc",
                                          "../../..",
                                          "ostree/deploy/os/deploy/..",
                                          "ostree/deploy/../deploy/aaa.0",
                                          "ostree/deploy/os/deploy/missing.0",
                                          "ostree/deploy/os/deploy/",
                                          "deploy",
                                          "/",
                                          "//"};
    struct fixture *f = *state;
    struct ostree_deployment found = {0};
    make_deployment(f, "os", "aaa.0");
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char file[16], text[64], link[16];
        snprintf(file, sizeof file, "%zu.conf", i);
        snprintf(link, sizeof link, "link%zu", i);
        snprintf(text, sizeof text, "version %zu\noptions ostree=/%s", i, link);
        make_entry(f, file, text, link, targets[i]);
        if (ostree_deployment_of_entries(f->root, f->root, &found))
            fail_msg("%s is taken for %s", targets[i], found.path);
    }
    assert_true(ostree_deployment_newest(f->root, &found));
    assert_string_equal(found.path, "ostree/deploy/os/deploy/aaa.0");
}

static void without_entries_it_is_the_newest(void **state)
{
    static const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct fixture *f = *state;
    struct ostree_deployment found;
    assert_false(ostree_deployment_newest(f->root, &found));
    assert_false(ostree_deployment_there(f->root));
    make_deployment(f, "os", "aaa.0");
    make_deployment(f, "other", "bbb.0");
    make_directories(f, "ostree/repo");
    make_directories(f, "ostree/deploy/os/deploy/ccc.0"); /* it is being made */
    assert_int_equal(utimensat(f->root, "ostree/deploy/other/deploy/bbb.0.origin", times, 0), 0);
    assert_true(ostree_deployment_there(f->root));
    assert_true(ostree_deployment_newest(f->root, &found));
    assert_string_equal(found.path, "ostree/deploy/os/deploy/aaa.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_its_version_and_its_path),
        cmocka_unit_test(other_entries_boot_none),
        cmocka_unit_test_setup_teardown(the_highest_version_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_leads_elsewhere_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_entries_it_is_the_newest, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ostree-deployment", tests, NULL, NULL);
}
