/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-nbd.h"

#include "base/cleanup.h"
#include <endian.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define OPTION_MAGIC UINT64_C(0x49484156454f5054) /* "IHAVEOPT" */
#define REPLY_MAGIC UINT64_C(0x3e889045565a9)
#define REQUEST_MAGIC 0x25609513
#define SIMPLE_REPLY_MAGIC 0x67446698

enum { OPT_ABORT = 2, OPT_INFO = 6, OPT_GO = 7 };
enum { REP_ACK = 1, REP_INFO = 3 };
#define REP_UNSUPPORTED 0x80000001
enum { CMD_READ = 0, CMD_DISCONNECT = 2 };

struct option {
    uint64_t magic;
    uint32_t number, length;
} __attribute__((packed));

struct option_reply {
    uint64_t magic;
    uint32_t number, type, length;
} __attribute__((packed));

struct export_info {
    uint16_t kind; /* 0: NBD_INFO_EXPORT */
    uint64_t size;
    uint16_t flags;
} __attribute__((packed));

struct request {
    uint32_t magic;
    uint16_t flags, type;
    uint64_t handle, offset;
    uint32_t length;
} __attribute__((packed));

struct simple_reply {
    uint32_t magic, error;
    uint64_t handle;
} __attribute__((packed));

static bool take(int fd, void *bytes, size_t length)
{
    /* Asked for nothing, recv() waits for something. */
    return length == 0 || recv(fd, bytes, length, MSG_WAITALL) == (ssize_t)length;
}

static bool give(int fd, const void *bytes, size_t length)
{
    return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool reply(int fd, const struct option *to, uint32_t type, const void *data, uint32_t length)
{
    const struct option_reply head = {htobe64(REPLY_MAGIC), to->number, htobe32(type),
                                      htobe32(length)};

    return give(fd, &head, sizeof head) && give(fd, data, length);
}

/* Whether transmission follows. */
static bool negotiate(int fd)
{
    static const char hello[] = "NBDMAGICIHAVEOPT\0\3";
    const struct export_info info = {0, htobe64(FAKE_NBD_SIZE), htobe16(3)}; /* read-only */
    char data[8192];
    struct option option;

    if (!give(fd, hello, sizeof hello - 1) || !take(fd, data, 4))
        return false;
    while (take(fd, &option, sizeof option) && option.magic == htobe64(OPTION_MAGIC) &&
           be32toh(option.length) <= sizeof data && take(fd, data, be32toh(option.length))) {
        uint32_t number = be32toh(option.number);
        bool known = number == OPT_GO || number == OPT_INFO;
        if (known && !reply(fd, &option, REP_INFO, &info, sizeof info))
            return false;
        if (!reply(fd, &option, known || number == OPT_ABORT ? REP_ACK : REP_UNSUPPORTED, "", 0))
            return false;
        if (number == OPT_GO || number == OPT_ABORT)
            return number == OPT_GO;
    }
    return false;
}

static void transmit(int fd)
{
    static const char zeros[FAKE_NBD_SIZE];
    struct request request;

    while (take(fd, &request, sizeof request) && request.magic == htobe32(REQUEST_MAGIC) &&
           request.type != htobe16(CMD_DISCONNECT)) {
        const struct simple_reply head = {htobe32(SIMPLE_REPLY_MAGIC), 0, request.handle};
        if (!give(fd, &head, sizeof head) ||
            (request.type == htobe16(CMD_READ) &&
             !give(fd, zeros, be32toh(request.length) % (FAKE_NBD_SIZE + 1))))
            return;
    }
}

static _Noreturn void serve(int fd, enum fake_nbd_way way)
{
    if (way == FAKE_NBD_SILENT)
        pause();
    else if (way != FAKE_NBD_RUDE && negotiate(fd))
        transmit(fd);
    _exit(0);
}

static _Noreturn void run(struct fake_nbd *self, int listener, enum fake_nbd_way way)
{
    int fd;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        atomic_fetch_add(&self->connections, 1);
        if (way == FAKE_NBD_ONCE)
            serve(fd, FAKE_NBD_GOOD);
        if (fork() == 0)
            serve(fd, way);
        close(fd);
    }
    _exit(1);
}

struct fake_nbd *fake_nbd_start(const char *path, enum fake_nbd_way way)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct fake_nbd *self =
        mmap(NULL, sizeof *self, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    AUTO_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (self == MAP_FAILED || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 64) < 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0)
        run(self, listener, way);
    setpgid(pid, pid);
    self->pid = pid;
    return self;
}

void fake_nbd_end(struct fake_nbd *self)
{
    kill(-self->pid, SIGKILL);
    waitpid(self->pid, NULL, 0);
    munmap(self, sizeof *self);
}
