/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent-process.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h> /* needs the above */

/* Seconds. An answer that does not come ends the test by SIGALRM. */
#define PATIENCE 60

/* ---- the made-up machine ---- */

void agent_path(const struct agent_process *self, char path[AGENT_PATH_MAX], const char *format,
                ...)
{
    va_list arguments;
    int length = snprintf(path, AGENT_PATH_MAX, "%s/", self->directory);
    va_start(arguments, format);
    vsnprintf(path + length, AGENT_PATH_MAX - (size_t)length, format, arguments);
    va_end(arguments);
}

void agent_make_directories(const struct agent_process *self, const char *below)
{
    char path[AGENT_PATH_MAX];
    agent_path(self, path, "%s", below);
    for (char *p = path + strlen(self->directory) + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    mkdir(path, 0700);
}

void agent_write_bytes(const char *path, off_t offset, const void *bytes, size_t length)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, offset), (ssize_t)length);
}

void agent_write(const struct agent_process *self, const char *below, const char *text)
{
    char path[AGENT_PATH_MAX];
    const char *slash = strrchr(below, '/');
    snprintf(path, sizeof path, "%.*s", (int)(slash ? slash - below : 0), below);
    agent_make_directories(self, path);
    agent_path(self, path, "%s", below);
    agent_write_bytes(path, 0, text, strlen(text));
    assert_int_equal(truncate(path, (off_t)strlen(text)), 0);
}

void agent_make_image(const struct agent_process *self, const char *node, off_t size,
                      bool signature)
{
    char path[AGENT_PATH_MAX];
    agent_path(self, path, "dev/%s", node);
    agent_write_bytes(path, 0, "", 0);
    assert_int_equal(truncate(path, size), 0);
    if (signature) {
        agent_write_bytes(path, 1024 + 0x38, "\x53\xef", 2);
        agent_write_bytes(path, 1024 + 0x78, "\x80 label", 7);
    }
}

void agent_make_serial(const struct agent_process *self, unsigned slot, const char *serial)
{
    char below[256];
    snprintf(below, sizeof below, "sys/" AGENT_DEVICES "/target0:0:%u/0:0:%u:0/rev", slot, slot);
    agent_write(self, below, serial);
}

void agent_make_size(const struct agent_process *self, unsigned slot, uint64_t bytes)
{
    char below[256], text[32];
    snprintf(below, sizeof below, "sys/dev/block/8:%u/size", AGENT_DISK_MINOR(slot));
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)(bytes / 512));
    agent_write(self, below, text);
}

void agent_say(const struct agent_process *self, const char *action, const char *path,
               const char *more, size_t more_length)
{
    char message[1024];
    int length = snprintf(message, sizeof message, "%s@/%s%cACTION=%s%cDEVPATH=/%s", action, path,
                          0, action, 0, path) +
                 1;
    memcpy(message + length, more, more_length);
    assert_true(send(self->uevents, message, (size_t)length + more_length, 0) > 0);
}

void agent_say_device(const struct agent_process *self, const char *action, unsigned slot)
{
    char path[256];
    snprintf(path, sizeof path, AGENT_DEVICES "/target0:0:%u/0:0:%u:0", slot, slot);
    agent_say(self, action, path, "SUBSYSTEM=scsi", 15);
}

/* The name is the kernel's, and means nothing. */
static void say_block(const struct agent_process *self, const char *action, unsigned slot,
                      const char *below, unsigned minor, unsigned partition)
{
    char path[256], more[128];
    snprintf(path, sizeof path, AGENT_DEVICES "/target0:0:%u/0:0:%u:0/block/sdx%s", slot, slot,
             below);
    int length = snprintf(more, sizeof more, "SUBSYSTEM=block%cMAJOR=8%cMINOR=%u", 0, 0, minor);
    if (partition > 0)
        length += snprintf(more + length, sizeof more - (size_t)length, "%cPARTN=%u", 0, partition);
    agent_say(self, action, path, more, (size_t)length + 1);
}

void agent_say_disk(const struct agent_process *self, const char *action, unsigned slot)
{
    say_block(self, action, slot, "", AGENT_DISK_MINOR(slot), 0);
}

void agent_say_partition(const struct agent_process *self, const char *action, unsigned slot,
                         unsigned number)
{
    char below[16];
    snprintf(below, sizeof below, "/sdx%u", number);
    say_block(self, action, slot, below, AGENT_DISK_MINOR(slot) + number, number);
}

void agent_appear(const struct agent_process *self, unsigned slot)
{
    agent_say_device(self, "add", slot);
    agent_say_disk(self, "add", slot);
    agent_say_device(self, "bind", slot);
}

/* ---- the agent ---- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

/* A socketpair: our end; the agent's, for it to inherit, into *other. */
static int make_pair(int type, int *other)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
    *other = pair[1];
    return pair[0];
}

/* What a parent may leave its children: some ignored signals, among them those that glibc's
   signal() refuses to touch, and a blocked one. */
static void leave_signals(void)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGHUP, 32, 33};
    unsigned long ignore[8] = {(unsigned long)SIG_IGN};
    sigset_t blocked;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        syscall(SYS_rt_sigaction, ignored[i], ignore, NULL, (size_t)(NSIG - 1) / 8);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static _Noreturn void become_agent(const struct agent_process *self, const int fds[])
{
    static const char *const options[] = {"--channel", "--uevents", "--session", "--session"};
    static const char *const directories[] = {"sys", "dev", "proc", "modules"};
    char text[8][AGENT_PATH_MAX];
    char program[AGENT_PATH_MAX], host[] = "--host";
    char *arguments[11] = {program, host};
    snprintf(program, sizeof program, "%s", getenv("AGENT"));
    for (size_t i = 0; i < 4; i++) {
        fcntl(fds[i], F_SETFD, 0);
        snprintf(text[i], AGENT_PATH_MAX, "%s=%d", options[i], fds[i]);
        snprintf(text[i + 4], AGENT_PATH_MAX, "--%s=%s/%s", directories[i], self->directory,
                 directories[i]);
    }
    for (size_t i = 0; i < 8; i++)
        arguments[i + 2] = text[i];
    leave_signals();
    execv(program, arguments);
    _exit(127);
}

int agent_set_up_stale(void **state)
{
    struct agent_process *self = calloc(1, sizeof *self);
    alarm(PATIENCE);
    int theirs[2 + AGENT_SESSIONS];
    assert_non_null(getenv("AGENT"));
    strcpy(self->directory, "/tmp/test-agent.XXXXXX");
    assert_non_null(mkdtemp(self->directory));
    agent_make_directories(self, "sys/block");
    agent_make_directories(self, "dev");
    self->channel = make_pair(SOCK_STREAM, &theirs[0]);
    self->uevents = make_pair(SOCK_SEQPACKET, &theirs[1]);
    for (size_t i = 0; i < AGENT_SESSIONS; i++)
        self->sessions[i] = make_pair(SOCK_STREAM, &theirs[2 + i]);
    self->pid = fork();
    assert_true(self->pid >= 0);
    if (self->pid == 0)
        become_agent(self, theirs);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        close(theirs[i]);
    self->reader = frame_reader_new();
    agent_call(self);
    *state = self;
    return 0;
}

int agent_set_up(void **state)
{
    int result = agent_set_up_stale(state);
    if (result == 0)
        agent_renew(*state, "");
    return result;
}

static void close_channel(struct agent_process *self)
{
    if (self->channel >= 0)
        close(steal_fd(&self->channel));
}

int agent_ended(struct agent_process *self)
{
    int status;
    close_channel(self);
    assert_int_equal(waitpid(self->pid, &status, 0), self->pid);
    self->pid = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int agent_tear_down(void **state)
{
    struct agent_process *self = *state;
    for (size_t i = 0; i < AGENT_SESSIONS; i++)
        if (self->sessions[i] >= 0)
            close(self->sessions[i]);
    int result = self->pid > 0 ? agent_ended(self) : 0;
    frame_reader_free(self->reader);
    close_channel(self);
    close(self->uevents);
    alarm(0);
    nftw(self->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(self);
    return result;
}

/* ---- the channel ---- */

static void send_request(const struct agent_process *self, const request *asked)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    assert_int_equal(frame_encode((xdrproc_t)xdr_request, asked, &frame, &length), 0);
    assert_int_equal(write(self->channel, frame, length), (ssize_t)length);
}

void agent_call(const struct agent_process *self)
{
    assert_int_equal(write(self->channel, FRAME_CALL, FRAME_CALL_LENGTH),
                     (ssize_t)FRAME_CALL_LENGTH);
}

void agent_ask(struct agent_process *self, request *asked)
{
    asked->serial = ++self->serial;
    send_request(self, asked);
}

void agent_renew(struct agent_process *self, const char *message)
{
    const request asked = {.body.op = OP_RENEW};
    send_request(self, &asked);
    answer reply = agent_expect(self, 0, OP_RENEW);
    const struct done_ret *done = &reply.body.answer_body_u.renew;
    assert_int_equal(done->message.message_len, strlen(message));
    assert_memory_equal(done->message.message_val, message, strlen(message));
    agent_free_answer(&reply);
}

void agent_ask_hello(struct agent_process *self, unsigned version)
{
    request asked = {.body.op = OP_HELLO};
    asked.body.request_body_u.protocol_version = version;
    agent_ask(self, &asked);
}

answer agent_expect(struct agent_process *self, unsigned serial, op kind)
{
    answer reply = {0};
    const void *body;
    size_t length;
    int got;
    while ((got = frame_reader_next(self->reader, &body, &length)) == 0)
        assert_true(frame_reader_fill(self->reader, self->channel) > 0);
    assert_int_equal(got, 1);
    assert_int_equal(frame_decode((xdrproc_t)xdr_answer, &reply, sizeof reply, body, length), 0);
    assert_int_equal(reply.serial, serial);
    assert_int_equal(reply.body.op, kind);
    return reply;
}

void agent_free_answer(answer *reply)
{
    xdr_free((xdrproc_t)xdr_answer, reply);
}
