/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that connect to remote images, against servers that answer late, wrongly or not at
 * all. Real servers: tests/df/df-remote.bats. */
#include "remote/remote.h"

#include "base/clock.h"
#include "base/file-tree.h"
#include "lib/fake-nbd.h"
#include "remote/remote-process.h"
#include "wire/packet.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[] = "/tmp/test-remote.XXXXXX";
static const struct sandbox nobody_else; /* the processes stay who we are */
static const struct remote_means means = {&nobody_else, directory, -1};

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return file_tree_remove(AT_FDCWD, directory);
}

/* A guest of one image behind a socket of that name. */
static struct guest *guest_behind(const char *name)
{
    AUTO_FREE char *uri = NULL;
    struct guest *guest = guest_new(0);
    assert_true(asprintf(&uri, "nbd+unix:///?socket=%s/%s", directory, name) > 0);
    assert_int_equal(guest_add_image(guest, uri, strlen(uri), IMAGE_DETECT, 0, NULL), 0);
    return guest;
}

static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

/* Waits until there is something to hear. */
static int hear(remote *self, error **err)
{
    struct pollfd readable = {remote_fd(self), POLLIN, 0};
    assert_int_equal(poll(&readable, 1, 10000), 1);
    return remote_hear(self, err);
}

static void assert_ended(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void a_server_that_is_not_there_is_the_guests_answer(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("none");
    AUTO_ERROR error *err = NULL;

    (void)state;
    remote *self = remote_start(guest, &means, NULL);
    assert_non_null(self);
    assert_int_equal(hear(self, &err), -1);
    assert_int_equal(error_kind(err), ERROR_UNREADABLE);
    assert_non_null(strstr(error_message(err), "none: No such file or directory"));
    pid_t pid = remote_pid(self);
    remote_free(self);
    assert_ended(pid);
}

static void a_server_that_says_nothing_is_waited_for_elsewhere(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("silent");
    AUTO_FD int server = listen_at("silent");
    uint64_t since = clock_now();

    (void)state;
    remote *self = remote_start(guest, &means, NULL);
    AUTO_FD int connection = accept(server, NULL, NULL);
    assert_true(connection >= 0);
    assert_int_equal(remote_hear(self, NULL), 0);
    assert_null(remote_take(self, 0));
    /* Ending it ends all of it: the server sees the connection go. */
    pid_t pid = remote_pid(self);
    remote_free(self);
    assert_ended(pid);
    struct pollfd closed = {connection, POLLIN, 0};
    assert_int_equal(poll(&closed, 1, 10000), 1);
    assert_true(clock_now() - since < 10 * CLOCK_SECOND);
}

/* --- where no process can be made --- */

/* Ours stand before the C library's: a kill(-1) that works would end this machine's processes. */
static bool fork_fails;
static int sent_to_many; /* signals, to more than one process */

pid_t fork(void)
{
    if (fork_fails) {
        errno = EPERM; /* no shortage that passes: a seccomp filter, say */
        return -1;
    }
    return _Fork();
}

int kill(pid_t pid, int number)
{
    if (fork_fails && pid <= 1) {
        sent_to_many++;
        return 0;
    }
    return (int)syscall(SYS_kill, pid, number);
}

static void a_fork_that_fails_ends_nobody(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("unforked");
    AUTO_FD int server = listen_at("unforked");
    remote_report said = {0};
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    sent_to_many = 0;
    fork_fails = true;
    int result = remote_process(guest, &means, pair[1]);
    fork_fails = false;
    assert_int_equal(sent_to_many, 0);
    assert_int_equal(result, 1);
    assert_int_equal(packet_await(pair[0], (xdrproc_t)xdr_remote_report, &said, sizeof said), 1);
    assert_int_equal(said.status, STATUS_CRASHED);
    assert_non_null(memmem(said.message.message_val, said.message.message_len,
                           "cannot start a process", strlen("cannot start a process")));
    xdr_free((xdrproc_t)xdr_remote_report, &said);
    close(pair[0]);
    close(pair[1]);
}

static void a_server_of_something_else_is_said_to_be_none(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("wrong");
    AUTO_FD int server = listen_at("wrong");
    AUTO_ERROR error *err = NULL;

    (void)state;
    remote *self = remote_start(guest, &means, NULL);
    AUTO_FD int connection = accept(server, NULL, NULL);
    static const char banner[] = "220 mail.example.org ESMTP at your service\r\n";
    assert_int_equal(write(connection, banner, sizeof banner), sizeof banner);
    assert_int_equal(hear(self, &err), -1);
    assert_int_equal(error_kind(err), ERROR_UNREADABLE);
    assert_non_null(strstr(error_message(err), "speak to its NBD server"));
    pid_t pid = remote_pid(self);
    remote_free(self);
    assert_ended(pid);
}

/* Its first child; 0: none. */
static pid_t child_of(pid_t pid)
{
    char path[64];
    int child;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    AUTO_FILE FILE *file = fopen(path, "re");
    assert_non_null(file);
    return fscanf(file, "%d", &child) == 1 ? child : 0;
}

static size_t count_files(pid_t pid)
{
    char path[64];
    size_t count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    AUTO_DIR DIR *files = opendir(path);
    assert_non_null(files);
    while (readdir(files))
        count++;
    return count - 2; /* . and .. */
}

static void who_hears_a_server_has_nothing_but_that_connection(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("heard");
    AUTO_FD int server = listen_at("heard"), keeper = dup(server);
    const struct remote_means with_keeper = {&nobody_else, directory, keeper};

    (void)state;
    remote *self = remote_start(guest, &with_keeper, NULL);
    AUTO_FD int connection = accept(server, NULL, NULL);
    pid_t pid = remote_pid(self), looking = 0;
    for (int i = 0; i < 1000 && !(looking = child_of(pid)); i++)
        usleep(10000);
    assert_true(looking > 0);
    /* stdin, stdout, stderr, whom it tells, and the server. */
    for (int i = 0; i < 1000 && count_files(looking) > 5; i++)
        usleep(10000);
    assert_int_equal(count_files(looking), 5);
    remote_free(self);
    assert_ended(pid);
}

/* A reader that listens again after a pause must find all of them. */
static void all_that_has_been_said_is_heard_at_once(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("good");
    AUTO_FREE char *uri = NULL, *path = NULL;

    (void)state;
    assert_true(asprintf(&path, "%s/good", directory) > 0);
    assert_true(asprintf(&uri, "nbd+unix:///second?socket=%s", path) > 0);
    assert_int_equal(guest_add_image(guest, uri, strlen(uri), IMAGE_DETECT, 0, NULL), 0);
    struct fake_nbd *server = fake_nbd_start(path, FAKE_NBD_GOOD);
    remote *self = remote_start(guest, &means, NULL);
    assert_non_null(self);
    struct pollfd readable = {remote_fd(self), POLLIN, 0};
    assert_int_equal(poll(&readable, 1, 10000), 1);
    for (int i = 0; i < 1000 && child_of(remote_pid(self)); i++)
        usleep(10000); /* what looks ends when it has said everything */
    assert_int_equal(remote_hear(self, NULL), 1);
    assert_int_equal(remote_request(self, NULL), 0);
    pid_t pid = remote_pid(self);
    remote_free(self);
    assert_ended(pid);
    fake_nbd_end(server);
}

static void a_process_that_is_killed_is_noticed(void **state)
{
    AUTO_GUEST struct guest *guest = guest_behind("killed");
    AUTO_FD int server = listen_at("killed");
    AUTO_ERROR error *err = NULL;

    (void)state;
    remote *self = remote_start(guest, &means, NULL);
    AUTO_FD int connection = accept(server, NULL, NULL);
    assert_true(connection >= 0);
    assert_int_equal(kill(remote_pid(self), SIGKILL), 0);
    assert_int_equal(hear(self, &err), -1);
    assert_int_equal(error_kind(err), ERROR_HOST);
    pid_t pid = remote_pid(self);
    assert_ended(pid);
    remote_free(self); /* another process with that pid is not killed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(a_server_that_is_not_there_is_the_guests_answer),
        T(a_server_that_says_nothing_is_waited_for_elsewhere),
        T(a_fork_that_fails_ends_nobody),
        T(a_server_of_something_else_is_said_to_be_none),
        T(all_that_has_been_said_is_heard_at_once),
        T(who_hears_a_server_has_nothing_but_that_connection),
        T(a_process_that_is_killed_is_noticed),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
