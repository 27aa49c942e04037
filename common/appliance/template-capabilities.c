/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template-capabilities.h"

#include "base/file-tree.h"
#include "base/text-format.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PROBED "probed"

/* libvirt has a file of some 100 KiB for each emulator. */
#define FILES_MAX 8
#define BYTES_MAX ((off_t)4 << 20)

char *template_capabilities_path(const char *directory)
{
    return text_format("%s/" TEMPLATE_CAPABILITIES, directory);
}

char *template_capabilities_probed(const char *root)
{
    return text_format("%s/" PROBED, root);
}

int template_capabilities_exchange(const char *one, const char *other)
{
    AUTO_FREE char *from = template_capabilities_path(one);
    AUTO_FREE char *to = template_capabilities_path(other);
    if (!from || !to)
        return -ENOMEM;
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

/* Another name of a file elsewhere is none of that process's. */
static bool is_its_own(const struct stat *st, const struct sandbox *box)
{
    return S_ISREG(st->st_mode) && st->st_nlink == 1 && st->st_size <= BYTES_MAX &&
           st->st_uid == (box->drop ? box->uid : geteuid());
}

static int copy_file(int from, int to, const char *name, const struct sandbox *box)
{
    struct stat st;
    char path[64];
    AUTO_FD int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) < 0)
        return -errno;
    if (!is_its_own(&st, box))
        return -EPERM;
    AUTO_FD int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    if (out < 0)
        return -errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", in);
    int copied = file_tree_copy_file(path, out);
    return copied == 0 && fsync(out) < 0 ? -errno : copied;
}

/* `root` is a directory in one of ours; what is in it is that process's. */
static DIR *open_probed(const char *root)
{
    AUTO_FD int top = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO_FD int fd =
        top < 0 ? -1 : openat(top, PROBED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory)
        steal_fd(&fd);
    return directory;
}

static int copy_all(const char *root, const char *place, const struct sandbox *box)
{
    int result = 0;
    size_t count = 0;
    AUTO_DIR DIR *from = open_probed(root);
    if (!from || mkdir(place, 0755) < 0)
        return -errno;
    AUTO_FD int to = open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0)
        return -errno;
    for (struct dirent *entry; result == 0 && (entry = readdir(from));)
        if (entry->d_name[0] != '.')
            result = count++ < FILES_MAX ? copy_file(dirfd(from), to, entry->d_name, box) : -E2BIG;
    return result == 0 && count == 0 ? -ENOENT : result;
}

int template_capabilities_renew(const char *directory, const char *root, const struct sandbox *box)
{
    const char *slash = strrchr(directory, '/');
    /* what is left of it after a crash is pruned as a template that was never finished */
    AUTO_FREE char *fresh =
        text_format("%.*s/building-XXXXXX", slash ? (int)(slash - directory) : 0, directory);
    if (!fresh)
        return -ENOMEM;
    if (!mkdtemp(fresh))
        return -errno;
    AUTO_FREE char *place = template_capabilities_path(fresh);
    int result = place ? copy_all(root, place, box) : -ENOMEM;
    if (result == 0)
        result = template_capabilities_exchange(fresh, directory);
    file_tree_remove(AT_FDCWD, fresh);
    return result;
}
