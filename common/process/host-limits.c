/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-limits.h"

#include "base/cleanup.h"
#include "base/text-format.h"
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

/* What an appliance that holds 255 disks was seen to use at most (docs/performance.md). */
#define APPLIANCE_MIB 250

/* The value of "KEY: N" in /proc/meminfo, in bytes; UINT64_MAX where it is not there. */
static uint64_t memory_available(void)
{
    char line[256];
    uint64_t kib;
    AUTO_FILE FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            return kib << 10;
    return UINT64_MAX;
}

/* Our cgroup of version 2 (`controller` is ""), or of version 1, as a path below its hierarchy; ""
 * where there is none. A line of the file is NUMBER:CONTROLLER:PATH. */
static void find_cgroup(const char *controller, char path[PATH_MAX])
{
    char line[PATH_MAX], key[32];
    AUTO_FILE FILE *file = fopen("/proc/self/cgroup", "re");
    path[0] = 0;
    snprintf(key, sizeof key, ":%s:/", controller);
    while (file && fgets(line, sizeof line, file)) {
        const char *first = strchr(line, ':');
        if (!first || strncmp(first, key, strlen(key)) != 0 || (!*controller && line[0] != '0'))
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(path, PATH_MAX, "%s", first + strlen(key) - 1);
    }
}

static FILE *open_limit(const char *cgroup, const char *name)
{
    AUTO_FREE char *path = text_format("/sys/fs/cgroup%s/%s", cgroup, name);
    if (!path)
        return NULL;
    return fopen(path, "re");
}

static uint64_t read_limit(const char *cgroup, const char *name)
{
    uint64_t value;
    AUTO_FILE FILE *file = open_limit(cgroup, name);
    return file && fscanf(file, "%" SCNu64, &value) == 1 ? value
                                                         : UINT64_MAX; /* "max" is no number */
}

static unsigned cores_of_cgroup(const char *cgroup)
{
    uint64_t quota, period;
    AUTO_FILE FILE *file = open_limit(cgroup, "cpu.max");
    if (!file || fscanf(file, "%" SCNu64 " %" SCNu64, &quota, &period) != 2 || period == 0)
        return UINT_MAX;
    uint64_t cores = (quota + period - 1) / period;
    return cores < UINT_MAX ? (unsigned)cores : UINT_MAX;
}

static uint64_t room_in_cgroup(const char *cgroup)
{
    uint64_t limit = read_limit(cgroup, "memory.max"), used = read_limit(cgroup, "memory.current");
    if (limit == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    return limit > used ? limit - used : 0;
}

/* Limits hold for all that is below them: each level of the path counts. */
static void apply_cgroups(unsigned *cores, uint64_t *memory)
{
    char path[PATH_MAX];
    find_cgroup("", path);
    for (char *slash; (slash = strrchr(path, '/')); *slash = 0) {
        unsigned quota = cores_of_cgroup(path);
        uint64_t room = room_in_cgroup(path);
        *cores = quota < *cores ? quota : *cores;
        *memory = room < *memory ? room : *memory;
    }
}

/* The least that a level allows. In a container the path may be that of the host, of which only the
 * top is seen here. */
static uint64_t least_of(const char *controller, const char *hierarchy, const char *name)
{
    char path[PATH_MAX], whole[PATH_MAX + 32];
    uint64_t least = read_limit(hierarchy, name);
    find_cgroup(controller, path);
    for (char *slash; (slash = strrchr(path, '/')); *slash = 0) {
        snprintf(whole, sizeof whole, "%s%s", hierarchy, path);
        uint64_t limit = read_limit(whole, name);
        least = limit < least ? limit : least;
    }
    return least;
}

uint64_t host_limits_memory(void)
{
    uint64_t second = least_of("", "", "memory.max"),
             first = least_of("memory", "/memory", "memory.limit_in_bytes");
    return first < second ? first : second;
}

unsigned host_limits_parallel(unsigned memory_mib)
{
    cpu_set_t set;
    unsigned cores = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    uint64_t memory = memory_available();
    apply_cgroups(&cores, &memory);
    uint64_t fit =
        memory / ((uint64_t)(memory_mib > APPLIANCE_MIB ? memory_mib : APPLIANCE_MIB) << 20);
    unsigned count = fit < cores ? (unsigned)fit : cores;
    return count > 0 ? count : 1;
}

bool host_limits_have(unsigned memory_mib)
{
    unsigned cores = 1;
    uint64_t memory = memory_available();
    apply_cgroups(&cores, &memory);
    return memory >> 20 > memory_mib + APPLIANCE_MIB;
}

uint64_t host_limits_raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return UINT64_MAX;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_max == RLIM_INFINITY ? UINT64_MAX : files.rlim_max;
}

/* QEMU takes 83 descriptors for itself where it can have them, and gets along with 20 (both seen in
 * /proc/PID/fd). What is estimated too high here costs an appliance, and no guest. */
#define QEMU_FILES 84
#define QEMU_FILES_LEAST 24
#define FILES_EACH 4

unsigned host_limits_disks(uint64_t files, unsigned most)
{
    uint64_t own = files > QEMU_FILES ? QEMU_FILES : QEMU_FILES_LEAST;
    uint64_t disks = files > own ? (files - own) / FILES_EACH : 0;
    return disks > most ? most : disks > 0 ? (unsigned)disks : 1;
}
