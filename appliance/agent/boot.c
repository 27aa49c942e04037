/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot.h"
#include "modules.h"
#include "mounts.h"
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define SAFE (MS_NODEV | MS_NOSUID | MS_NOEXEC)
#define PORTS "/sys/class/virtio-ports"

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
        {"/dev/kmsg", 1, 11},
        {"/dev/fuse", 10, 229},
        {"/dev/btrfs-control", 10, 234},
        {"/dev/mapper/control", 10, 236},
    };
    mkdir("/dev/mapper", 0755);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        mknod(nodes[i].path, S_IFCHR | 0600, makedev(nodes[i].major, nodes[i].minor));
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
        /* A message costs milliseconds on the emulated console. A panic prints all the same. */
        {"/proc/sys/kernel/printk", "3 4 1 3"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        write_file(settings[i].path, settings[i].value);
}

void boot_early(void)
{
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", SAFE, NULL);
    mount("sysfs", "/sys", "sysfs", SAFE, NULL);
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=1m");
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
    harden();
}

void boot_modules(void)
{
    const char *failed = "";
    modules *loaded = modules_new("/modules", false);
    int result = loaded ? modules_load_order(loaded, "/modules/order", &failed) : -ENOMEM;
    /* Go on: the console tells, and the host's deadline ends what does not come up without it. */
    if (result < 0)
        fprintf(stderr, "agent: module %s: %s\n", failed, strerror(-result));
    modules_free(loaded);
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
int boot_root(const devices *disks)
{
    char node[NODE_MAX];
    int result;
    mkdir("/root", 0755);
    devices_node(disks, TARGET_COUNT - 1, 0, node);
    /* noload: it is read-only, and mke2fs makes it without need of a replay. */
    if ((result = step("mount the root drive",
                       mount(node, "/root", "ext4", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOATIME,
                             "noload"))) < 0 ||
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

static bool read_text(const char *path, char *text, size_t size)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, text, size - 1);
    if (count < 0)
        return false;
    text[count] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return true;
}

int boot_open_port(const char *name)
{
    char path[NODE_MAX];
    char text[256];
    unsigned major, minor;
    AUTO_DIR DIR *ports = opendir(PORTS);
    if (!ports)
        return -errno;
    for (struct dirent *entry = readdir(ports); entry; entry = readdir(ports)) {
        snprintf(path, sizeof path, PORTS "/%s/name", entry->d_name);
        if (!read_text(path, text, sizeof text) || strcmp(text, name) != 0)
            continue;
        snprintf(path, sizeof path, PORTS "/%s/dev", entry->d_name);
        if (!read_text(path, text, sizeof text) || sscanf(text, "%u:%u", &major, &minor) != 2)
            continue;
        if (mknod("/dev/agent-port", S_IFCHR | 0600, makedev(major, minor)) < 0)
            return -errno;
        int fd = open("/dev/agent-port", O_RDWR | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    return -ENOENT;
}

bool boot_option(const char *word)
{
    char line[4096];
    char *rest = line;
    if (!read_text("/proc/cmdline", line, sizeof line))
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

_Noreturn void boot_power_off(const char *why)
{
    fprintf(stderr, "agent: power off: %s\n", why);
    /* Nothing is mounted writable but memory, so there is nothing to sync. */
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
