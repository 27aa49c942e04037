/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper-program.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

const char *helper_program_last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

static int start(const char *const *argv, int in, int out, int errors, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char *const environment[] = {(char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                 (char *)(uintptr_t) "LC_ALL=C.UTF-8", NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    int result =
        posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

/* A pipe with these bytes in it, and nothing more to come: its end for reading, or -errno. */
static int filled_pipe(const void *input, size_t length)
{
    int ends[2];
    if (length > HELPER_PROGRAM_INPUT_MAX)
        return -E2BIG;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    AUTO_FD int in = ends[0];
    AUTO_FD int out = ends[1];
    if (length > 0 && write(out, input, length) != (ssize_t)length)
        return -EIO;
    return steal_fd(&in);
}

static int await(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

int helper_program_run(const char *const *argv, const void *input, size_t length, char *said,
                       size_t size)
{
    int ends[2], status;
    pid_t pid;
    said[0] = '\0';
    AUTO_FD int in = filled_pipe(input, length);
    if (in < 0)
        return in;
    /* Non-blocking: what detached itself may hold the other end for as long as it serves. */
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    AUTO_FD int heard = ends[0];
    AUTO_FD int out = ends[1];
    int result = start(argv, in, out, out, &pid);
    if (result < 0)
        return result;
    result = await(pid, &status);
    if (result < 0)
        return result;
    ssize_t count = read(heard, said, size - 1);
    said[count > 0 ? count : 0] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Reads to the end. If there is more than fits, the program's next write fails. */
static ssize_t read_all(int fd, char *output, size_t size)
{
    size_t length = 0;
    for (;;) {
        char beyond;
        ssize_t count =
            length < size ? read(fd, output + length, size - length) : read(fd, &beyond, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count > 0 && length == size)
            return -E2BIG;
        if (count == 0)
            return (ssize_t)length;
        length += (size_t)count;
    }
}

ssize_t helper_program_read(const char *const *argv, void *output, size_t size)
{
    int ends[2], status;
    pid_t pid;
    AUTO_FD int in = filled_pipe(NULL, 0);
    if (in < 0)
        return in;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    AUTO_FD int heard = ends[0];
    AUTO_FD int out = ends[1];
    int result = start(argv, in, out, STDERR_FILENO, &pid);
    if (result < 0)
        return result;
    close(steal_fd(&out)); /* the program's is the only one */
    ssize_t length = read_all(heard, output, size);
    close(steal_fd(&heard));
    result = await(pid, &status);
    if (result < 0 || length < 0)
        return result < 0 ? result : length;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? length : -EPROTO;
}
