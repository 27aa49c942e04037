/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "accelerator.h"

#include "base/text-format.h"
#include "template-cache.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define VERDICT_MAX 256

/* This boot of this kernel, in words. */
static int name_boot(char *text, size_t length)
{
    char id[64] = "";
    struct utsname kernel;
    AUTO_FILE FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file || !fgets(id, sizeof id, file) || uname(&kernel) < 0)
        return -1;
    id[strcspn(id, "\n")] = 0;
    snprintf(text, length, "%s %s", id, kernel.release);
    return 0;
}

static char *verdict_path(void)
{
    AUTO_FREE char *cache = template_cache_directory();
    return cache ? text_format("%s/accel", cache) : NULL;
}

bool accelerator_kvm_usable(const struct sandbox *box)
{
    struct stat st;
    if (!box->drop)
        return access("/dev/kvm", R_OK | W_OK) == 0;
    /* The sandbox has the device's group (sandbox.c), unless that is root's. */
    return stat("/dev/kvm", &st) == 0 &&
           ((!box->without_kvm && st.st_gid != 0 && (st.st_mode & 060) == 060) ||
            (st.st_mode & 06) == 06 || (st.st_uid == box->uid && (st.st_mode & 0600) == 0600));
}

struct sandbox accelerator_sandbox(const struct sandbox *box, const char *accel)
{
    struct sandbox own = *box;
    own.without_kvm = strcmp(accel, "tcg") == 0;
    return own;
}

const char *accelerator_known(const struct sandbox *box)
{
    char boot[VERDICT_MAX / 2], expected[VERDICT_MAX], found[VERDICT_MAX] = "";
    static const char *const accels[] = {"kvm", "tcg"};
    if (!accelerator_kvm_usable(box))
        return "tcg";
    AUTO_FREE char *path = verdict_path();
    int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    AUTO_FILE FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file || !fgets(found, sizeof found, file) || name_boot(boot, sizeof boot) < 0)
        return NULL;
    for (size_t i = 0; i < 2; i++) {
        snprintf(expected, sizeof expected, "%s %s\n", boot, accels[i]);
        if (strcmp(found, expected) == 0)
            return accels[i];
    }
    return NULL;
}

void accelerator_remember(const char *accel)
{
    char boot[VERDICT_MAX / 2];
    AUTO_FREE char *path = verdict_path();
    AUTO_FREE char *temporary = NULL;
    if (!path || name_boot(boot, sizeof boot) < 0 || !(temporary = text_format("%s.XXXXXX", path)))
        return;
    AUTO_FD int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return;
    if (dprintf(fd, "%s %s\n", boot, accel) < 0 || rename(temporary, path) < 0)
        unlink(temporary);
}

void accelerator_forget(void)
{
    AUTO_FREE char *path = verdict_path();
    if (path)
        unlink(path);
}

/* A module's parameter; "" where the module is not loaded. */
static void read_parameter(const char *modules, const char *name, char *text, size_t length)
{
    AUTO_FREE char *path = NULL;
    text[0] = 0;
    if (asprintf(&path, "%s/%s", modules, name) < 0) {
        path = NULL;
        return;
    }
    AUTO_FILE FILE *file = fopen(path, "re");
    if (file && fgets(text, (int)length, file))
        text[strcspn(text, "\n")] = 0;
}

char *accelerator_host(bool kvm_usable, const char *modules)
{
    char intel[16], amd[16], *text;
    struct utsname kernel;
    if (!kvm_usable)
        return strdup("no KVM");
    read_parameter(modules, "kvm_intel/parameters/nested", intel, sizeof intel);
    read_parameter(modules, "kvm_amd/parameters/nested", amd, sizeof amd);
    if (uname(&kernel) < 0 || asprintf(&text, "KVM, %s %s, nested '%s' '%s'", kernel.release,
                                       kernel.version, intel, amd) < 0)
        return NULL;
    return text;
}
