/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* POLLRDHUP */
#include "backup-keeper.h"
#include "wire/status.h"

#include "base/text-format.h"
#include "process/run-directory.h"
#include "wire/packet.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* "/bN/nbd", with the largest number. */
#define SOCKET_ROOM (sizeof "/b18446744073709551615/nbd" - 1)

/* At once: as many as guests are connected to at once, and some that are just ending. */
#define MAX_BACKUPS 64
/* Seconds that libvirt has for the remaining work when no process waits any more. */
#define LAST_TIMEOUT 60

struct backup {
    int lease;              /* -1: this place is free */
    bool begun;             /* or it waits for another one of that guest to end */
    backup_request request; /* owned */
    char *socket;           /* owned; NULL: not made yet */
    char uuid[GUEST_UUID + 1];
    char name[16]; /* of its directory */
};

struct keeper {
    const struct backup_ops *ops;
    const char *uri;
    int socket;
    void *connection; /* NULL: not yet */
    struct sandbox box;
    run_directory *files;
    unsigned long directories; /* made so far */
    struct backup all[MAX_BACKUPS];
};

/* --- directories --- */

/* A keeper that lives holds the lock of its directory. */
static bool is_stale(const char *socket)
{
    AUTO_FREE char *lock = strdup(socket);
    char *end = lock ? strrchr(lock, '/') : NULL;

    for (int up = 0; end && up < 2; up++) {
        *end = '\0';
        end = strrchr(lock, '/');
    }
    const char *base = lock ? strrchr(lock, '/') : NULL;
    if (!base || strncmp(base + 1, "virt-live-", 10) != 0)
        return false; /* another program's */
    AUTO_FREE char *path = text_format("%s/lock", lock);
    if (!path)
        return false;
    AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? errno == ENOENT : flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* What the guest's disks are served from, and what it overwrites meanwhile, are in here: so not in
 * what may be memory, as the directories of runs. */
static int make_files(struct keeper *self, error **err)
{
    if (self->files)
        return 0;
    if (sandbox_choose(&self->box, err) < 0)
        return -1;
    self->files = run_directory_new_for_files(&self->box, SOCKET_ROOM, err);
    return self->files ? 0 : -1;
}

static int make_directory(struct keeper *self, struct backup *backup, char **directory, error **err)
{
    snprintf(backup->name, sizeof backup->name, "b%lu", self->directories++);
    *directory = text_format("%s/%s", run_directory_path(self->files), backup->name);
    if (!*directory)
        return error_no_memory(err);
    return mkdir(*directory, 0700) < 0
               ? error_set_errno(err, ERROR_HOST, errno, "cannot make %s", *directory)
               : 0;
}

/* --- backups --- */

static int begin(struct keeper *self, struct backup *backup, error **err)
{
    const backup_request *request = &backup->request;
    const char *targets[SLOT_COUNT];
    AUTO_FREE char *directory = NULL;

    for (u_int i = 0; i < request->targets.targets_len; i++)
        targets[i] = request->targets.targets_val[i].name;
    if (!self->connection && !(self->connection = self->ops->connect(self->uri, err)))
        return -1;
    if (make_files(self, err) < 0 || make_directory(self, backup, &directory, err) < 0)
        return -1;
    backup->socket = text_format("%s/nbd", directory);
    if (!backup->socket)
        return error_no_memory(err);
    const struct backup_wish wish = {.uuid = backup->uuid,
                                     .targets = targets,
                                     .count = request->targets.targets_len,
                                     .directory = directory,
                                     .socket = backup->socket};
    return self->ops->begin(self->connection, &wish, is_stale, err);
}

static void say(int lease, const char *socket, const error *why)
{
    const char *message = error_message(why);
    backup_answer said = {.status = status_of_error(error_kind(why))};

    if (why) {
        said.message.message_val = (char *)message;
        said.message.message_len = (u_int)strnlen(message, MAX_MESSAGE);
    } else {
        said.socket.socket_val = (char *)socket;
        said.socket.socket_len = (u_int)strlen(socket);
    }
    packet_send(lease, (xdrproc_t)xdr_backup_answer, &said, NULL, 0);
}

static void forget(struct keeper *self, struct backup *backup)
{
    if (self->files && *backup->name)
        run_directory_remove_subdirectory(self->files, backup->name);
    close(backup->lease);
    free(backup->socket);
    xdr_free((xdrproc_t)xdr_backup_request, &backup->request);
    *backup = (struct backup){.lease = -1};
}

static void begin_and_answer(struct keeper *self, struct backup *backup)
{
    AUTO_ERROR error *why = NULL;

    backup->begun = begin(self, backup, &why) == 0;
    say(backup->lease, backup->socket, why);
    if (!backup->begun)
        forget(self, backup);
}

/* A guest has one backup at a time. It may stand in the list twice; or it waits again, and who read
 * it before has not quite ended yet. */
static bool has_another(const struct keeper *self, const struct backup *backup)
{
    for (size_t i = 0; i < MAX_BACKUPS; i++)
        if (self->all[i].lease >= 0 && self->all[i].begun &&
            strcmp(self->all[i].uuid, backup->uuid) == 0)
            return true;
    return false;
}

static void begin_those_that_can(struct keeper *self)
{
    for (size_t i = 0; i < MAX_BACKUPS; i++) {
        struct backup *backup = &self->all[i];
        if (backup->lease >= 0 && !backup->begun && !has_another(self, backup))
            begin_and_answer(self, backup);
    }
}

/* Takes both over. */
static void on_request(struct keeper *self, backup_request *request, int lease)
{
    struct backup *backup = self->all;
    AUTO_ERROR error *why = NULL;

    while (backup < self->all + MAX_BACKUPS && backup->lease >= 0)
        backup++;
    if (backup == self->all + MAX_BACKUPS) {
        error_set(&why, ERROR_HOST, "too many backups at once");
        say(lease, NULL, why);
        close(lease);
        xdr_free((xdrproc_t)xdr_backup_request, request);
        return;
    }
    *backup = (struct backup){.lease = lease, .request = *request};
    snprintf(backup->uuid, sizeof backup->uuid, "%.*s", (int)request->uuid.uuid_len,
             request->uuid.uuid_val ? request->uuid.uuid_val : "");
}

static bool can_be_asked(const struct keeper *self)
{
    struct pollfd gone = {.fd = self->socket}; /* POLLHUP comes unasked */

    return poll(&gone, 1, 0) < 1 || !(gone.revents & POLLHUP);
}

/* false: all sockets to the keeper are closed. No message can cause that: one process of many that
 * makes no sense costs the others nothing. */
static bool hear(struct keeper *self)
{
    backup_request request = {0};
    int fds[MAX_LAYERS];
    size_t count = 0;
    int got = packet_receive(self->socket, (xdrproc_t)xdr_backup_request, &request, sizeof request,
                             fds, &count);

    if (got <= 0)
        return can_be_asked(self);
    for (size_t i = 1; i < count; i++)
        close(fds[i]);
    if (count > 0)
        on_request(self, &request, fds[0]);
    else
        xdr_free((xdrproc_t)xdr_backup_request, &request);
    return true;
}

/* Who holds a lease says nothing: it is readable when that process has closed it. */
static void end_those_that_are_over(struct keeper *self)
{
    for (size_t i = 0; i < MAX_BACKUPS; i++) {
        struct backup *backup = &self->all[i];
        struct pollfd gone = {backup->lease, POLLIN, 0};
        if (backup->lease < 0 || poll(&gone, 1, 0) < 1)
            continue;
        if (backup->begun)
            self->ops->end(self->connection, backup->uuid, backup->socket);
        forget(self, backup);
    }
}

static bool wait_and_end(struct keeper *self, bool listening)
{
    struct pollfd fds[MAX_BACKUPS + 1] = {{listening ? self->socket : -1, POLLIN, 0}};
    bool any = listening;

    for (size_t i = 0; i < MAX_BACKUPS; i++) {
        fds[i + 1] = (struct pollfd){self->all[i].lease, POLLIN, 0};
        any |= self->all[i].lease >= 0;
    }
    if (any)
        poll(fds, MAX_BACKUPS + 1, -1);
    end_those_that_are_over(self);
    begin_those_that_can(self);
    return any;
}

/* A call to libvirt may hang, and then only a thread can see that no process waits any more. */
static void *watch_others(void *data)
{
    struct pollfd gone = {.fd = ((const struct keeper *)data)->socket}; /* POLLHUP comes unasked */

    while (poll(&gone, 1, -1) < 0 || !(gone.revents & POLLHUP))
        ;
    sleep(LAST_TIMEOUT);
    _exit(1);
}

int backup_keeper_run(const struct backup_ops *ops, const char *uri, int socket)
{
    struct keeper self = {.ops = ops, .uri = uri, .socket = socket};
    pthread_t watch;
    bool listening = true;

    for (size_t i = 0; i < MAX_BACKUPS; i++)
        self.all[i].lease = -1;
    if (pthread_create(&watch, NULL, watch_others, &self) != 0)
        return 1;
    while (wait_and_end(&self, listening)) {
        listening = listening && hear(&self);
        begin_those_that_can(&self);
    }
    run_directory_free(self.files);
    return 0;
}
