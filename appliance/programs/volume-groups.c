/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups for the agent: which logical volumes there are, and LVM to activate them.
 *
 * It waits, with LVM's library set up, on a SOCK_SEQPACKET socket at descriptor 0. A request is a
 * packet, a letter and device paths with ',' between them, and a descriptor to answer to:
 *
 * "L" asks for groups of linear volumes (linear-groups.h), which the agent maps itself. The answer
 * is lines: "V" and a volume's name; of each of its pieces "S", how many sectors, which of the
 * devices, and the first sector there; a last line ".". Without that line the groups are LVM's.
 *
 * "A" has LVM activate the groups (lvm-groups.h has what it answers). */
#define _GNU_SOURCE 1
#include "linear-groups.h"
#include "lvm-groups.h"

#include <fcntl.h>
#include <inttypes.h>
#include <libdevmapper.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A letter, the paths, a NUL. */
#define REQUEST_MAX (LVM_GROUPS_DEVICES_MAX + 2)

/* Opens them. How many; 0: one cannot be opened, or there are too many. */
static size_t open_members(char *devices, int *members)
{
    size_t count = 0;
    for (char *path = strtok(devices, ","); path; path = strtok(NULL, ",")) {
        int fd = count < LINEAR_GROUPS_MEMBERS_MAX ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0) {
            while (count > 0)
                close(members[--count]);
            return 0;
        }
        posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); /* two places of it are read */
        members[count++] = fd;
    }
    return count;
}

static void answer_linear(char *devices, FILE *answer)
{
    static struct linear_groups found;
    int members[LINEAR_GROUPS_MEMBERS_MAX];
    size_t count = open_members(devices, members);
    bool linear = linear_groups_read(members, count, &found);
    while (count > 0)
        close(members[--count]);
    for (size_t i = 0; linear && i < found.volumes; i++) {
        fprintf(answer, "V%s\n", found.volume[i].name);
        for (size_t j = 0; j < found.volume[i].count; j++) {
            const struct linear_piece *piece = &found.piece[found.volume[i].first + j];
            fprintf(answer, "S%" PRIu64 " %zu %" PRIu64 "\n", piece->sectors, piece->member,
                    piece->start);
        }
    }
    if (linear)
        fputs(".\n", answer);
}

/* An answer that lacks its last line tells that something went wrong. */
static void serve(void *lvm, int fd, char *request)
{
    FILE *answer = fdopen(fd, "w");
    if (!answer) {
        close(fd);
        return;
    }
    if (*request == 'L')
        answer_linear(request + 1, answer);
    else if (*request == 'A')
        lvm_groups_activate(lvm, request + 1, answer);
    fclose(answer);
}

/* The next request, as a string, and its descriptor. false: there will be none. */
static bool receive(char *request, size_t size, int *fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {request, size - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t length = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!header || header->cmsg_type != SCM_RIGHTS || (message.msg_flags & MSG_TRUNC))
        return false;
    memcpy(fd, CMSG_DATA(header), sizeof *fd);
    request[length] = '\0';
    return true;
}

/* What libdevmapper complains about may have an image's bytes in it, and there may be much of it.
 */
static void say_nothing(int level, const char *file, int line, int reason, const char *format, ...)
{
    (void)level;
    (void)file;
    (void)line;
    (void)reason;
    (void)format;
}

int main(void)
{
    static char request[REQUEST_MAX];
    int fd;
    dm_log_with_errno_init(say_nothing);
    void *lvm = lvm_groups_start();
    if (!lvm || write(STDIN_FILENO, ".", 1) != 1)
        return 1;
    while (receive(request, sizeof request, &fd))
        serve(lvm, fd, request);
    return 0;
}
