/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child-list.h"

#include "base/cleanup.h"
#include "base/pid-signal.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* As the children are the process's, so is what is known of them. */
static pid_t *foreign;
static size_t foreign_count;

static FILE *open_list(void)
{
    return fopen("/proc/thread-self/children", "re");
}

int child_list_begin(void)
{
    AUTO_FILE FILE *file = open_list();
    int pid;
    foreign_count = 0;
    while (file && fscanf(file, "%d", &pid) == 1) {
        pid_t *more = realloc(foreign, (foreign_count + 1) * sizeof *more);
        if (!more)
            return -1;
        foreign = more;
        foreign[foreign_count++] = pid;
    }
    return 0;
}

static bool is_ours(pid_t pid)
{
    for (size_t i = 0; i < foreign_count; i++)
        if (foreign[i] == pid)
            return false;
    return true;
}

int child_list_kill(bool (*spared)(const void *data, pid_t pid), const void *data)
{
    AUTO_FILE FILE *file = open_list();
    int pid, count = 0;
    if (!file)
        return -1;
    while (fscanf(file, "%d", &pid) == 1)
        if (is_ours(pid) && !(spared && spared(data, pid))) {
            pid_signal(pid, SIGKILL);
            count++;
        }
    return count;
}

void child_list_end(void)
{
    while (child_list_kill(NULL, NULL) != 0) {
        pid_t pid = waitpid(-1, NULL, 0);
        if (pid > 0)
            child_list_reaped(pid);
        else if (errno == ECHILD)
            return;
    }
}

void child_list_reaped(pid_t pid)
{
    for (size_t i = 0; i < foreign_count; i++)
        if (foreign[i] == pid)
            foreign[i] = foreign[--foreign_count];
}
