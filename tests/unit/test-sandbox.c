/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/sandbox.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static const struct sandbox other_user = {.drop = true, .uid = 61234, .gid = 61235};

static void root_is_never_chosen(void **state)
{
    struct sandbox box;
    (void)state;
    assert_int_equal(sandbox_choose(&box, NULL), 0);
    assert_int_not_equal(box.uid, 0);
    assert_int_equal(box.drop, geteuid() == 0);
    if (geteuid() != 0)
        assert_int_equal(box.uid, geteuid());
}

/* In a child; each bit of the result is something that is wrong. */
static int enter_and_look(const struct sandbox *box)
{
    struct rlimit core;
    gid_t groups[64];
    uid_t r, e, s;
    int wrong = 0, count;
    if (sandbox_enter(box, NULL) < 0)
        return 128;
    wrong |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ? 1 : 0;
    wrong |= getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0 ? 2 : 0;
    if (!box->drop)
        return wrong;
    getresuid(&r, &e, &s);
    wrong |= r != box->uid || e != box->uid || s != box->uid || getegid() != box->gid ? 4 : 0;
    wrong |= setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 ? 8 : 0;
    count = getgroups(64, groups);
    wrong |= count > (box->without_kvm ? 1 : 2) ? 16 : 0;
    for (int i = 0; i < count; i++)
        wrong |= groups[i] == 0 ? 32 : 0;
    return wrong;
}

static int enter_in_child(const struct sandbox *box)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(enter_and_look(box));
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void there_is_no_way_back(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root becomes another user */
    assert_int_equal(enter_in_child(&other_user), 0);
}

static void it_may_be_without_the_group_of_kvm(void **state)
{
    struct sandbox box = other_user;
    (void)state;
    if (geteuid() != 0)
        skip();
    box.without_kvm = true;
    assert_int_equal(enter_in_child(&box), 0);
}

static void an_ordinary_user_stays_who_he_is(void **state)
{
    struct sandbox own = {.drop = false, .uid = geteuid(), .gid = getegid()};
    (void)state;
    assert_int_equal(enter_in_child(&own), 0);
}

static void becoming_another_user_needs_root(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    assert_int_equal(enter_in_child(&other_user), 128);
}

static char base[] = "/tmp/vlt-sandbox.XXXXXX";
static char file[64];

static void check(mode_t directory, mode_t mode, uid_t uid, gid_t gid, bool expected)
{
    assert_int_equal(chmod(base, directory), 0);
    assert_int_equal(chmod(file, mode), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(file, uid, gid), 0);
    assert_int_equal(sandbox_can_read(&other_user, file), expected);
}

static void reading_needs_the_file_and_the_path(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can give files away */
    assert_non_null(mkdtemp(base));
    snprintf(file, sizeof file, "%s/file", base);
    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    check(0755, 0644, 0, 0, true);
    check(0755, 0600, 0, 0, false);
    check(0700, 0644, 0, 0, false);
    check(0711, 0604, 0, 0, true);
    check(0711, 0600, other_user.uid, 0, true);
    check(0711, 0004, other_user.uid, 0, false); /* the owner's bits are the ones that count */
    check(0711, 0640, 0, other_user.gid, true);
    check(0711, 0604, 0, other_user.gid, false);
    assert_false(sandbox_can_read(&other_user, "/nonexistent/file"));
    file_tree_remove(AT_FDCWD, base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_is_never_chosen),
        cmocka_unit_test(there_is_no_way_back),
        cmocka_unit_test(it_may_be_without_the_group_of_kvm),
        cmocka_unit_test(an_ordinary_user_stays_who_he_is),
        cmocka_unit_test(becoming_another_user_needs_root),
        cmocka_unit_test(reading_needs_the_file_and_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
