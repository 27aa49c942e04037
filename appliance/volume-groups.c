/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LVM for the agent: activates volume groups, and says which logical volumes there are.
 *
 * It waits, with LVM's library set up, on a SOCK_SEQPACKET socket at descriptor 0. A request is a
 * packet of device paths with ',' between them, and a descriptor to answer to. A child of its own
 * serves each, and one each of its commands, so nothing that LVM learns about one guest is there
 * for the next, and what it costs to load and set up LVM has been paid once. (LVM's own shell would
 * do the same; with libedit, as Debian builds it, it crashes at the third command. The library
 * crashes when it is given --devices again. Both: lvm2 2.03.16.)
 *
 * An answer is lines, and ends with the descriptor: "V" and a logical volume's fields as `lvs
 * --nameprefixes` writes them; "P" and a physical volume's, where some may belong to no group; "E"
 * and what LVM complains about; a last line "." when LVM came to its end. */
#define _GNU_SOURCE 1
#include <lvm2cmd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* MAX_VOLUMES paths of LOGICAL_NODE_MAX bytes (logical.h). */
#define REQUEST_MAX 65536

/* A pool is not examined (thin_check, cache_check): it may be written, but nothing of that lasts. */
#define ACTIVATE                                                                                   \
    "vgchange --activate y --yes --poll n --ignoremonitoring "                                     \
    "--config 'global { thin_check_executable=\"\" cache_check_executable=\"\" }'"
/* "lv_role=public" are those that a user sees, not what they are made of; those to be skipped at
 * activation (thin snapshots, usually) are not active in the guest either. */
#define REPORT                                                                                     \
    "lvs --noheadings --nameprefixes "                                                             \
    "-o vg_name,lv_name,lv_kernel_major,lv_kernel_minor,lv_health_status "                         \
    "-S 'lv_role=public && lv_skip_activation!=yes'"

/* Costs as much again, so it is only asked where it can say something. */
#define MEMBERS "pvs --noheadings --nameprefixes -o pv_name,vg_name"

static FILE *answer_to;
static char group[256]; /* the last one that has a volume: they come sorted by it */
static unsigned groups; /* that have volumes */

static void hear(int level, const char *file, int line, int errnum, const char *message)
{
    (void)file;
    (void)line;
    (void)errnum;
    message += strspn(message, " ");
    size_t length = strcspn(message, " ");
    if (strncmp(message, "LVM2_VG_NAME=", 13) == 0) {
        fprintf(answer_to, "V%s\n", message);
        if (length < sizeof group && (strncmp(group, message, length) != 0 || group[length])) {
            groups++;
            snprintf(group, sizeof group, "%.*s", (int)length, message);
        }
    } else if (strncmp(message, "LVM2_PV_NAME=", 13) == 0) {
        fprintf(answer_to, "P%s\n", message);
    } else if (level <= LVM2_LOG_ERROR) {
        fprintf(answer_to, "E%s\n", message);
    }
}

/* On these devices and no others; there is nobody to lock out. */
static int run(void *lvm, const char *what, const char *devices)
{
    static char command[REQUEST_MAX + 512];
    int length =
        snprintf(command, sizeof command, "%s --devices %s --nolocking", what, devices);
    if (length < 0 || (size_t)length >= sizeof command)
        return LVM2_INVALID_PARAMETERS;
    return lvm2_run(lvm, command);
}

/* The same, in a process of its own. How many groups have volumes, as far as an exit status tells. */
static unsigned run_apart(void *lvm, const char *what, const char *devices)
{
    int status = 0;
    fflush(answer_to);
    pid_t pid = fork();
    if (pid == 0) {
        run(lvm, what, devices);
        fflush(answer_to);
        _exit(groups < 255 ? (int)groups : 255);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        _exit(1); /* the answer lacks its last line */
    return (unsigned)WEXITSTATUS(status);
}

/* In a child. A group that cannot be activated as a whole is reported all the same. */
static _Noreturn void serve(void *lvm, int fd, const char *devices)
{
    unsigned members = 1;
    for (const char *p = devices; *p; p++)
        members += *p == ',';
    signal(SIGCHLD, SIG_DFL); /* LVM may have children */
    answer_to = fdopen(fd, "w");
    if (!answer_to)
        _exit(1);
    run_apart(lvm, ACTIVATE, devices);
    if (run_apart(lvm, REPORT, devices) < members) {
        fputs("P\n", answer_to); /* whoever does not follow belongs to none */
        run_apart(lvm, MEMBERS, devices);
    }
    fputs(".\n", answer_to);
    _exit(fclose(answer_to) == 0 ? 0 : 1);
}

/* The next request, as a string, and its descriptor. false: there will be none. */
static bool receive(char *devices, size_t size, int *fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {devices, size - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t length = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!header || header->cmsg_type != SCM_RIGHTS || (message.msg_flags & MSG_TRUNC))
        return false;
    memcpy(fd, CMSG_DATA(header), sizeof *fd);
    devices[length] = '\0';
    return true;
}

int main(void)
{
    static char devices[REQUEST_MAX];
    int fd;
    void *lvm = lvm2_init();
    if (!lvm)
        return 1;
    lvm2_log_fn(hear);
    lvm2_log_level(lvm, LVM2_LOG_PRINT);
    signal(SIGCHLD, SIG_IGN); /* nobody waits for the children */
    if (write(STDIN_FILENO, ".", 1) != 1)
        return 1;
    while (receive(devices, sizeof devices, &fd)) {
        pid_t pid = fork();
        if (pid == 0)
            serve(lvm, fd, devices);
        /* Without a child the answer ends here, without its last line. */
        close(fd);
    }
    return 0;
}
