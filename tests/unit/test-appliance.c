/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/appliance.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char directory[] = "/tmp/vlt-appliance.XXXXXX";

static void make(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    make("kernel");
    make("initrd");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return file_tree_remove(AT_FDCWD, directory);
}

static void assert_root_drive(bool hotplug, const char *name)
{
    struct appliance_files files;
    assert_int_equal(appliance_find(directory, hotplug, &files, NULL), 0);
    assert_string_equal(strrchr(files.root_drive, '/') + 1, name);
    appliance_files_clear(&files);
}

static void assert_missing(bool hotplug, const char *name)
{
    AUTO_ERROR error *err = NULL;
    struct appliance_files files;
    assert_int_equal(appliance_find(directory, hotplug, &files, &err), -1);
    assert_non_null(strstr(error_message(err), name));
    assert_non_null(strstr(error_message(err), "make appliance"));
}

/* ---- what the console says last ---- */

static void say(const char *text)
{
    char path[64];
    make("console");
    snprintf(path, sizeof path, "%s/console", directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_tail(size_t room, const char *expected)
{
    char tail[256];
    appliance_console_tail(directory, tail, room);
    assert_string_equal(tail, expected);
}

static void the_console_ends_with_whole_lines(void **state)
{
    (void)state;
    assert_tail(100, "");
    say("one\ntwo\nthree\n");
    assert_tail(100, "one\ntwo\nthree\n");
    assert_tail(10, "three\n");
    assert_tail(4, "ee\n"); /* not even a line has room */
}

static void a_panic_comes_before_what_follows_it(void **state)
{
    (void)state;
    say("one\n[ 1.0] Kernel panic - not syncing: a\ntwo\n");
    say("[ 2.0] Kernel panic - not syncing: b\nCall Trace:\nthree\n");
    assert_tail(100, "[ 2.0] Kernel panic - not syncing: b\nCall Trace:\nthree\n");
    assert_tail(38, "[ 2.0] Kernel panic - not syncing: b\n");
}

static void each_kind_has_its_root_drive(void **state)
{
    (void)state;
    make("root");
    make("tools");
    assert_root_drive(false, "root");
    assert_root_drive(true, "tools");
}

static void write_manifest(const char *text)
{
    char path[64];
    make("manifest");
    snprintf(path, sizeof path, "%s/manifest", directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_architecture(const char *name)
{
    struct appliance_files files;
    assert_int_equal(appliance_find(directory, false, &files, NULL), 0);
    assert_string_equal(files.architecture->name, name);
    appliance_files_clear(&files);
}

static void the_manifest_says_which_processor_it_is_for(void **state)
{
    (void)state;
    make("root");
    assert_architecture(architecture_native()->name);
    write_manifest("kernel release: 6\n");
    assert_architecture(architecture_native()->name);
    write_manifest("a: b\narchitecture: aarch64\nkernel release: 6\n");
    assert_architecture("aarch64");
    write_manifest("architecture: x86_64\n");
    assert_architecture("x86_64");
}

static void a_processor_that_is_not_known_is_named(void **state)
{
    AUTO_ERROR error *err = NULL;
    struct appliance_files files;
    (void)state;
    make("root");
    write_manifest("architecture: vax\n");
    assert_int_equal(appliance_find(directory, false, &files, &err), -1);
    assert_non_null(strstr(error_message(err), "vax"));
    appliance_files_clear(&files);
}

static void one_without_its_root_drive_is_not_found(void **state)
{
    (void)state;
    make("root");
    assert_root_drive(false, "root");
    assert_missing(true, "tools");
}

static void a_directory_that_is_not_there_is_named(void **state)
{
    (void)state;
    assert_int_equal(file_tree_remove(AT_FDCWD, directory), 0);
    assert_missing(false, directory);
    assert_int_equal(mkdir(directory, 0700), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_console_ends_with_whole_lines),
        T(a_panic_comes_before_what_follows_it),
        T(each_kind_has_its_root_drive),
        T(one_without_its_root_drive_is_not_found),
        T(the_manifest_says_which_processor_it_is_for),
        T(a_processor_that_is_not_known_is_named),
        T(a_directory_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
