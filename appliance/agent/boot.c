/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot.h"
#include "agent/mount/kernel-log.h"
#include "agent/mount/kernel-modules.h"
#include "agent/mount/mount.h"
#include "agent/util/sysfs.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define SAFE (MS_NODEV | MS_NOSUID | MS_NOEXEC)
#define PORTS "/sys/class/virtio-ports"

/* For writing everything out. */
#define SETTLE_SECONDS 60

static void make_nodes(void)
{
    /* Documentation/admin-guide/devices.txt. The misc devices load nothing by being there. */
    static const struct {
        const char *path;
        unsigned major, minor;
    } nodes[] = {
        {"/dev/console", 5, 1},
        {"/dev/null", 1, 3},
        {"/dev/zero", 1, 5},
        {"/dev/full", 1, 7},
        {"/dev/random", 1, 8},
        {"/dev/urandom", 1, 9},
        {"/dev/tty", 5, 0},
        {"/dev/ttyS0", 4, 64},
        {"/dev/ttyAMA0", 204, 64},
        {"/dev/kmsg", 1, 11},
        {"/dev/fuse", 10, 229},
        {"/dev/btrfs-control", 10, 234},
        {"/dev/mapper/control", 10, 236},
        {"/dev/loop-control", 10, 237},
        {"/dev/ptmx", 5, 2},
    };
    /* What shells take for granted. */
    static const char *const links[][2] = {
        {"/proc/self/fd", "/dev/fd"},
        {"/proc/self/fd/0", "/dev/stdin"},
        {"/proc/self/fd/1", "/dev/stdout"},
        {"/proc/self/fd/2", "/dev/stderr"},
    };
    mkdir("/dev/mapper", 0755);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        mknod(nodes[i].path, S_IFCHR | 0600, makedev(nodes[i].major, nodes[i].minor));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], links[i][1]) < 0)
            fprintf(stderr, "agent: %s: %s\n", links[i][1], strerror(errno));
}

static void write_file(const char *path, const char *text)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    /* A kernel built without a setting does without it. */
    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        fprintf(stderr, "agent: %s: %s\n", path, strerror(errno));
}

static void harden(void)
{
    static const struct {
        const char *path;
        const char *value;
    } settings[] = {
        /* Whatever an image did to the kernel, nothing is believed after an oops: the panic reboots
         * at once, which QEMU is told to take for the end. */
        {"/proc/sys/kernel/panic_on_oops", "1"},
        {"/proc/sys/kernel/panic", "-1"},
        {"/proc/sys/kernel/hung_task_panic", "1"},
        /* No program is started by the kernel. */
        {"/proc/sys/kernel/modprobe", "\n"},
        {"/proc/sys/kernel/hotplug", "\n"},
        {"/proc/sys/kernel/core_pattern", "\n"},
        /* What would wake up every second, for nothing. */
        {"/proc/sys/vm/compaction_proactiveness", "0"},
        {"/proc/sys/vm/stat_interval", "3600"},
        /* A message costs milliseconds on the emulated console. A panic prints all the same. */
        {"/proc/sys/kernel/printk", "3 4 1 3"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        write_file(settings[i].path, settings[i].value);
}

/* Every volume of a guest is open while it is looked at, and there may be MAX_VOLUMES. */
static void raise_limits(void)
{
    const struct rlimit files = {.rlim_cur = 4096, .rlim_max = 4096};
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        fprintf(stderr, "agent: setrlimit: %s\n", strerror(errno));
}

void boot_early(void)
{
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", SAFE, NULL);
    mount("sysfs", "/sys", "sysfs", SAFE, NULL);
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NOATIME, "mode=0755,size=1m");
    make_nodes();
    int console = open("/dev/console", O_RDWR | O_NOCTTY);
    if (console < 0) /* 0 to 2 must be taken: nothing else may get these numbers */
        console = open("/dev/null", O_RDWR | O_NOCTTY);
    if (console >= 0)
        for (int fd = 0; fd <= 2; fd++)
            if (fd != console)
                dup2(console, fd);
    if (console > 2)
        close(console);
    raise_limits();
    harden();
}

void boot_modules(void)
{
    const char *failed = "";
    kernel_modules *loaded = kernel_modules_new("/modules", false);
    int result = loaded ? kernel_modules_load_order(loaded, "/modules/order", &failed) : -ENOMEM;
    /* Go on: the console tells, and the host's deadline ends what does not come up without it. */
    if (result < 0)
        fprintf(stderr, "agent: module %s: %s\n", failed, strerror(-result));
    kernel_modules_free(loaded);
}

static int step(const char *what, int result)
{
    if (result == 0)
        return 0;
    result = -errno;
    fprintf(stderr, "agent: %s: %s\n", what, strerror(-result));
    return result;
}

/* The root drive becomes the root of the agent itself, not only of helpers: then a path means the
 * same in the agent, in what it starts and in the shell, and there is one set of /dev, /proc, /sys.
 * An initramfs cannot be pivoted away from, so it is the usual move and chroot. */
int boot_root(const device_table *disks)
{
    char node[NODE_MAX];
    int result;
    mkdir("/root", 0755);
    device_table_node(disks, TARGET_COUNT - 1, 0, node);
    /* noload: it is read-only, and mke2fs makes it without need of a replay. */
    if ((result = step("mount the root drive",
                       mount(node, "/root", "ext4", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOATIME,
                             "noload,no_prefetch_block_bitmaps"))) < 0 ||
        (result = step("move /dev", mount("/dev", "/root/dev", NULL, MS_MOVE, NULL))) < 0 ||
        (result = step("move /proc", mount("/proc", "/root/proc", NULL, MS_MOVE, NULL))) < 0 ||
        (result = step("move /sys", mount("/sys", "/root/sys", NULL, MS_MOVE, NULL))) < 0 ||
        (result = step("chdir /root", chdir("/root"))) < 0 ||
        (result = step("move the root", mount(".", "/", NULL, MS_MOVE, NULL))) < 0 ||
        (result = step("chroot", chroot("."))) < 0 || (result = step("chdir /", chdir("/"))) < 0 ||
        (result = step("mount /run", mount("tmpfs", "/run", "tmpfs", SAFE, "mode=0755"))) < 0 ||
        (result = step("mount /tmp", mount("tmpfs", "/tmp", "tmpfs", SAFE, "mode=1777"))) < 0 ||
        (result = step("make " MOUNT_POINT, mkdir(MOUNT_POINT, 0700))) < 0)
        return result;
    return 0;
}

void boot_each_port(void (*found)(void *owner, const char *name, dev_t number), void *owner)
{
    char path[NODE_MAX];
    char name[256], number[32];
    unsigned major, minor;
    AUTO_DIR DIR *ports = opendir(PORTS);
    if (!ports)
        return;
    for (struct dirent *entry = readdir(ports); entry; entry = readdir(ports)) {
        snprintf(path, sizeof path, PORTS "/%s/name", entry->d_name);
        if (sysfs_read(AT_FDCWD, path, name, sizeof name) < 0)
            continue; /* its name is still to come, with an event */
        snprintf(path, sizeof path, PORTS "/%s/dev", entry->d_name);
        if (sysfs_read(AT_FDCWD, path, number, sizeof number) > 0 &&
            sscanf(number, "%u:%u", &major, &minor) == 2)
            found(owner, name, makedev(major, minor));
    }
}

int boot_open_port(dev_t number)
{
    static const char path[] = "/dev/agent-port";
    if (mknod(path, S_IFCHR | 0600, number) < 0)
        return -errno;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int result = fd < 0 ? -errno : fd;
    unlink(path); /* only the agent uses it */
    return result;
}

void boot_terminals(void)
{
    mkdir("/dev/pts", 0755);
    if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666") < 0)
        fprintf(stderr, "agent: mount /dev/pts: %s\n", strerror(errno));
}

bool boot_option(const char *word)
{
    char line[4096];
    char *rest = line;
    if (sysfs_read(AT_FDCWD, "/proc/cmdline", line, sizeof line) < 0)
        return false;
    for (char *p = strsep(&rest, " "); p; p = strsep(&rest, " "))
        if (strcmp(p, word) == 0)
            return true;
    return false;
}

void boot_shell(void)
{
    pid_t pid;
    char busybox[] = "busybox", sh[] = "sh";
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", term[] = "TERM=linux";
    char *const arguments[] = {busybox, sh, NULL};
    char *const environment[] = {path, term, NULL};
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawnp(&pid, busybox, NULL, &attributes, arguments, environment);
    if (result != 0)
        fprintf(stderr, "agent: busybox: %s\n", strerror(result));
    posix_spawnattr_destroy(&attributes);
}

/* As deep as a scan's stack gets, and what a scan allocates, with room to spare. */
#define STACK_ROOM (128 << 10)
#define HEAP_ROOM (96 << 10)

static __attribute__((noinline)) void touch_stack(void)
{
    volatile char room[STACK_ROOM];
    explicit_bzero((void *)(uintptr_t)room, sizeof room);
}

void boot_prepare(void)
{
    void *volatile room = malloc(HEAP_ROOM); /* what is given back stays the heap's */
    free(room);
    touch_stack();
    /* It puts all pages into place; they need not stay locked. */
    if (mlockall(MCL_CURRENT) < 0 || munlockall() < 0)
        fprintf(stderr, "agent: mlockall: %s\n", strerror(errno));
    kernel_log_begin();
}

void boot_keep(void)
{
    struct sched_param parameters = {.sched_priority = 1};
    /* A node is there before the program goes on that made its partition: whatever runs, the agent
     * comes first when an event does. What it starts is scheduled as usual. */
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) < 0)
        fprintf(stderr, "agent: sched_setscheduler: %s\n", strerror(errno));
    /* A disk may take minutes to write back what a mkfs has left in memory. */
    write_file("/proc/sys/kernel/hung_task_panic", "0");
}

/* mountinfo writes whitespace and '\' as \ooo. */
static void decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        unsigned code;
        if (*from == '\\' && sscanf(from, "\\%3o", &code) == 1) {
            *to = (char)code;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* What the agent mounted itself, and needs; it holds nothing worth keeping. */
static bool is_own(const char *where)
{
    static const char *const own[] = {"/", "/dev", "/dev/pts", "/proc", "/sys", "/run", "/tmp"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(where, own[i]) == 0)
            return true;
    return false;
}

/* The last mounted first. What is in use stays. */
static void unmount_all(void)
{
    AUTO_FILE FILE *file = fopen("/proc/self/mountinfo", "re");
    AUTO_FREE char *line = NULL;
    size_t size = 0, count = 0;
    char **where = NULL;
    while (file && getline(&line, &size, file) > 0) {
        char *path = NULL;
        char **larger = reallocarray(where, count + 1, sizeof *where);
        if (!larger)
            break;
        where = larger;
        if (sscanf(line, "%*u %*u %*u:%*u %*s %ms", &path) != 1)
            continue;
        decode(path);
        where[count++] = path;
    }
    while (count-- > 0) {
        if (!is_own(where[count]))
            umount2(where[count], UMOUNT_NOFOLLOW);
        free(where[count]);
    }
    free(where);
}

static void settle(void)
{
    unmount_all();
    sync();
    /* What kept the others busy, and what serves those that a program serves. */
    kill(-1, SIGKILL);
    unmount_all();
    sync();
}

void boot_settle(void)
{
    const struct timespec patience = {.tv_sec = SETTLE_SECONDS};
    sigset_t child;
    pid_t ended, pid = fork();
    if (pid == 0) {
        settle();
        _exit(0);
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    /* It is blocked. Each round is a child that has ended; a mount that hangs must not keep the
     * appliance. */
    while (pid > 0 && sigtimedwait(&child, NULL, &patience) > 0)
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
            if (ended == pid)
                pid = 0;
}

_Noreturn void boot_power_off(const char *why)
{
    fprintf(stderr, "agent: power off: %s\n", why);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
