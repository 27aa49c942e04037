/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As Documentation/userspace-api/landlock.rst has it; the headers may be older. */
struct ruleset {
    uint64_t filesystem;
    uint64_t network; /* ABI 4 */
    uint64_t scope;   /* ABI 6 */
};

#define FS(name) LANDLOCK_ACCESS_FS_##name
#define FS_REFER (1ULL << 13)           /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14)        /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15)       /* ABI 5 */
#define FS_RESOLVE_UNIX (1ULL << 16)    /* ABI 9: connecting to a socket by its path */
#define NETWORK (1ULL << 0 | 1ULL << 1) /* bind and connect, TCP */
#define SCOPE (1ULL << 0 | 1ULL << 1)   /* abstract sockets, signals */

/* What can be done to a file, and what only to a directory. */
#define OF_FILES (FS(WRITE_FILE) | FS_TRUNCATE | FS_IOCTL_DEV)
#define OF_DIRECTORIES                                                                             \
    (FS(REMOVE_DIR) | FS(REMOVE_FILE) | FS(MAKE_CHAR) | FS(MAKE_DIR) | FS(MAKE_REG) |              \
     FS(MAKE_SOCK) | FS(MAKE_FIFO) | FS(MAKE_BLOCK) | FS(MAKE_SYM) | FS_REFER)

/* All that QEMU and libvirt open below /dev; who may, by their modes. Terminals are not among them,
 * nor is /dev/shm. */
static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                      "/dev/random", "/dev/urandom", "/dev/kvm"};

static uint64_t known_to(long abi)
{
    return (OF_FILES | OF_DIRECTORIES) & ~(abi < 2 ? FS_REFER : 0) & ~(abi < 3 ? FS_TRUNCATE : 0) &
           ~(abi < 5 ? FS_IOCTL_DEV : 0);
}

/* 0; -errno: one that is not there allows nothing. */
static int allow(int ruleset, const char *path, uint64_t access)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = S_ISDIR(st.st_mode) ? access : access & OF_FILES,
        .parent_fd = fd,
    };
    long added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    return added < 0 ? -errno : 0;
}

static int make_ruleset(long abi)
{
    struct ruleset rules = {
        /* No path is allowed for sockets: those that were made in here may be connected to. */
        .filesystem = known_to(abi) | (abi < 9 ? 0 : FS_RESOLVE_UNIX),
        .network = abi < 4 ? 0 : NETWORK,
        .scope = abi < 6 ? 0 : SCOPE,
    };
    size_t size = abi < 4   ? offsetof(struct ruleset, network)
                  : abi < 6 ? offsetof(struct ruleset, scope)
                            : sizeof rules;
    return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

static long find_abi(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool landlock_available(void)
{
    return find_abi() >= 1;
}

int landlock_restrict(const char *const *writable, error **err)
{
    long abi = find_abi();
    if (abi < 1)
        return 0;
    AUTO_FD int ruleset = make_ruleset(abi);
    if (ruleset < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make rules for Landlock");
    int result = 0;
    for (size_t i = 0; i < sizeof devices / sizeof *devices && result == 0; i++)
        result = allow(ruleset, devices[i], known_to(abi));
    for (; *writable && result == 0; writable++)
        result = allow(ruleset, *writable, known_to(abi));
    if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        result = -errno;
    return result < 0 ? error_set_errno(err, ERROR_HOST, -result, "cannot be confined") : 1;
}
