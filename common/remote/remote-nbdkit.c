/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nbdkit inherits a listening socket, as a service manager would give it one (sd_listen_fds(3)).
 * Both connections have been made by then, and the socket has no name any more: no other process
 * can connect. */
#define _GNU_SOURCE 1 /* pipe2, memfd_create */
#include "remote-process.h"

#include "base/secret.h"
#include "base/text-format.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LISTEN_FD 3 /* SD_LISTEN_FDS_START */
#define PASSWORD_FD 4
#define SAID_MAX (REMOTE_URI_MAX + 4096) /* a line with the URL in it, and more */

/* --- the socket --- */

static int connect_twice(struct remote_image *image, const struct sockaddr_un *address)
{
    int *const fds[] = {&image->looking, &image->handover};

    for (int i = 0; i < 2; i++) {
        *fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (*fds[i] < 0 || connect(*fds[i], (const struct sockaddr *)address, sizeof *address) < 0)
            return -1;
    }
    return 0;
}

/* A listening socket with two connections in its queue and no name; -1 and *err. While it has one
 * the mode keeps others out. */
static int make_socket(struct remote_image *image, const char *directory, error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/r%d", directory, (int)getpid());
    mode_t before = umask(0077);
    int failed = fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
                 listen(fd, 2) < 0 || connect_twice(image, &address) < 0;
    int saved = errno;
    umask(before);
    unlink(address.sun_path);
    if (failed)
        return error_set_errno(err, ERROR_HOST, saved, "cannot make a socket");
    return steal_fd(&fd);
}

/* --- the program --- */

/* One of its parameters, "key=value"; NULL: no memory. */
static char *parameter(const char *key, const char *value)
{
    return text_format("%s=%s", key, value);
}

struct arguments {
    const char *words[16];
    size_t count;
    bool failed;
};

static void add(struct arguments *arguments, const char *key, const char *value)
{
    const char *word = key ? parameter(key, value) : value;
    arguments->failed |= !word;
    arguments->words[arguments->count++] = word; /* freed by exec */
}

static void make_arguments(const struct remote_uri *uri, struct arguments *arguments)
{
    add(arguments, NULL, "nbdkit");
    add(arguments, NULL, "--foreground");
    add(arguments, NULL, "--readonly");
    add(arguments, NULL, uri->kind == REMOTE_HTTP ? "curl" : "ssh");
    if (uri->kind == REMOTE_HTTP) {
        add(arguments, "url", uri->url);
        /* Where a server may send us. */
        add(arguments, "protocols", "http,https");
    } else {
        add(arguments, "host", uri->host);
        add(arguments, "path", uri->path);
        if (uri->port)
            add(arguments, "port", uri->port);
    }
    if (uri->user)
        add(arguments, "user", uri->user);
    if (uri->password)
        add(arguments, "password", "-4"); /* PASSWORD_FD: others can read our command line */
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
    struct arguments arguments = {0};
    int password = uri->password ? open_password(uri->password) : -1;
    int high = fcntl(listener, F_DUPFD, 10), high_password = fcntl(password, F_DUPFD, 10);

    make_arguments(uri, &arguments);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (arguments.failed || high < 0 || (uri->password && high_password < 0) ||
        setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0 ||
        dup2(said, STDERR_FILENO) < 0 || dup2(high, LISTEN_FD) < 0 ||
        (uri->password && dup2(high_password, PASSWORD_FD) < 0))
        return;
    close(high);
    close(high_password);
    if (uri->kind == REMOTE_HTTP && sandbox_enter(box, NULL) < 0)
        return;
    /* After the change of user, which clears it. Who started us may be gone by now. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return;
    execvp("nbdkit", (char *const *)arguments.words);
    dprintf(
        STDERR_FILENO,
        "error: nbdkit, which reads http, https and ssh, cannot be started: %s; is it installed?\n",
        strerror(errno));
}

int remote_nbdkit_serve(struct remote_image *image, const struct remote_means *means, error **err)
{
    const struct remote_uri *uri = image->image->remote;
    AUTO_FD int listener = make_socket(image, means->directory, err);
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
static char *find_complaint(char *said)
{
    static const char word[] = "error: ";
    char *found = strstr(said, word);

    if (!found)
        return NULL;
    found += sizeof word - 1;
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

int remote_nbdkit_server_said(struct remote_image *image, error **err)
{
    char said[SAID_MAX + 1];

    if (image->said < 0)
        return -1;
    ssize_t length = read(image->said, said, SAID_MAX);
    said[length > 0 ? length : 0] = '\0';
    const char *complaint = find_complaint(said);
    AUTO_FREE char *text = complaint ? printable(image->image->remote, complaint) : NULL;
    if (!text)
        return -1;
    error_free(STEAL(*err));
    return error_set(err, ERROR_UNREADABLE, "%s", text);
}
