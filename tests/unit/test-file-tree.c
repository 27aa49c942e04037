/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file-tree.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char base[] = "/tmp/vlt-tree.XXXXXX";
static int base_fd = -1;

static int set_up(void **state)
{
    (void)state;
    strcpy(strrchr(base, '.'), ".XXXXXX");
    if (!mkdtemp(base) || setenv("BASE", base, 1) < 0)
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

/* Makes that many directories below one another, with a file in the innermost. */
static void make_deep(const char *first, int depth)
{
    AUTO_FD int fd = dup(base_fd);
    const char *name = first;
    for (int i = 0; i < depth; i++, name = "d") {
        assert_int_equal(mkdirat(fd, name, 0700), 0);
        int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(below >= 0);
        close(fd);
        fd = below;
    }
    AUTO_FD int file = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
}

/* 65 nested directories were left behind, and so was the memory of an appliance beside them. */
static void a_tree_may_have_any_depth(void **state)
{
    static const int depths[] = {31, 32, 33, 64, 65, 66, 1000};
    struct rlimit before, few;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){64, before.rlim_max};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        make_deep("d", depths[i]);
        setrlimit(RLIMIT_NOFILE, &few);
        int removed = file_tree_remove(base_fd, "d");
        setrlimit(RLIMIT_NOFILE, &before);
        assert_int_equal(removed, 0);
        assert_false(exists("d"));
    }
}

static void names_that_we_would_give_may_be_there(void **state)
{
    (void)state;
    mkdirat(base_fd, "a", 0700);
    make_file("a/deep.0", "x");
    mkdirat(base_fd, "a/deep.1", 0700);
    make_file("a/deep.1/file", "x");
    make_deep("a/d", 100);
    make_deep("a/e", 100);
    assert_int_equal(file_tree_remove(base_fd, "a"), 0);
    assert_false(exists("a"));
}

static bool is_immutable(const char *name, bool set)
{
    AUTO_FD int fd = openat(base_fd, name, O_RDONLY | O_CLOEXEC);
    long flags = set ? FS_IMMUTABLE_FL : 0;
    return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

static void what_cannot_be_removed_does_not_keep_the_rest(void **state)
{
    char name[32];
    (void)state;
    mkdirat(base_fd, "a", 0700);
    mkdirat(base_fd, "a/b", 0700);
    make_file("a/b/stays", "x");
    if (!is_immutable("a/b/stays", true)) {
        print_message("skipped: no immutable files here (needs root and a file system of disks)\n");
        skip();
    }
    for (int i = 0; i < 20; i++) { /* before and behind it, in whatever order they are read */
        snprintf(name, sizeof name, "a/b/file%d", i);
        make_file(name, "x");
        snprintf(name, sizeof name, "a/file%d", i);
        make_file(name, "x");
    }
    int removed = file_tree_remove(base_fd, "a");
    is_immutable("a/b/stays", false);
    assert_int_equal(removed, -EPERM);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "a/b/file%d", i);
        assert_false(exists(name));
        snprintf(name, sizeof name, "a/file%d", i);
        assert_false(exists(name));
    }
}

static int remove_as_nobody(void)
{
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
            _exit(2);
        _exit(file_tree_remove(base_fd, "a") == 0 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return status;
}

/* A QEMU that was taken over is that user, and may do so. */
static void directories_without_rights_go(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_deep("a", 40);
    mkdirat(base_fd, "a/closed", 0700);
    make_file("a/closed/file", "x");
    assert_int_equal(fchmod(base_fd, 0777), 0);
    assert_int_equal(system("chown -R 65534:65534 \"$BASE/a\""), 0);
    assert_int_equal(fchmodat(base_fd, "a/closed", 0, 0), 0);
    assert_int_equal(fchmodat(base_fd, "a/d/d", 0500, 0), 0);
    assert_int_equal(fchmodat(base_fd, "a", 0, 0), 0);
    assert_int_equal(remove_as_nobody(), 0);
    assert_false(exists("a"));
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
        TREE(a_tree_may_have_any_depth),
        TREE(names_that_we_would_give_may_be_there),
        TREE(what_cannot_be_removed_does_not_keep_the_rest),
        TREE(directories_without_rights_go),
        TREE(a_copy_has_the_same_bytes),
        TREE(a_copy_of_nothing_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
