/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel-modules.h"
#include "base/cleanup.h"
#include "base/text-format.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Types that have been asked for. libblkid knows about 70; a hostile image cannot invent more. */
#define TYPES_MAX 128

#define LOCK "/proc/sys/kernel/modules_disabled"

struct kernel_modules {
    const char *directory;
    bool simulate;
    bool locked;
    int lock; /* LOCK, open from the start: a restored appliance need not open it. Or -errno */
    size_t count;
    char *types[TYPES_MAX];
    char line[4096];
    char failed[4096]; /* the first that kernel_modules_need_all() failed at */
};

kernel_modules *kernel_modules_new(const char *directory, bool simulate)
{
    kernel_modules *loaded = calloc(1, sizeof *loaded);
    if (!loaded)
        return NULL;
    loaded->directory = directory;
    loaded->simulate = simulate;
    int fd = simulate ? -1 : open(LOCK, O_WRONLY | O_CLOEXEC);
    loaded->lock = fd >= 0 ? fd : simulate ? -ENOENT : -errno;
    return loaded;
}

void kernel_modules_free(kernel_modules *loaded)
{
    if (!loaded)
        return;
    if (loaded->lock >= 0)
        close(loaded->lock);
    for (size_t i = 0; i < loaded->count; i++)
        free(loaded->types[i]);
    free(loaded);
}

/* EEXIST is success: it is built in, or another type brought it along. So is ENODEV: an accelerated
 * variant (crc32c_intel, aesni_intel …) on a CPU without the instructions; a generic one is
 * beside it. */
static int load(const kernel_modules *loaded, const char *path, const char *parameters)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (loaded->simulate)
        return 0;
    int result =
        syscall(SYS_finit_module, fd, parameters, 0) == 0 || errno == EEXIST || errno == ENODEV
            ? 0
            : -errno;
    /* The next one's pages are the same then: a template has 12 MB less. */
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return result;
}

int kernel_modules_load_order(kernel_modules *loaded, const char *path, const char **failed)
{
    int result = 0;
    AUTO_FILE FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 0 : -errno;
    while (fgets(loaded->line, sizeof loaded->line, file)) {
        char *line = loaded->line;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *parameters = line + strcspn(line, " ");
        if (*parameters)
            *parameters++ = '\0';
        result = load(loaded, line, parameters);
        if (result < 0) {
            if (failed)
                *failed = line;
            break;
        }
    }
    return result;
}

static bool known(kernel_modules *loaded, const char *fstype)
{
    for (size_t i = 0; i < loaded->count; i++)
        if (strcmp(loaded->types[i], fstype) == 0)
            return true;
    return false;
}

static int load_type(kernel_modules *loaded, const char *fstype, const char *suffix,
                     const char **failed)
{
    if (loaded->locked || known(loaded, fstype))
        return 0; /* what locking left out, the mount will miss: "unknown filesystem type" */
    AUTO_FREE char *path = text_format("%s/%s%s", loaded->directory, fstype, suffix);
    if (!path)
        return -ENOMEM;
    int result = kernel_modules_load_order(loaded, path, failed);
    if (result == 0 && loaded->count < TYPES_MAX) {
        loaded->types[loaded->count] = strdup(fstype);
        loaded->count += loaded->types[loaded->count] != NULL;
    }
    return result;
}

int kernel_modules_need(kernel_modules *loaded, const char *fstype, const char **failed)
{
    return load_type(loaded, fstype, ".order", failed);
}

int kernel_modules_need_fragile(kernel_modules *loaded, const char *fstype, const char **failed)
{
    return load_type(loaded, fstype, ".fragile", failed);
}

int kernel_modules_need_all(kernel_modules *loaded, const char **failed)
{
    static const char suffix[] = ".order";
    int result = 0;
    AUTO_DIR DIR *directory = opendir(loaded->directory);
    if (!directory)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        char type[sizeof entry->d_name];
        size_t length = strlen(entry->d_name);
        if (length < sizeof suffix || strcmp(entry->d_name + length - 6, suffix) != 0)
            continue;
        snprintf(type, sizeof type, "%.*s", (int)(length - 6), entry->d_name);
        const char *at_fault = NULL;
        int one = kernel_modules_need(loaded, type, &at_fault);
        if (one < 0 && result == 0) {
            result = one;
            snprintf(loaded->failed, sizeof loaded->failed, "%s", at_fault ? at_fault : "");
            if (failed)
                *failed = loaded->failed;
        }
    }
    return result;
}

bool kernel_modules_has_fragile(const kernel_modules *loaded, const char *fstype)
{
    struct stat status;
    AUTO_FREE char *path = text_format("%s/%s.fragile", loaded->directory, fstype);
    return path && stat(path, &status) == 0 && status.st_size > 0;
}

int kernel_modules_lock(kernel_modules *loaded)
{
    loaded->locked = true;
    if (loaded->simulate)
        return 0;
    if (loaded->lock == -ENOENT)
        return 0; /* a kernel without modules needs no lock */
    if (loaded->lock < 0)
        return loaded->lock;
    return write(loaded->lock, "1", 1) == 1 ? 0 : -errno;
}
