/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tree is a root, and paths that stay within it. */
#include "agent/guest/detect-os.h"

#include "agent/util/ntfs-link.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "lib/temporary-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h> /* needs the above */

/* "a/b/": directories; "a/b": a file; "a>b": a symbolic link to b. */
static void make(struct temporary_tree *f, const char *what)
{
    char path[256];
    snprintf(path, sizeof path, "%s", what);
    char *target = strchr(path, '>');
    if (target)
        *target++ = '\0';
    for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdirat(f->fd, path, 0755);
        *p = '/';
    }
    if (target)
        assert_int_equal(symlinkat(target, f->fd, path), 0);
    else if (path[strlen(path) - 1] != '/')
        assert_int_equal(close(openat(f->fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
}

static void make_all(struct temporary_tree *f, const char *const *what)
{
    for (; *what; what++)
        make(f, *what);
}

/* ---- roots ---- */

static void assert_root(void **state, const char *const *what, enum root_kind kind)
{
    struct temporary_tree *f = *state;
    make_all(f, what);
    assert_int_equal(detect_os(f->fd, "ext4"), kind);
}

static void debian(void **state)
{
    assert_root(state,
                (const char *const[]){"etc/fstab", "usr/lib/os-release", "bin>usr/bin", "usr/bin/",
                                      "etc/os-release>../usr/lib/os-release", NULL},
                ROOT_LINUX);
}

static void separate_usr(void **state)
{
    assert_root(
        state,
        (const char *const[]){"etc/os-release>../usr/lib/os-release", "bin>usr/bin", "usr/", NULL},
        ROOT_LINUX);
}

static void old_redhat(void **state)
{
    assert_root(state, (const char *const[]){"etc/redhat-release", "bin/", "usr/", NULL},
                ROOT_LINUX);
}

static void without_fstab(void **state)
{
    assert_root(state, (const char *const[]){"etc/alpine-release", "bin/", NULL}, ROOT_LINUX);
}

static void etc_by_an_absolute_link(void **state)
{
    assert_root(
        state,
        (const char *const[]){"etc/", "usr/lib/os-release", "usr/bin/", "sbin>/usr/bin", NULL},
        ROOT_LINUX);
}

static void no_roots(void **state)
{
    struct temporary_tree *f = *state;
    assert_int_equal(detect_os(f->fd, "ext4"), ROOT_NONE);
    make(f, "home/user/etc/fstab"); /* a home */
    make(f, "bin/sh");              /* a /usr */
    make(f, "lib/os-release");
    assert_int_equal(detect_os(f->fd, "ext4"), ROOT_NONE);
    make(f, "etc/passwd");
    assert_int_equal(detect_os(f->fd, "ext4"), ROOT_NONE);
    make(f, "etc/debian_version/"); /* a directory says nothing */
    assert_int_equal(detect_os(f->fd, "ext4"), ROOT_NONE);
}

static void links_that_lead_out(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "etc>../../../../../etc");
    make(f, "bin>/bin");
    assert_int_equal(detect_os(f->fd, "ext4"), ROOT_NONE);
}

static void windows(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "WINDOWS/system32/config/SAM");
    assert_int_equal(detect_os(f->fd, "ext4"), ROOT_NONE);
    assert_int_equal(detect_os(f->fd, "ntfs"), ROOT_WINDOWS);
    assert_int_equal(detect_os(f->fd, "vfat"), ROOT_WINDOWS);
}

static void others_windows(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "reactos/system32/");
    assert_int_equal(detect_os(f->fd, "vfat"), ROOT_WINDOWS);
}

static void win32(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "WIN32/system32/");
    assert_int_equal(detect_os(f->fd, "ntfs"), ROOT_WINDOWS);
}

static void older_windows(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "WinNT/System32/");
    assert_int_equal(detect_os(f->fd, "ntfs"), ROOT_WINDOWS);
}

static void a_file_is_no_windows(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "windows/system32");
    assert_int_equal(detect_os(f->fd, "ntfs"), ROOT_NONE);
}

/* ---- paths ---- */

static int open_directory(const struct temporary_tree *f, const char *path, bool fold)
{
    const struct safe_open_how how = {.fold = fold};
    return safe_open_directory(f->fd, path, &how);
}

static void assert_same_place(struct temporary_tree *f, const char *path, bool fold,
                              const char *wanted)
{
    struct stat a, b;
    AUTO_FD int fd = open_directory(f, path, fold);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &a), 0);
    assert_int_equal(fstatat(f->fd, wanted, &b, 0), 0);
    assert_int_equal(a.st_ino, b.st_ino);
}

static void paths_stay_in_the_root(void **state)
{
    struct temporary_tree *f = *state;
    make(f, "a/b/");
    make(f, "absolute>/a/b");
    make(f, "up>../../../../../a");
    make(f, "a/b/top>../../../..");
    make(f, "magic>/proc/self/root");
    make(f, "loop>loop");
    make(f, "file");
    assert_same_place(f, "/", false, ".");
    assert_same_place(f, "/..", false, ".");
    assert_same_place(f, "//a/./b/../b/", false, "a/b");
    assert_same_place(f, "/absolute", false, "a/b");
    assert_same_place(f, "/absolute/top/absolute", false, "a/b");
    assert_same_place(f, "/up/b", false, "a/b");
    assert_same_place(f, "a", false, "a");
    assert_int_equal(open_directory(f, "/magic", false), -ENOENT);
    assert_int_equal(open_directory(f, "/etc", false), -ENOENT);
    assert_int_equal(open_directory(f, "/loop", false), -ELOOP);
    assert_int_equal(open_directory(f, "/file", false), -ENOTDIR);
    assert_int_equal(open_directory(f, "/file/x", false), -ENOTDIR);
}

static void case_may_not_matter(void **state)
{
    struct temporary_tree *f = *state;
    char longest[5000];
    make(f, "Users/J\xc3\xbcrgen/My Documents/");
    make(f, "exact/");
    make(f, "EXACT/");
    make(f, "link>/Users");
    assert_same_place(f, "/users/j\xc3\xbcrgen/MY documents", true,
                      "Users/J\xc3\xbcrgen/My Documents");
    assert_same_place(f, "/USERS//", true, "Users");
    assert_same_place(f, "/exact", true, "exact");
    assert_same_place(f, "/EXACT", true, "EXACT");
    assert_same_place(f, "/LINK/j\xc3\xbcrgen", true, "Users/J\xc3\xbcrgen");
    assert_same_place(f, "/users/../../Exact/../LINK", true, "Users");
    assert_int_equal(open_directory(f, "/users", false), -ENOENT);
    assert_int_equal(open_directory(f, "/user", true), -ENOENT);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(open_directory(f, longest, true), -ENAMETOOLONG);
}

/* As ntfs-3g shows them. */
static void junctions_are_followed_inside(void **state)
{
    struct temporary_tree *f = *state;
    static const struct safe_open_how root = {.fold = true, .ntfs_at = ""},
                                      below = {.ntfs_at = "/mnt/win"};
    char chain[32];
    make(f, "Users/Public/");
    make(f, "Documents and Settings>/run/volume/Users");
    make(f, "again>/run/volume/documents AND settings");
    make(f, "other>/run/volume/.NTFS-3G/D:/x");
    make(f, "round>/run/volume/round/x");
    make(f, "out>/run/volume/../../../etc");
    make(f, "mnt/win/Users/Public/");
    make(f, "mnt/win/All>/run/volume/Users");
    static const struct {
        const char *path;
        const struct safe_open_how *how;
        const char *where; /* NULL: nowhere */
    } cases[] = {
        {"/Documents and Settings", &root, "Users"},
        {"/documents and settings/public", &root, "Users/Public"},
        {"/again/Public/..", &root, "Users"},
        {"/mnt/win/All/Public", &below, "mnt/win/Users/Public"},
        {"/other", &root, NULL},
        {"/round", &root, NULL},
        {"/out", &root, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stat a, b;
        AUTO_FD int fd = safe_open_directory(f->fd, cases[i].path, cases[i].how);
        assert_int_equal(fd >= 0, cases[i].where != NULL);
        if (!cases[i].where)
            continue;
        assert_int_equal(fstat(fd, &a), 0);
        assert_int_equal(fstatat(f->fd, cases[i].where, &b, 0), 0);
        assert_int_equal(a.st_ino, b.st_ino);
    }
    snprintf(chain, sizeof chain, "/run/volumes/x");
    assert_false(ntfs_link_settle(chain, sizeof chain, ""));
    snprintf(chain, sizeof chain, "/run/volume");
    assert_true(ntfs_link_settle(chain, sizeof chain, ""));
    assert_string_equal(chain, "/");
    snprintf(chain, sizeof chain, "/run/volume/.NTFS-3G/D:/a/b");
    assert_true(ntfs_link_settle(chain, sizeof chain, ""));
    assert_string_equal(chain, "D:\\a\\b");
    snprintf(chain, sizeof chain, "/run/volume/12345678901234");
    assert_false(ntfs_link_settle(chain, sizeof chain, "/the place where it is"));
    assert_string_equal(chain, "/run/volume/12345678901234");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, temporary_tree_set_up, temporary_tree_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(debian),
        TEST(separate_usr),
        TEST(old_redhat),
        TEST(without_fstab),
        TEST(etc_by_an_absolute_link),
        TEST(no_roots),
        TEST(links_that_lead_out),
        TEST(windows),
        TEST(older_windows),
        TEST(others_windows),
        TEST(win32),
        TEST(a_file_is_no_windows),
        TEST(paths_stay_in_the_root),
        TEST(case_may_not_matter),
        TEST(junctions_are_followed_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
