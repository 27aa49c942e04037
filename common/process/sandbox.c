/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"
#include "syscall-filter.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *const users[] = {"virt-live-tools", "nobody"};

/* /dev/kvm belongs to a group of its own on most systems. */
static int set_groups(const struct sandbox *box)
{
    struct stat kvm;
    if (!box->without_kvm && stat("/dev/kvm", &kvm) == 0 && kvm.st_gid != 0)
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

/* Another user is of use to root who can become that user, give files to it, end its processes and
 * remove what these leave. In a container or a user namespace uid 0 may be able to do none of it.
 */
static bool has_capabilities(void)
{
    static const unsigned needed[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER,
                                      CAP_KILL,  CAP_SETGID,       CAP_SETUID};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(data[CAP_TO_INDEX(needed[i])].effective & CAP_TO_MASK(needed[i])))
            return false;
    return true;
}

static int become(const struct sandbox *box)
{
    return set_groups(box) < 0 || setresgid(box->gid, box->gid, box->gid) < 0 ||
                   setresuid(box->uid, box->uid, box->uid) < 0
               ? -1
               : 0;
}

/* A user namespace may have no such user, or forbid setgroups(2): only trying tells. */
static bool can_become(const struct sandbox *box)
{
    int status = -1;
    if (!has_capabilities())
        return false;
    pid_t child = fork();
    if (child == 0)
        _exit(become(box) < 0);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int sandbox_choose(struct sandbox *box, error **err)
{
    *box = (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
    if (geteuid() != 0)
        return 0;
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        const struct passwd *user = getpwnam(users[i]);
        if (!user || user->pw_uid == 0)
            continue;
        const struct sandbox other = {.drop = true, .uid = user->pw_uid, .gid = user->pw_gid};
        if (can_become(&other))
            *box = other;
        else
            box->renamed = true;
        box->name = other.uid;
        return 0;
    }
    return error_set(err, ERROR_HOST,
                     "running as root needs an unprivileged user for QEMU, and there is none of "
                     "virt-live-tools, nobody");
}

static int write_map(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int write_map(const char *path, const char *format, ...)
{
    va_list arguments;
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    va_start(arguments, format);
    int written = vdprintf(fd, format, arguments);
    va_end(arguments);
    return written < 0 ? -1 : 0;
}

/* A user namespace in which uid 0 has another number: libvirt takes 0 for one that may do
 * everything (geteuid() in virQEMUDriverConfigNew()). What it may do to files stays what it was. */
static int rename_root(const struct sandbox *box, error **err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER) < 0 || write_map("/proc/self/setgroups", "deny") < 0 ||
        write_map("/proc/self/uid_map", "%u %u 1", box->name, uid) < 0 ||
        write_map("/proc/self/gid_map", "%u %u 1", box->name, gid) < 0)
        return error_set_errno(err, ERROR_HOST, errno,
                               "uid 0 lacks the capabilities to become another user (chown, "
                               "setuid, setgid, kill, fowner, dac_override), and cannot make a "
                               "user namespace either: give it these, or run as an ordinary user");
    return 0;
}

int sandbox_enter(const struct sandbox *box, error **err)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot give up privileges");
    if (syscall_filter_terminal(err) < 0)
        return -1;
    if (box->renamed)
        return rename_root(box, err);
    if (!box->drop)
        return 0;
    if (become(box) < 0)
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
