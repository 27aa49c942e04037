/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "program.h"
#include "cleanup.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

/* The last line of the text, in place, without newlines. */
static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

static int start(const char *const *argv, int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char *const environment[] = {(char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                 (char *)(uintptr_t) "LC_ALL=C.UTF-8", NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    int result =
        posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}

/* A pipe with these bytes in it, and nothing more to come: its end for reading, or -errno. */
static int filled_pipe(const void *input, size_t length)
{
    int ends[2];
    if (length > PROGRAM_INPUT_MAX)
        return -E2BIG;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    AUTO_FD int in = ends[0];
    AUTO_FD int out = ends[1];
    if (length > 0 && write(out, input, length) != (ssize_t)length)
        return -EIO;
    return steal_fd(&in);
}

int program_run(const char *const *argv, const void *input, size_t length, char *said, size_t size)
{
    int ends[2], status;
    char output[4096];
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
    int result = start(argv, in, out, &pid);
    if (result < 0)
        return result;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    ssize_t count = read(heard, output, sizeof output - 1);
    output[count > 0 ? count : 0] = '\0';
    snprintf(said, size, "%s", last_line(output));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
