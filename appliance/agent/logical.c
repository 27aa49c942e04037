/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "logical.h"
#include "nodes.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#define PROGRAM "/usr/sbin/volume-groups"

/* For its start; an answer may take as long as the host lets it. */
#define START_SECONDS 30

/* A line of an answer: two names of at most 127 bytes, and what is around them. */
#define LINE_MAX_ 4096

static int server = -1; /* the socket to it; there is one an appliance */

static int spawn(int its_end)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char program[] = PROGRAM, path[] = "PATH=/usr/sbin:/usr/bin", locale[] = "LC_ALL=C.UTF-8";
    char *const argv[] = {program, NULL}, *const environment[] = {path, locale, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, its_end, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawn(&pid, PROGRAM, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

int logical_start(void)
{
    int pair[2];
    char ready;
    if (server >= 0)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    AUTO_FD int ours = pair[0];
    AUTO_FD int its = pair[1];
    int result = spawn(its);
    close(steal_fd(&its)); /* its end, and so the conversation, is the process's alone */
    struct pollfd waiting = {.fd = ours, .events = POLLIN};
    if (result < 0)
        return result;
    if (poll(&waiting, 1, START_SECONDS * 1000) != 1 || recv(ours, &ready, 1, 0) != 1)
        return -ETIMEDOUT;
    server = steal_fd(&ours);
    return 0;
}

/* Sends the devices' paths and where to answer to. */
static int ask(const char *const *nodes, size_t count, int answer_to)
{
    static char text[MAX_VOLUMES * LOGICAL_NODE_MAX];
    size_t length = 0;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    for (size_t i = 0; i < count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? "," : "",
                                   nodes[i]);
    struct iovec part = {text, length};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof answer_to);
    memcpy(CMSG_DATA(header), &answer_to, sizeof answer_to);
    return sendmsg(server, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The value of NAME='…' in the line; "" where it is not there. */
static const char *field(const char *line, const char *name, char *value, size_t size)
{
    char start[64];
    snprintf(start, sizeof start, "LVM2_%s='", name);
    const char *from = strstr(line, start);
    from = from ? from + strlen(start) : "";
    snprintf(value, size, "%.*s", (int)strcspn(from, "'"), from);
    return value;
}

static void take_volume(const char *line, const char *complaint, struct logical_volume *volume)
{
    char group[128], name[128], text[32], health[64];
    memset(volume, 0, sizeof *volume);
    snprintf(volume->name, sizeof volume->name, "%.90s/%.90s",
             field(line, "VG_NAME", group, sizeof group),
             field(line, "LV_NAME", name, sizeof name));
    /* -1 where it is not active */
    int major = atoi(field(line, "LV_KERNEL_MAJOR", text, sizeof text));
    int minor = atoi(field(line, "LV_KERNEL_MINOR", text, sizeof text));
    field(line, "LV_HEALTH_STATUS", health, sizeof health);
    if (major > 0 && minor >= 0) {
        volume->number = makedev((unsigned)major, (unsigned)minor);
        snprintf(volume->node, sizeof volume->node, "/dev/logical%d", minor);
        nodes_make(volume->node, (unsigned)major, (unsigned)minor);
    } else if (strcmp(health, "partial") == 0) {
        snprintf(volume->why, sizeof volume->why, "a physical volume of it is missing");
    } else {
        snprintf(volume->why, sizeof volume->why, "not activated: %s",
                 *complaint ? complaint : "LVM does not say why");
    }
}

int logical_activate(const char *const *nodes, size_t count,
                     void (*found)(void *owner, const struct logical_volume *volume), void *owner,
                     char *why, size_t size)
{
    int ends[2];
    char line[LINE_MAX_];
    struct logical_volume volume;
    bool ended = false;
    snprintf(why, size, "it did not come to its end");
    if (server < 0 || pipe2(ends, O_CLOEXEC) < 0) {
        snprintf(why, size, "%s", strerror(server < 0 ? ENOSYS : errno));
        return -1;
    }
    AUTO_FD int to = ends[1];
    AUTO_FILE FILE *from = fdopen(ends[0], "re");
    int result = from ? ask(nodes, count, to) : -ENOMEM;
    close(steal_fd(&to));
    if (result < 0) {
        snprintf(why, size, "%s", strerror(-result));
        return -1;
    }
    while (!ended && fgets(line, sizeof line, from)) {
        line[strcspn(line, "\n")] = '\0';
        ended = strcmp(line, ".") == 0;
        if (line[0] == 'E') {
            snprintf(why, size, "%s", line + 1);
        } else if (line[0] == 'V') {
            take_volume(line, why, &volume);
            found(owner, &volume);
        }
    }
    return ended ? 0 : -1;
}
