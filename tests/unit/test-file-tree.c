/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file-tree.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char base[] = "/tmp/vlt-tree.XXXXXX";
static int base_fd = -1;

static int set_up(void **state)
{
    (void)state;
    strcpy(strrchr(base, '.'), ".XXXXXX");
    if (!mkdtemp(base))
        return -1;
    base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return base_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(base_fd);
    return file_tree_remove(AT_FDCWD, base);
}

static void make_file(const char *name, const char *text)
{
    AUTO_FD int fd = openat(base_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool exists(const char *name)
{
    struct stat st;
    return fstatat(base_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void a_tree_goes_with_all_that_is_in_it(void **state)
{
    (void)state;
    mkdirat(base_fd, "a", 0700);
    mkdirat(base_fd, "a/b", 0700);
    mkdirat(base_fd, "a/empty", 0700);
    make_file("a/file", "x");
    make_file("a/b/.hidden", "x");
    mkfifoat(base_fd, "a/b/fifo", 0600);
    assert_int_equal(file_tree_remove(base_fd, "a"), 0);
    assert_false(exists("a"));
}

static void what_is_not_there_is_removed(void **state)
{
    (void)state;
    assert_int_equal(file_tree_remove(base_fd, "nothing"), 0);
}

static void a_file_is_a_tree(void **state)
{
    (void)state;
    make_file("file", "x");
    assert_int_equal(file_tree_remove(base_fd, "file"), 0);
    assert_false(exists("file"));
}

static void links_are_removed_and_not_followed(void **state)
{
    (void)state;
    mkdirat(base_fd, "kept", 0700);
    make_file("kept/file", "x");
    mkdirat(base_fd, "a", 0700);
    assert_int_equal(symlinkat("../kept", base_fd, "a/relative"), 0);
    assert_int_equal(symlinkat(base, base_fd, "a/absolute"), 0);
    assert_int_equal(symlinkat("kept", base_fd, "top"), 0);
    assert_int_equal(file_tree_remove(base_fd, "a"), 0);
    assert_int_equal(file_tree_remove(base_fd, "top"), 0);
    assert_false(exists("a"));
    assert_false(exists("top"));
    assert_true(exists("kept/file"));
}

/* Makes that many directories below one another, and removes them from the innermost. */
static void check_depth(int depth, bool removed)
{
    int fds[80];
    fds[0] = dup(base_fd);
    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(fds[i], "d", 0700), 0);
        fds[i + 1] = openat(fds[i], "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    int result = file_tree_remove(base_fd, "d");
    for (int i = depth; i >= 0; i--) {
        close(fds[i]);
        if (i > 0 && !removed)
            unlinkat(fds[i - 1], "d", AT_REMOVEDIR);
    }
    assert_int_equal(result, removed ? 0 : -ELOOP);
}

static void a_tree_may_be_64_levels_deep(void **state)
{
    (void)state;
    check_depth(64, true);
}

static void a_deeper_one_is_refused(void **state)
{
    (void)state;
    check_depth(65, false);
}

static void a_copy_has_the_same_bytes(void **state)
{
    char from[64], bytes[200000], back[sizeof bytes + 1];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    AUTO_FD int out = openat(base_fd, "from", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(out, bytes, sizeof bytes), sizeof bytes);
    AUTO_FD int to = openat(base_fd, "to", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    snprintf(from, sizeof from, "%s/from", base);
    assert_int_equal(file_tree_copy_file(from, to), 0);
    assert_int_equal(pread(to, back, sizeof back, 0), sizeof bytes);
    assert_memory_equal(back, bytes, sizeof bytes);
}

static void a_copy_of_nothing_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(file_tree_copy_file("/nonexistent/file", base_fd), -ENOENT);
}

int main(void)
{
#define TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TREE(a_tree_goes_with_all_that_is_in_it),
        TREE(what_is_not_there_is_removed),
        TREE(a_file_is_a_tree),
        TREE(links_are_removed_and_not_followed),
        TREE(a_tree_may_be_64_levels_deep),
        TREE(a_deeper_one_is_refused),
        TREE(a_copy_has_the_same_bytes),
        TREE(a_copy_of_nothing_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
