/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For an appliance whose agent misbehaves on cue: linked with the agent's own objects and
 * --wrap=statvfs, so that a filesystem that has a file `fault` brings about what that file says, at
 * the moment at which the agent asks how full it is. "draw" is no fault: it tells, as figures of
 * the filesystem, what cannot be seen from outside.
 *
 * --wrap=volume_size_read: of a disk that begins with "no size" the kernel does not know the size
 * when it is asked for the first time, as one that has come in a crowd. */
#include "agent/mount/volume-size.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

int __real_statvfs(const char *path, struct statvfs *figures);
int __wrap_statvfs(const char *path, struct statvfs *figures);

/* The kernel's own: an oops would do the same, for the appliance panics on one. */
static void panic(void)
{
    int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "c", 1) != 1)
        abort();
}

static void spin(void)
{
    for (volatile unsigned turns = 0;; turns++)
        ;
}

static void hang(void)
{
    for (;;)
        pause();
}

/* In the kernel: a parent waits for what its vfork()ed child will never do. */
static void hang_in_the_kernel(void)
{
    if (vfork() == 0)
        hang();
}

static void take_all_memory(void)
{
    enum { STEP = 1 << 20 };
    for (;;) {
        char *memory = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory != MAP_FAILED)
            memset(memory, 1, STEP);
    }
}

/* Two random numbers of 62 bits, as its size and its inodes; the time in seconds, as its free
 * inodes. */
static int draw(struct statvfs *figures)
{
    uint64_t numbers[2];
    if (getrandom(numbers, sizeof numbers, 0) != (ssize_t)sizeof numbers)
        abort();
    *figures = (struct statvfs){.f_bsize = 1,
                                .f_frsize = 1,
                                .f_blocks = numbers[0] >> 2,
                                .f_files = numbers[1] >> 2,
                                .f_ffree = (fsfilcnt_t)time(NULL)};
    return 0;
}

int __wrap_statvfs(const char *path, struct statvfs *figures)
{
    static const struct {
        const char *name;
        void (*happen)(void);
    } faults[] = {
        {"panic", panic}, {"spin", spin},
        {"hang", hang},   {"kernel", hang_in_the_kernel},
        {"die", abort},   {"memory", take_all_memory},
    };
    char name[4096], said[16] = "";
    snprintf(name, sizeof name, "%s/fault", path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, said, sizeof said - 1) < 0)
            abort();
        close(fd);
    }
    said[strcspn(said, "\n")] = '\0';
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(said, faults[i].name) == 0)
            faults[i].happen();
    if (strcmp(said, "draw") == 0)
        return draw(figures);
    return __real_statvfs(path, figures);
}

int __real_volume_size_read(int fd, uint64_t *size);
int __wrap_volume_size_read(int fd, uint64_t *size);

int __wrap_volume_size_read(int fd, uint64_t *size)
{
    static bool told;
    char start[8] = "";
    if (!told && pread(fd, start, sizeof start - 1, 0) > 0 && strcmp(start, "no size") == 0) {
        told = true;
        *size = 0;
        return 0;
    }
    return __real_volume_size_read(fd, size);
}
