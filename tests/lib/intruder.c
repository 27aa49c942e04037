/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intruder.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static const char *victim;

/* Some calls return 0 and do nothing. */
static bool has_mode(mode_t mode)
{
    struct stat st;
    return stat(victim, &st) == 0 && (st.st_mode & 07777) == mode;
}

static bool change_mode(void)
{
    chmod(victim, 0604);
    return has_mode(0604);
}

static bool change_mode_of_descriptor(void)
{
    AUTO_FD int fd = open(victim, O_RDONLY | O_CLOEXEC);
    fchmod(fd, 0624);
    return has_mode(0624);
}

/* fchmodat2(2), which libc may not know */
static bool change_mode_anew(void)
{
    syscall(452, AT_FDCWD, victim, 0644, 0);
    return has_mode(0644);
}

static bool change_owner(void)
{
    struct stat before, after;
    if (stat(victim, &before) < 0)
        return false;
    usleep(20000); /* the clock of files has steps */
    if (chown(victim, geteuid(), getegid()) < 0)
        return false;
    return stat(victim, &after) == 0 &&
           memcmp(&before.st_ctim, &after.st_ctim, sizeof after.st_ctim) != 0;
}

static bool change_times(void)
{
    return utimensat(AT_FDCWD, victim, (const struct timespec[2]){{1, 0}, {1, 0}}, 0) == 0;
}

static bool change_attributes(void)
{
    return setxattr(victim, "user.vlt", "x", 1, 0) == 0;
}

static bool write_victim(void)
{
    AUTO_FD int fd = open(victim, O_WRONLY | O_CLOEXEC);
    return fd >= 0;
}

static bool write_shared_memory(void)
{
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/vlt-intruder.%d", (int)getpid());
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path);
    return fd >= 0;
}

static bool has_socket(int domain, int type, int protocol)
{
    AUTO_FD int fd = socket(domain, type, protocol);
    return fd >= 0;
}

static bool make_udp(void)
{
    return has_socket(AF_INET, SOCK_DGRAM, 0) || has_socket(AF_INET6, SOCK_DGRAM, 0);
}

static bool make_mptcp(void)
{
    return has_socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
}

static bool make_tcp(void)
{
    return has_socket(AF_INET, SOCK_STREAM, 0);
}

static bool make_netlink(void)
{
    return has_socket(AF_NETLINK, SOCK_RAW, 0);
}

static bool make_vsock(void)
{
    return has_socket(AF_VSOCK, SOCK_STREAM, 0);
}

/* Of what would last, in a process of its own. */
static bool works_apart(bool (*work)(void))
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(!work());
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool be_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool trace(void)
{
    return works_apart(be_traced);
}

static bool read_process(void)
{
    char from = 'x', to = 0;
    struct iovec local = {&to, 1}, remote = {&from, 1};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

/* The upper half of an ioctl's number is not looked at by the kernel. Where a terminal would be
 * needed, the error tells: EPERM is the filter's, or a kernel's that forbids it altogether. */
static bool type_into_terminal(void)
{
    AUTO_FD int master = open("/dev/null", O_RDWR | O_CLOEXEC);
    char letter = 'x';
    return syscall(SYS_ioctl, master, TIOCSTI | 0x100000000UL, &letter) == 0 || errno != EPERM;
}

static bool paste_into_terminal(void)
{
    AUTO_FD int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    char code = 3;
    return ioctl(fd, TIOCLINUX, &code) == 0 || errno != EPERM;
}

static bool leave_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}

static bool make_namespace(void)
{
    return works_apart(leave_namespace);
}

static bool make_ring(void)
{
    struct io_uring_params parameters = {0};
    AUTO_FD int fd = (int)syscall(__NR_io_uring_setup, 1, &parameters);
    return fd >= 0;
}

static bool is_own_terminal(void)
{
    AUTO_FD int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    return fd >= 0;
}

static const struct {
    const char *name;
    bool (*works)(void);
} attempts[] = {
    {"chmod", change_mode},
    {"fchmod", change_mode_of_descriptor},
    {"fchmodat2", change_mode_anew},
    {"chown", change_owner},
    {"utimensat", change_times},
    {"setxattr", change_attributes},
    {"writing a file outside", write_victim},
    {"writing below /dev/shm", write_shared_memory},
    {"a UDP socket", make_udp},
    {"a TCP socket", make_tcp},
    {"an MPTCP socket", make_mptcp},
    {"a netlink socket", make_netlink},
    {"a vsock socket", make_vsock},
    {"ptrace", trace},
    {"process_vm_readv", read_process},
    {"TIOCSTI", type_into_terminal},
    {"TIOCLINUX", paste_into_terminal},
    {"a user namespace", make_namespace},
    {"a controlling terminal", is_own_terminal},
};

unsigned intruder_try(const char *file, bool io_uring_may, FILE *to)
{
    unsigned count = 0;
    victim = file;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        if (attempts[i].works()) {
            fprintf(to, "%s\n", attempts[i].name);
            count++;
        }
    if (!io_uring_may && make_ring()) {
        fprintf(to, "io_uring\n");
        count++;
    }
    return count;
}
