/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"
#include "syscall-filter.h"

#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char *const users[] = {"virt-live-tools", "nobody"};

int sandbox_choose(struct sandbox *box, error **err)
{
    *box = (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
    if (geteuid() != 0)
        return 0;
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        const struct passwd *user = getpwnam(users[i]);
        if (!user || user->pw_uid == 0)
            continue;
        *box = (struct sandbox){.drop = true, .uid = user->pw_uid, .gid = user->pw_gid};
        return 0;
    }
    return error_set(err, ERROR_HOST,
                     "running as root needs an unprivileged user for QEMU, and there is none of "
                     "virt-live-tools, nobody");
}

/* /dev/kvm belongs to a group of its own on most systems. */
static int set_groups(const struct sandbox *box)
{
    struct stat kvm;
    if (stat("/dev/kvm", &kvm) == 0 && kvm.st_gid != 0)
        return setgroups(2, (gid_t[]){box->gid, kvm.st_gid});
    return setgroups(1, &box->gid);
}

/* As the network is the process's, so is what is known of it. */
static bool without_network;

void sandbox_leave_network(const struct sandbox *box)
{
    without_network = box->drop && unshare(CLONE_NEWNET) == 0;
}

bool sandbox_has_no_network(void)
{
    return without_network;
}

int sandbox_enter(const struct sandbox *box, error **err)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot give up privileges");
    if (syscall_filter_terminal(err) < 0)
        return -1;
    if (!box->drop)
        return 0;
    if (set_groups(box) < 0 || setresgid(box->gid, box->gid, box->gid) < 0 ||
        setresuid(box->uid, box->uid, box->uid) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot become user %u", box->uid);
    return 0;
}

/* Whether the permission bits give `want` (4 read, 1 search) to the user. */
static bool permitted(const struct sandbox *box, const struct stat *st, unsigned want)
{
    unsigned shift = st->st_uid == box->uid ? 6 : st->st_gid == box->gid ? 3 : 0;
    return (st->st_mode >> shift & want) == want;
}

/* Whether the path and all directories above it give `want`, and those above 1 (search). */
static bool reachable(const struct sandbox *box, const char *path, unsigned want)
{
    struct stat st;
    AUTO_FREE char *real = realpath(path, NULL);
    if (!real || stat(real, &st) < 0 || !permitted(box, &st, want))
        return false;
    for (char *slash = strrchr(real, '/'); slash && slash != real; slash = strrchr(real, '/')) {
        *slash = 0;
        if (stat(real, &st) < 0 || !permitted(box, &st, 1))
            return false;
    }
    return true;
}

bool sandbox_can_read(const struct sandbox *box, const char *path)
{
    return box->drop ? reachable(box, path, 4) : access(path, R_OK) == 0;
}

bool sandbox_can_enter(const struct sandbox *box, const char *path)
{
    return box->drop ? reachable(box, path, 1) : access(path, X_OK) == 0;
}
