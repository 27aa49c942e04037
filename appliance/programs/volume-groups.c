/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LVM for the agent: activates volume groups, and says which logical volumes there are.
 *
 * It waits, with LVM's library set up, on a SOCK_SEQPACKET socket at descriptor 0. A request is a
 * packet of device paths with ',' between them, and a descriptor to answer to. Each of LVM's
 * commands runs in a child of its own, so nothing that LVM learns about one guest is there for the
 * next, and what it costs to load and set up LVM has been paid once. (LVM's own shell would do the
 * same; with libedit, as Debian builds it, it crashes at the third command. The library crashes
 * when it is given --devices again. Both: lvm2 2.03.16.)
 *
 * A command costs tens of milliseconds under emulation, most of it in reading the same metadata
 * again. So where vgchange has activated all without a complaint, the kernel is asked which
 * volumes there are now; LVM's own report is for all other cases.
 *
 * An answer is lines, and ends with the descriptor: "V" and a logical volume's fields as `lvs
 * --nameprefixes` writes them; "P" and a physical volume's, where some may belong to no group; "E"
 * and what LVM complains about; a last line "." when LVM came to its end. */
#define _GNU_SOURCE 1
#include <libdevmapper.h>
#include <lvm2cmd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* MAX_VOLUMES paths of LVM_NODE_MAX bytes (lvm.h). */
#define REQUEST_MAX 65536

#define ACTIVATE "vgchange --activate y --yes --poll n --ignoremonitoring"
/* "lv_role=public" are those that a user sees, not what they are made of; those to be skipped at
 * activation (thin snapshots, usually) are not active in the guest either. */
#define REPORT                                                                                     \
    "lvs --noheadings --nameprefixes "                                                             \
    "-o vg_name,lv_name,lv_kernel_major,lv_kernel_minor,lv_health_status "                         \
    "-S 'lv_role=public && lv_skip_activation!=yes'"

/* Costs as much again, so it is only asked where it can say something. */
#define MEMBERS "pvs --noheadings --nameprefixes -o pv_name,vg_name"

/* What is learnt of a request's commands. Their processes share it. */
struct seen {
    unsigned groups;     /* that have volumes */
    unsigned active;     /* volumes, as vgchange counts them */
    unsigned complaints; /* errors of LVM */
    bool done;           /* the command succeeded */
};

static struct seen *seen;
static FILE *answer_to;
static char group[256]; /* the last one that has a volume: they come sorted by it */

/* A line of the answer. The text has names that an image chose: a newline in one would begin a line
 * of its own. */
static void tell(char kind, const char *text)
{
    fputc(kind, answer_to);
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, answer_to);
    fputc('\n', answer_to);
}

static void hear(int level, const char *file, int line, int errnum, const char *message)
{
    (void)file;
    (void)line;
    (void)errnum;
    message += strspn(message, " ");
    size_t length = strcspn(message, " ");
    unsigned active;
    int end = 0;
    if (strncmp(message, "LVM2_VG_NAME=", 13) == 0) {
        tell('V', message);
        if (length < sizeof group && (strncmp(group, message, length) != 0 || group[length])) {
            seen->groups++;
            snprintf(group, sizeof group, "%.*s", (int)length, message);
        }
    } else if (strncmp(message, "LVM2_PV_NAME=", 13) == 0) {
        tell('P', message);
    } else if (level <= LVM2_LOG_ERROR) {
        seen->complaints++;
        tell('E', message);
    } else if (sscanf(message, "%u logical volume(s) in volume group %n", &active, &end) == 1 &&
               end > 0) {
        seen->active += active;
        seen->groups++;
    } else if (level <= LVM2_LOG_PRINT) {
        seen->complaints++; /* such as a physical volume that is missing */
    }
}

/* On these devices and no others, without locks: no other LVM runs here. */
static int run(void *lvm, const char *what, const char *devices)
{
    static char command[REQUEST_MAX + 512];
    int length = snprintf(command, sizeof command, "%s --devices %s --nolocking", what, devices);
    if (length < 0 || (size_t)length >= sizeof command)
        return LVM2_INVALID_PARAMETERS;
    return lvm2_run(lvm, command);
}

/* The same, in a process of its own. Whether it came to its end. */
static bool run_apart(void *lvm, const char *what, const char *devices)
{
    int status = 0;
    fflush(answer_to);
    *seen = (struct seen){0};
    pid_t pid = fork();
    if (pid == 0) {
        seen->done = run(lvm, what, devices) == LVM2_COMMAND_SUCCEEDED;
        fflush(answer_to);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- what the kernel says ---- */

/* "LVM-", the group's and the volume's; a volume that only LVM uses has a suffix. */
#define PUBLIC_UUID_LENGTH (4 + 32 + 32)

/* A line like lvs' for the device, if it is a logical volume that a user sees. */
static bool tell_device(struct dm_pool *pool, const char *name)
{
    char line[512];
    struct dm_info info;
    char *vg = NULL, *lv = NULL, *layer = NULL;
    struct dm_task *task = dm_task_create(DM_DEVICE_INFO);
    bool public = task && dm_task_set_name(task, name) && dm_task_run(task) &&
                  dm_task_get_info(task, &info) && info.exists &&
                  strncmp(dm_task_get_uuid(task), "LVM-", 4) == 0 &&
                  strlen(dm_task_get_uuid(task)) == PUBLIC_UUID_LENGTH &&
                  dm_split_lvm_name(pool, name, &vg, &lv, &layer) && *vg && *lv && !*layer;
    if (public) {
        snprintf(line, sizeof line,
                 "LVM2_VG_NAME='%s' LVM2_LV_NAME='%s' LVM2_LV_KERNEL_MAJOR='%u' "
                 "LVM2_LV_KERNEL_MINOR='%u'",
                 vg, lv, info.major, info.minor);
        tell('V', line);
    }
    if (task)
        dm_task_destroy(task);
    return public;
}

/* How many logical volumes the kernel has: of each a line. */
static unsigned tell_each(const struct dm_names *names)
{
    unsigned count = 0;
    struct dm_pool *pool = dm_pool_create("names", 1024);
    while (pool && names && names->dev) {
        count += tell_device(pool, names->name);
        names = names->next
                    ? (const struct dm_names *)(const void *)((const char *)names + names->next)
                    : NULL;
    }
    if (pool)
        dm_pool_destroy(pool);
    return count;
}

/* Tells of all logical volumes, if they are as many as vgchange says. */
static bool tell_devices(unsigned expected)
{
    char *lines = NULL;
    size_t size = 0;
    unsigned count = 0;
    FILE *answer = answer_to;
    struct dm_task *task = dm_task_create(DM_DEVICE_LIST);
    answer_to = open_memstream(&lines, &size);
    if (answer_to && task && dm_task_run(task))
        count = tell_each(dm_task_get_names(task));
    bool complete = answer_to && fclose(answer_to) == 0 && count == expected;
    answer_to = answer;
    if (complete)
        fputs(lines, answer);
    free(lines);
    if (task)
        dm_task_destroy(task);
    return complete;
}

/* ---- requests ---- */

/* A group that cannot be activated as a whole is reported all the same. */
static bool answer(void *lvm, const char *devices)
{
    unsigned members = 1;
    for (const char *p = devices; *p; p++)
        members += *p == ',';
    if (!run_apart(lvm, ACTIVATE, devices))
        return false;
    bool told = seen->done && seen->complaints == 0 && tell_devices(seen->active);
    if (!told && !run_apart(lvm, REPORT, devices))
        return false;
    if (seen->groups < members) {
        fputs("P\n", answer_to); /* devices that do not follow belong to no group */
        if (!run_apart(lvm, MEMBERS, devices))
            return false;
    }
    return fputs(".\n", answer_to) >= 0;
}

/* An answer that lacks its last line tells that something went wrong. */
static void serve(void *lvm, int fd, const char *devices)
{
    answer_to = fdopen(fd, "w");
    if (!answer_to) {
        close(fd);
        return;
    }
    answer(lvm, devices);
    fclose(answer_to);
    answer_to = NULL;
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
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || write(STDIN_FILENO, ".", 1) != 1)
        return 1;
    while (receive(devices, sizeof devices, &fd))
        serve(lvm, fd, devices);
    return 0;
}
