/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* pipe2 */
#include "child-messages.h"

#include <fcntl.h>
#include <string.h>

/* As the children are the process's, so is what they say. */
static struct {
    int fds[2];
    char line[CHILD_MESSAGES_LINE + 1];
    size_t length; /* of a line whose end has not come */
    unsigned lines;
} messages = {.fds = {-1, -1}};

int child_messages_begin(error **err)
{
    if (messages.fds[0] >= 0)
        return 0;
    messages.length = messages.lines = 0;
    if (pipe2(messages.fds, O_CLOEXEC | O_NONBLOCK) == 0)
        return 0;
    messages.fds[0] = messages.fds[1] = -1;
    return error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
}

int child_messages_fd(void)
{
    return messages.fds[0];
}

int child_messages_end_of_child(void)
{
    return messages.fds[1];
}

static void pass_on(void (*say)(void *data, const char *line), void *data)
{
    messages.line[messages.length] = '\0';
    if (messages.length > 0 && messages.lines < CHILD_MESSAGES_LINES)
        say(data, messages.line);
    else if (messages.lines == CHILD_MESSAGES_LINES)
        say(data, "what processes of this command say further on is not shown");
    messages.lines += messages.lines <= CHILD_MESSAGES_LINES && messages.length > 0;
    messages.length = 0;
}

/* A NUL would end the line for who prints it. */
static void take_byte(char byte, void (*say)(void *data, const char *line), void *data)
{
    if (byte == '\n' || messages.length == CHILD_MESSAGES_LINE)
        pass_on(say, data);
    if (byte != '\n')
        messages.line[messages.length++] = byte ? byte : '?';
}

void child_messages_take(void (*say)(void *data, const char *line), void *data)
{
    char bytes[4096];
    /* As much as the pipe held at most: who writes without an end is not alone. */
    for (int reads = 0; reads < 16 && messages.fds[0] >= 0; reads++) {
        ssize_t got = read(messages.fds[0], bytes, sizeof bytes);
        if (got <= 0)
            return;
        for (ssize_t i = 0; i < got; i++)
            take_byte(bytes[i], say, data);
    }
}

void child_messages_end(void)
{
    for (int i = 0; i < 2; i++) {
        cleanup_fd(&messages.fds[i]);
        messages.fds[i] = -1;
    }
}
