/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lvm.h"
#include "agent/device/device-nodes.h"
#include "wire/volume-name.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#define PROGRAM "/usr/sbin/volume-groups"

/* For its start; an answer may take as long as the host lets it. */
#define START_SECONDS 110 /* on a crowded host; the supervisor waits 120 s for the appliance */

/* A line of an answer: two names of at most 127 bytes, and what is around them. */
#define ANSWER_LINE_MAX 4096

static int server = -1; /* the socket to it; there is one an appliance */

static int spawn(int its_end)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char program[] = PROGRAM, path[] = "PATH=/usr/sbin:/usr/bin", locale[] = "LC_ALL=C.UTF-8";
    char settings[] = "LVM_SYSTEM_DIR=/etc/lvm/scan"; /* appliance/root/lvm-scan.conf */
    char *const argv[] = {program, NULL};
    char *const environment[] = {path, locale, settings, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, its_end, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawn(&pid, PROGRAM, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

int lvm_start(void)
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
    int came;
    while ((came = poll(&waiting, 1, START_SECONDS * 1000)) < 0 && errno == EINTR)
        ;
    if (came <= 0)
        return came < 0 ? -errno : -ETIMEDOUT;
    if (recv(ours, &ready, 1, 0) != 1)
        return -ECONNRESET; /* it has ended */
    server = steal_fd(&ours);
    return 0;
}

/* Sends what is asked, the devices' paths and where to answer to. */
static int send_request(enum lvm_request request, const char *const *nodes, size_t count,
                        int answer_to)
{
    static char text[1 + MAX_VOLUMES * LVM_NODE_MAX];
    size_t length = 1;
    text[0] = (char)request;
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

FILE *lvm_ask(enum lvm_request request, const char *const *nodes, size_t count)
{
    int ends[2];
    if (server < 0) {
        errno = ENOSYS;
        return NULL;
    }
    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    AUTO_FD int in = ends[0];
    AUTO_FD int out = ends[1];
    int result = send_request(request, nodes, count, out);
    if (result == -EPIPE || result == -ECONNRESET) {
        /* Whatever ended it, guests that have volumes would all fail from here on: the host scans
         * them in another appliance. */
        fprintf(stderr, "agent: the process that knows LVM has ended\n");
        abort();
    }
    errno = -result;
    FILE *answer = result < 0 ? NULL : fdopen(in, "re");
    if (answer)
        steal_fd(&in);
    return answer;
}

/* Takes NAME='VALUE' and the spaces behind it from the line. An image chose some of the values: one
 * with an apostrophe in it ends the line's sense there, and does not begin another field. false:
 * something else stands there. */
static bool take_field(const char **line, const char *name, char *value, size_t size)
{
    char start[64];
    snprintf(start, sizeof start, "LVM2_%s='", name);
    size_t before = strlen(start);
    *value = '\0';
    if (strncmp(*line, start, before) != 0)
        return false;
    size_t length = strcspn(*line + before, "'");
    snprintf(value, size, "%.*s", (int)length, *line + before);
    *line += before + length;
    if (**line != '\'')
        return false;
    *line += 1 + strspn(*line + 1, " ");
    return true;
}

/* As the line has it. */
struct fields {
    char group[128], name[128], major[16], minor[16], health[64];
};

/* Whether the line is one that LVM writes for names that LVM lets a user give. */
static bool read_fields(const char *line, struct fields *fields)
{
    bool whole = take_field(&line, "VG_NAME", fields->group, sizeof fields->group) &&
                 take_field(&line, "LV_NAME", fields->name, sizeof fields->name) &&
                 take_field(&line, "LV_KERNEL_MAJOR", fields->major, sizeof fields->major) &&
                 take_field(&line, "LV_KERNEL_MINOR", fields->minor, sizeof fields->minor);
    if (whole && *line) /* the kernel's own lines have none */
        whole = take_field(&line, "LV_HEALTH_STATUS", fields->health, sizeof fields->health);
    return whole && !*line && volume_name_is_plain(fields->group) &&
           volume_name_is_plain(fields->name);
}

/* The mapper's name of a volume: VG-LV, with each '-' in them doubled (lvm(8)). */
static void mapper_name(const struct fields *fields, char *name, size_t size)
{
    size_t used = 0;
    const char *const parts[] = {fields->group, fields->name};
    for (size_t i = 0; i < 2; i++) {
        for (const char *p = parts[i]; *p && used + 3 < size; p++) {
            name[used++] = *p;
            if (*p == '-')
                name[used++] = '-';
        }
        if (i == 0)
            name[used++] = '-';
    }
    name[used] = '\0';
}

/* Whether a name ends before these bytes; a '.' may end the sentence. */
static bool ends_name(const char *rest, size_t length)
{
    if (length > 0 && rest[0] == '.') {
        rest++;
        length--;
    }
    return length == 0 || !volume_name_has(rest[0]);
}

/* Whether the name stands in the line, and is not the beginning or the end of another one. */
static bool names(const char *line, size_t length, const char *name)
{
    size_t whole = strlen(name);
    for (size_t at = 0; at + whole <= length; at++)
        if (memcmp(line + at, name, whole) == 0 && (at == 0 || !volume_name_has(line[at - 1])) &&
            ends_name(line + at + whole, length - at - whole))
            return true;
    return false;
}

/* The first of the lines that names the volume, or else the first of all. */
static void find_complaint(const char *lines, const struct fields *fields, char *why, size_t size)
{
    char path[sizeof fields->group + sizeof fields->name], mapper[2 * sizeof path];
    const char *found = lines;
    snprintf(path, sizeof path, "%s/%s", fields->group, fields->name);
    mapper_name(fields, mapper, sizeof mapper);
    for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        if (!names(line, length, path) && !names(line, length, mapper))
            continue;
        found = line;
        break;
    }
    snprintf(why, size, "%.*s", (int)strcspn(found, "\n"), found);
}

/* What LVM says where it is not a device that is missing, or a target of the kernel's, but what is
 * on the devices makes no sense. */
static bool tells_of_damage(const char *complaint)
{
    static const char *const words[] = {"transaction_id", "anual repair", "reload ioctl",
                                        "resume ioctl",   "corrupt",      "nconsistent"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(complaint, words[i]))
            return true;
    return false;
}

/* Why a volume is not active. dm-thin and dm-cache say ENOTBLK of a superblock whose checksum or
 * block number is wrong (drivers/md/dm-thin-metadata.c, sb_check()). */
static void settle_inactive(const struct fields *fields, const char *complaints,
                            struct lvm_volume *volume)
{
    char why[VOLUME_MESSAGE_MAX - 64];
    if (strcmp(fields->health, "partial") == 0) {
        snprintf(volume->why, sizeof volume->why, "a physical volume of it is missing");
        return;
    }
    find_complaint(complaints, fields, why, sizeof why);
    volume->damaged = tells_of_damage(why);
    snprintf(volume->why, sizeof volume->why, "not activated: %s%s",
             *why ? why : "LVM does not say why",
             strstr(why, strerror(ENOTBLK)) ? " (the pool's superblock is damaged)" : "");
}

void lvm_read_volume(const char *line, const char *complaints, struct lvm_volume *volume)
{
    struct fields fields = {.group = ""};
    *volume = (struct lvm_volume){.plain = read_fields(line, &fields)};
    volume_name_settle(fields.group);
    volume_name_settle(fields.name);
    /* Both together, as the device mapper's name for it, have 127 bytes at most. */
    size_t length = (size_t)snprintf(volume->name, sizeof volume->name, "%s/", fields.group);
    snprintf(volume->name + length, sizeof volume->name - length, "%s", fields.name);
    int major = atoi(fields.major), minor = atoi(fields.minor); /* -1 where it is not active */
    if (!volume->plain) {
        volume->damaged = true;
        snprintf(volume->why, sizeof volume->why,
                 "its name in LVM's metadata has characters that LVM does not allow");
    } else if (major > 0 && minor >= 0) {
        volume->number = makedev((unsigned)major, (unsigned)minor);
        snprintf(volume->node, sizeof volume->node, "/dev/logical%d", minor);
    } else {
        settle_inactive(&fields, complaints, volume);
    }
}

enum lvm_member lvm_read_member(const char *line, char node[LVM_NODE_MAX])
{
    char used[16], areas[16], ignored[256], group[128] = "";
    static const char *const between[] = {"VG_UUID", "VG_EXPORTED", "VG_CLUSTERED", "VG_LOCK_TYPE",
                                          "VG_SYSTEMID"};
    bool whole = take_field(&line, "PV_NAME", node, LVM_NODE_MAX) &&
                 take_field(&line, "PV_IN_USE", used, sizeof used) &&
                 take_field(&line, "PV_MDA_COUNT", areas, sizeof areas);
    for (size_t i = 0; whole && i < sizeof between / sizeof *between; i++)
        whole = take_field(&line, between[i], ignored, sizeof ignored);
    if (!whole || !take_field(&line, "VG_NAME", group, sizeof group))
        return LVM_MEMBER_DAMAGED;
    if (*group && *group != '[') /* "[unknown]": it is in use, and LVM cannot say by whom */
        return LVM_MEMBER_USED;
    if (strcmp(areas, "0") == 0)
        return LVM_MEMBER_ELSEWHERE;
    return *used ? LVM_MEMBER_DAMAGED : LVM_MEMBER_ORPHAN;
}

static void take_member(const char *line, const char *const *nodes, enum lvm_member *members,
                        size_t count)
{
    char node[LVM_NODE_MAX] = "";
    enum lvm_member member = lvm_read_member(line, node);
    for (size_t i = 0; i < count; i++)
        if (strcmp(nodes[i], node) == 0)
            members[i] = member;
}

/* What is heard of one request. */
struct hearing {
    const char *const *nodes;
    enum lvm_member *members;
    size_t count;
    void (*found)(void *owner, const struct lvm_volume *volume);
    void *owner;
    char *complaints; /* LVM_COMPLAINTS_MAX bytes; a line each */
    size_t length;
};

/* One that does not fit is left out: there are enough. */
static void take_complaint(struct hearing *self, const char *text)
{
    size_t size = LVM_COMPLAINTS_MAX - self->length;
    if (strlen(text) + 2 > size)
        return;
    self->length += (size_t)snprintf(self->complaints + self->length, size, "%s\n", text);
}

/* Whether it was the last line. */
static bool hear_line(struct hearing *self, const char *line)
{
    struct lvm_volume volume;
    switch (line[0]) {
    case 'E':
        take_complaint(self, line + 1);
        break;
    case 'A': /* it is tried anew, and those were of the first time */
        self->length = 0;
        self->complaints[0] = '\0';
        break;
    case 'V':
        lvm_read_volume(line + 1, self->complaints, &volume);
        if (volume.number)
            device_nodes_make(volume.node, major(volume.number), minor(volume.number));
        self->found(self->owner, &volume);
        break;
    case 'P':
        for (size_t i = 0; !line[1] && i < self->count; i++)
            self->members[i] = LVM_MEMBER_DAMAGED; /* those that can be read follow */
        if (line[1])
            take_member(line + 1, self->nodes, self->members, self->count);
        break;
    default:
        break;
    }
    return strcmp(line, ".") == 0;
}

int lvm_activate(const char *const *nodes, enum lvm_member *members, size_t count,
                 void (*found)(void *owner, const struct lvm_volume *volume), void *owner,
                 char *why, size_t size)
{
    static char complaints[LVM_COMPLAINTS_MAX];
    char line[ANSWER_LINE_MAX];
    struct hearing self = {nodes, members, count, found, owner, complaints, 0};
    bool ended = false;
    complaints[0] = '\0';
    for (size_t i = 0; i < count; i++)
        members[i] = LVM_MEMBER_USED;
    AUTO_FILE FILE *answer = lvm_ask(LVM_ASK_ACTIVATE, nodes, count);
    if (!answer) {
        snprintf(why, size, "%s", strerror(errno));
        return -1;
    }
    while (!ended && fgets(line, sizeof line, answer)) {
        line[strcspn(line, "\n")] = '\0';
        ended = hear_line(&self, line);
    }
    snprintf(why, size, "%.*s", (int)strcspn(complaints, "\n"), complaints);
    if (!ended)
        snprintf(why, size, "it did not come to its end");
    return ended ? 0 : -1;
}
