/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect-os.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "ostree-deployment.h"
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Whether the path, the last link of which is not followed, is one of these types. */
static bool there_is(int root, const char *path, bool directory, bool link, bool file)
{
    struct stat status;
    AUTO_FD int fd = safe_open_open(root, path, O_PATH | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &status) < 0)
        return false;
    return (directory && S_ISDIR(status.st_mode)) || (link && S_ISLNK(status.st_mode)) ||
           (file && S_ISREG(status.st_mode));
}

static bool is_linux(int root)
{
    static const char *const programs[] = {"bin", "sbin", "usr/bin"};
    static const char *const marks[] = {"etc/fstab",
                                        "etc/os-release",
                                        "usr/lib/os-release",
                                        "etc/lsb-release",
                                        "etc/debian_version",
                                        "etc/redhat-release",
                                        "etc/SuSE-release",
                                        "etc/alpine-release",
                                        "etc/gentoo-release",
                                        "etc/arch-release",
                                        "etc/system-release",
                                        "etc/slackware-version",
                                        "etc/buildroot_version",
                                        "etc/NIXOS",
                                        "etc/openwrt_release"};
    bool found = false;
    if (!there_is(root, "etc", true, false, false))
        return false;
    for (size_t i = 0; !found && i < sizeof programs / sizeof *programs; i++)
        found = there_is(root, programs[i], true, true, false);
    if (!found)
        return false;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (there_is(root, marks[i], false, true, true))
            return true;
    return false;
}

static bool is_windows(int root)
{
    /* By default, of Windows NT and 2000, as others name it, of ReactOS. */
    static const char *const systems[] = {"Windows/System32", "WINNT/System32", "WIN32/System32",
                                          "WIN/System32", "ReactOS/System32"};
    static const struct safe_open_how fold = {.fold = true};
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        AUTO_FD int fd = safe_open_directory(root, systems[i], &fold);
        if (fd >= 0)
            return true;
    }
    return false;
}

enum root_kind detect_os(int directory, const char *fstype)
{
    bool windows = strcmp(fstype, "ntfs") == 0 || strcmp(fstype, "vfat") == 0;
    if (is_linux(directory))
        return ROOT_LINUX;
    if (ostree_deployment_there(directory))
        return ROOT_OSTREE;
    return windows && is_windows(directory) ? ROOT_WINDOWS : ROOT_NONE;
}
