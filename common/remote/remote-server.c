/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program serves an image over NBD to us and to QEMU: nbdkit, or qemu-nbd. It inherits a
 * listening socket, as a service manager would give it one (sd_listen_fds(3)). */
#define _GNU_SOURCE 1 /* pipe2, memfd_create */
#include "remote-server.h"

#include "base/secret.h"
#include "base/text-format.h"
#include "base/unix-socket.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LISTEN_FD 3                      /* SD_LISTEN_FDS_START */
#define SAID_MAX (REMOTE_URI_MAX + 4096) /* a line with the URL in it, and more */

/* --- the socket --- */

/* It is private by its mode, and has its name until QEMU's connection is made: qemu-nbd closes one
 * on which nothing is said for 10 s. */
static int make_socket(struct remote_image *image, const struct remote_means *means, size_t index,
                       error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(image->path, sizeof image->path, "%s/r%d-%zu", means->directory, (int)getpid(), index);
    memcpy(address.sun_path, image->path, sizeof address.sun_path);
    unlink(image->path);
    mode_t before = umask(0077);
    int failed =
        fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 2) < 0;
    int saved = errno;
    umask(before);
    if (failed)
        return error_set_errno(err, ERROR_HOST, saved, "cannot make a socket");
    image->looking = remote_server_connect(image, err);
    return image->looking < 0 ? -1 : steal_fd(&fd);
}

int remote_server_connect(const struct remote_image *image, error **err)
{
    int fd = unix_socket_connect(image->path);
    return fd < 0 ? error_set_errno(err, ERROR_UNREADABLE, errno,
                                    "connect to the program that serves it")
                  : fd;
}

/* --- the program --- */

static const struct remote_program *const programs[REMOTE_KIND_COUNT] = {
    [REMOTE_HTTP] = &remote_nbdkit_curl,
    [REMOTE_SSH] = &remote_nbdkit_ssh,
    [REMOTE_ISCSI] = &remote_qemu_nbd_iscsi,
    [REMOTE_RBD] = &remote_qemu_nbd_rbd,
};

bool remote_server_is_for(const struct remote_uri *uri)
{
    return programs[uri->kind] != NULL;
}

void remote_arguments_add(struct remote_arguments *arguments, char *word)
{
    if (!word || arguments->count == REMOTE_ARGUMENTS_MAX)
        arguments->failed = true;
    else
        arguments->words[arguments->count++] = word; /* freed by exec */
}

/* A descriptor to read the password from; -1 and errno. */
static int open_password(const char *password)
{
    size_t length = strlen(password);
    AUTO_FD int fd = memfd_create("password", MFD_CLOEXEC);

    if (fd < 0 || write(fd, password, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)
        return -1;
    return steal_fd(&fd);
}

/* In the child. Descriptors end where they are wanted, without close-on-exec. */
static void run(const struct remote_uri *uri, const struct sandbox *box, int listener, int said,
                pid_t parent)
{
    char pid[16];
    const struct remote_program *program = programs[uri->kind];
    struct remote_arguments arguments = {0};
    int password = uri->password ? open_password(uri->password) : -1;
    int high = fcntl(listener, F_DUPFD, 10), high_password = fcntl(password, F_DUPFD, 10);

    program->make_arguments(uri, &arguments);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (arguments.failed || high < 0 || (uri->password && high_password < 0) ||
        setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0 ||
        dup2(said, STDERR_FILENO) < 0 || dup2(high, LISTEN_FD) < 0 ||
        (uri->password && dup2(high_password, REMOTE_PASSWORD_FD) < 0))
        return;
    close(high);
    close(high_password);
    if (!program->as_user(uri) && sandbox_enter(box, NULL) < 0)
        return;
    /* After the change of user, which clears it. Who started us may be gone by now. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return;
    execvp(arguments.words[0], arguments.words);
    dprintf(STDERR_FILENO, "%s%s, which reads %s, cannot be started: %s; is it installed?\n",
            program->complaint, arguments.words[0], program->reads, strerror(errno));
}

int remote_server_start(struct remote_image *image, const struct remote_means *means, size_t index,
                        error **err)
{
    const struct remote_uri *uri = image->image->remote;
    AUTO_FD int listener = make_socket(image, means, index, err);
    int said[2];

    if (listener < 0)
        return -1;
    /* A server that is not heard must not wait for that. */
    if (pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
    image->said = said[0];
    pid_t parent = getpid();
    image->server = secret_lend(uri->text) < 0 ? -1 : remote_fork();
    if (image->server == 0) {
        run(uri, means->box, listener, said[1], parent);
        _exit(1);
    }
    int saved = errno;
    secret_take_back(uri->text);
    close(said[1]);
    if (image->server < 0)
        return error_set_errno(err, ERROR_HOST, saved, "cannot start a process");
    return 0;
}

/* --- what it says --- */

/* The first line with an error in it, without what stands before that; NULL: there is none, or its
 * end is not there, and then the URL in it might be cut off and not be known again. */
static char *find_complaint(char *said, const char *word)
{
    char *found = strstr(said, word);

    if (!found)
        return NULL;
    found += strlen(word);
    char *end = strchr(found, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    return found;
}

/* What may be printed of it: it names the URL, and that has what must not be. NULL: nothing. */
static char *printable(const struct remote_uri *uri, const char *complaint)
{
    const char *url = uri->url ? strstr(complaint, uri->url) : NULL;
    const char *query = uri->url ? strchr(uri->url, '?') : NULL;
    const char *rest = url ? url + strlen(uri->url) : complaint;
    char *text = text_format("%.*s%s%s", url ? (int)(url - complaint) : 0, complaint,
                             url ? uri->shown : "", rest);

    if (text && query && strstr(text, query))
        free(STEAL(text));
    return text;
}

int remote_server_said(struct remote_image *image, error **err)
{
    char said[SAID_MAX + 1];

    if (image->said < 0)
        return -1;
    ssize_t length = read(image->said, said, SAID_MAX);
    said[length > 0 ? length : 0] = '\0';
    const char *complaint = find_complaint(said, programs[image->image->remote->kind]->complaint);
    AUTO_FREE char *text = complaint ? printable(image->image->remote, complaint) : NULL;
    if (!text)
        return -1;
    error_free(STEAL(*err));
    return error_set(err, ERROR_UNREADABLE, "%s", text);
}
