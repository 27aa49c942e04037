/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote.h"
#include "wire/status.h"

#include "base/clock.h"
#include "base/pid-signal.h"
#include "base/secret.h"
#include "process/child-setup.h"
#include "remote-process.h"
#include "wire/packet.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* What an image is. */
struct look {
    enum image_format format;
    uint64_t size;
    uint64_t offset, length; /* as of image_chain_part() */
};

struct remote {
    const struct guest *guest;
    pid_t pid;
    int process; /* pidfd: another process may have its pid when it has been reaped */
    int socket;
    uint64_t since, took;
    bool vanished;
    bool requested;
    size_t next; /* image that is waited for */
    struct look looks[SLOT_COUNT];
    struct image_chain *chains[SLOT_COUNT];
};

/* The next image that comes from the process, from `index` on; image_count: none. */
static size_t next_image(const struct guest *guest, size_t index)
{
    while (index < guest->image_count && !guest_image_is_far(&guest->images[index]))
        index++;
    return index;
}

/* What programs that serve images look for: curl's proxies, the user's keys for ssh, Ceph's
 * configuration. */
static const char *const of_servers[] = {
    "CEPH_CONF",      "HOME",        "USER",      "LOGNAME",       "SSH_AUTH_SOCK",
    "http_proxy",     "https_proxy", "all_proxy", "no_proxy",      "HTTP_PROXY",
    "HTTPS_PROXY",    "ALL_PROXY",   "NO_PROXY",  "SSL_CERT_FILE", "SSL_CERT_DIR",
    "CURL_CA_BUNDLE", NULL};

static int run(const struct guest *guest, const struct remote_means *means, int socket,
               pid_t supervisor)
{
    const int kept[] = {socket, means->keeper};

    if (child_setup_begin("vlt-remote", kept, means->keeper >= 0 ? 2 : 1) < 0)
        return 1;
    child_setup_reduce_environment(of_servers);
    setsid(); /* no terminal; Ctrl-C is the supervisor's to handle */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == supervisor ? remote_process(guest, means, socket) : 1;
}

/* The process is to know where its guest's images are, and no other guest's. */
static int lend(const struct guest *guest)
{
    int result = 0;

    for (size_t i = 0; i < guest->image_count && result == 0; i++)
        result = guest->images[i].remote ? secret_lend(guest->images[i].remote->text) : 0;
    return result;
}

static void take_back(const struct guest *guest)
{
    for (size_t i = 0; i < guest->image_count; i++)
        if (guest->images[i].remote)
            secret_take_back(guest->images[i].remote->text);
}

remote *remote_start(const struct guest *guest, const struct remote_means *means, error **err)
{
    int pair[2];
    remote *self = calloc(1, sizeof *self);
    if (!self || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        free(self);
        error_set_errno(err, ERROR_HOST, errno, "cannot connect");
        return NULL;
    }
    *self = (remote){.guest = guest,
                     .process = -1,
                     .socket = pair[0],
                     .since = clock_now(),
                     .next = next_image(guest, 0)};
    pid_t supervisor = getpid();
    self->pid = lend(guest) < 0 ? -1 : fork();
    int saved = errno;
    take_back(guest);
    if (self->pid == 0)
        _exit(run(guest, means, pair[1], supervisor));
    close(pair[1]);
    if (self->pid > 0)
        self->process = pid_open(self->pid);
    if (self->process >= 0)
        return self;
    error_set_errno(err, ERROR_HOST, self->pid < 0 ? saved : errno, "cannot start a process");
    pid_signal(self->pid, SIGKILL); /* it has not been reaped yet */
    remote_free(self);
    return NULL;
}

int remote_fd(const remote *self)
{
    return self->socket;
}

pid_t remote_pid(const remote *self)
{
    return self->pid;
}

uint64_t remote_since(const remote *self)
{
    return self->since;
}

uint64_t remote_took(const remote *self)
{
    return self->took;
}

/* What an image is. */
static int on_look(remote *self, const remote_report *said, error **err)
{
    uint64_t passed = clock_now() - self->since;
    if (said->format <= IMAGE_DETECT || said->format >= IMAGE_FORMAT_COUNT ||
        said->size > IMAGE_MAX_SIZE)
        return error_set(err, ERROR_HOST, "the process that reads it cannot be trusted");
    self->took = said->took < passed ? said->took : passed;
    self->looks[self->next] =
        (struct look){(enum image_format)said->format, said->size, said->offset, said->length};
    return 0;
}

/* Takes the descriptor over. */
static int on_connection(remote *self, int fd, error **err)
{
    const struct guest_image *image = &self->guest->images[self->next];
    const struct look *look = &self->looks[self->next];
    struct image_chain **chain = &self->chains[self->next];
    if (fd < 0)
        return error_set(err, ERROR_HOST, "the process that connects to it cannot be trusted");
    if (image->packed) {
        *chain = image_chain_part(fd, image->path, look->format, look->offset, look->length,
                                  look->size, err);
    } else {
        const char *export_name = image->remote->export_name;
        *chain = image_chain_nbd(fd, image->path, export_name ? export_name : "", look->format,
                                 look->size, err);
    }
    return *chain ? 0 : -1;
}

static int on_refusal(const remote_report *said, error **err)
{
    return error_set(err, status_error_kind((enum status)said->status), "%.*s",
                     (int)said->message.message_len,
                     said->message.message_val ? said->message.message_val : "");
}

/* Takes the descriptor over; -1: there was none. */
static int on_report(remote *self, const remote_report *said, int fd, error **err)
{
    int result;
    if (said->status == STATUS_OK && self->requested)
        return on_connection(self, fd, err);
    if (said->status == STATUS_OK)
        result = on_look(self, said, err);
    else
        result = on_refusal(said, err);
    cleanup_fd(&fd);
    return result;
}

/* 1: something has been said; 0: nothing; -1 and *err. */
static int hear_one(remote *self, error **err)
{
    remote_report said = {0};
    int fds[MAX_LAYERS];
    size_t count;
    int got =
        packet_receive(self->socket, (xdrproc_t)xdr_remote_report, &said, sizeof said, fds, &count);
    if (got == -EAGAIN || got == -EINTR)
        return 0;
    if (got <= 0) {
        self->vanished = true;
        return error_set(err, ERROR_HOST, "the process that connects to it has ended");
    }
    for (size_t i = 1; i < count; i++)
        close(fds[i]);
    if (self->next == self->guest->image_count) {
        if (count > 0)
            close(fds[0]);
        got = error_set(err, ERROR_HOST,
                        "the process that connects to it has sent an unexpected report");
    } else {
        got = on_report(self, &said, count > 0 ? fds[0] : -1, err);
        self->next = next_image(self->guest, self->next + 1);
    }
    xdr_free((xdrproc_t)xdr_remote_report, &said);
    return got < 0 ? -1 : 1;
}

int remote_hear(remote *self, error **err)
{
    int got;

    do
        got = hear_one(self, err);
    while (got > 0 && self->next < self->guest->image_count);
    return got;
}

bool remote_vanished(const remote *self)
{
    return self->vanished;
}

int remote_request(remote *self, error **err)
{
    self->requested = true;
    self->next = next_image(self->guest, 0);
    if (send(self->socket, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
        return 0;
    self->vanished = true;
    return error_set_errno(err, ERROR_HOST, errno, "the process that connects to it has ended");
}

struct image_chain *remote_take(remote *self, size_t index)
{
    return STEAL(self->chains[index]);
}

void remote_free(remote *self)
{
    if (!self)
        return;
    if (self->process >= 0) {
        pid_fd_signal(self->process, SIGKILL);
        close(self->process);
    }
    close(self->socket);
    for (size_t i = 0; i < self->guest->image_count; i++)
        image_chain_free(self->chains[i]);
    free(self);
}
