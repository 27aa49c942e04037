/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-process.h"
#include "base/cleanup.h"
#include "base/pid-signal.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>

#define SEARCH_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- what the host says ---- */

static bool has(const argument *one, char byte)
{
    return one->text.text_len > 0 && memchr(one->text.text_val, byte, one->text.text_len);
}

const char *session_process_objection(const session_start *how)
{
    if (how->arguments.arguments_len == 0 || how->arguments.arguments_val[0].text.text_len == 0)
        return "no program is named";
    for (u_int i = 0; i < how->arguments.arguments_len; i++)
        if (has(&how->arguments.arguments_val[i], '\0'))
            return "an argument has a NUL byte in it";
    for (u_int i = 0; i < how->environment.environment_len; i++) {
        const argument *one = &how->environment.environment_val[i];
        if (has(one, '\0') || !has(one, '=') || one->text.text_val[0] == '=')
            return "the environment has something other than NAME=VALUE in it";
    }
    return NULL;
}

static void free_strings(char ***strings)
{
    for (char **p = *strings; p && *p; p++)
        free(*p);
    free(*strings);
}
#define AUTO_STRINGS CLEANUP(free_strings)

/* As execve(2) wants them, with room for `more` in front; NULL: no memory. */
static char **make_strings(const argument *list, u_int count, size_t more)
{
    char **strings = calloc(count + more + 1, sizeof *strings);
    if (!strings)
        return NULL;
    for (u_int i = 0; i < count; i++) {
        strings[i] =
            strndup(list[i].text.text_len ? list[i].text.text_val : "", list[i].text.text_len);
        if (!strings[i]) {
            free_strings(&strings);
            return NULL;
        }
    }
    return strings;
}

/* Adds NAME=VALUE where nothing has that name. */
static bool add_default(char **environment, const char *pair)
{
    size_t name = strcspn(pair, "=") + 1;
    char **p = environment;
    for (; *p; p++)
        if (strncmp(*p, pair, name) == 0)
            return true;
    *p = strdup(pair);
    return *p != NULL;
}

static char **make_environment(const session_start *how)
{
    struct stat status;
    bool home = stat("/root", &status) == 0 && S_ISDIR(status.st_mode);
    char **environment =
        make_strings(how->environment.environment_val, how->environment.environment_len, 2);
    if (environment && add_default(environment, SEARCH_PATH) &&
        add_default(environment, home ? "HOME=/root" : "HOME=/"))
        return environment;
    free_strings(&environment);
    return NULL;
}

/* ---- descriptors ---- */

/* The child's side: one each for 0 to 2; of a terminal it is the same. */
struct child {
    int fd[3];
    int verdict;
};

static void close_child(struct child *child)
{
    for (int i = 0; i < 3; i++)
        if (child->fd[i] >= 0 && (i == 0 || child->fd[i] != child->fd[0]))
            close(child->fd[i]);
    if (child->verdict >= 0)
        close(child->verdict);
}
#define AUTO_CHILD CLEANUP(close_child)

void session_process_close(struct session_process *self)
{
    int *const fds[] = {&self->input, &self->output, &self->errors, &self->verdict};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (*fds[i] >= 0)
            close(steal_fd(fds[i]));
}

static bool make_pipe(int *reading, int *writing, int *ours)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *reading = ends[0];
    *writing = ends[1];
    return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0; /* it has no other status flags */
}

static bool open_pipes(struct session_process *self, struct child *child)
{
    return make_pipe(&child->fd[0], &self->input, &self->input) &&
           make_pipe(&self->output, &child->fd[1], &self->output) &&
           make_pipe(&self->errors, &child->fd[2], &self->errors);
}

/* The master twice, so that both directions can be waited for by themselves. */
static bool open_terminal(struct session_process *self, struct child *child,
                          const session_window *window)
{
    int unlock = 0;
    self->output = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (self->output < 0 || ioctl(self->output, TIOCSPTLCK, &unlock) < 0)
        return false;
    self->input = fcntl(self->output, F_DUPFD_CLOEXEC, 3);
    int slave = ioctl(self->output, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    for (int i = 0; i < 3; i++)
        child->fd[i] = slave;
    if (self->input < 0 || slave < 0)
        return false;
    session_process_resize(self, window);
    return true;
}

/* ---- the child ---- */

/* As a program expects them, whatever the agent's own parent had ignored. By the system call,
   since glibc refuses the two numbers that it uses itself (nptl(7)). */
static void reset_signals(void)
{
    /* More than any architecture's struct of the kernel has; all zero is SIG_DFL, no flags, an
       empty mask. */
    static const unsigned long by_default[8];
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, (size_t)(NSIG - 1) / 8);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct child *child, bool terminal, char **arguments,
                             char **environment)
{
    setsid();
    if (terminal)
        ioctl(child->fd[0], TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++)
        dup2(child->fd[i], i);
    close_range(3, ~0U,
                CLOSE_RANGE_CLOEXEC); /* those that were inherited before; ours are it anyway */
    reset_signals();
    umask(022);
    int result = chdir("/");
    environ = environment;
    if (result == 0)
        execvp(arguments[0], arguments);
    result = errno;
    /* Without a reader the errno is not needed. */
    if (write(child->verdict, &result, sizeof result) < 0)
        _exit(126);
    _exit(127);
}

int session_process_start(struct session_process *self, const session_start *how)
{
    AUTO_CHILD struct child child = {.fd = {-1, -1, -1}, .verdict = -1};
    AUTO_STRINGS char **arguments =
        make_strings(how->arguments.arguments_val, how->arguments.arguments_len, 0);
    AUTO_STRINGS char **environment = make_environment(how);
    *self = (struct session_process){
        .terminal = how->terminal, .input = -1, .output = -1, .errors = -1, .verdict = -1};
    if (!arguments || !environment)
        return -ENOMEM;
    bool opened =
        how->terminal ? open_terminal(self, &child, &how->window) : open_pipes(self, &child);
    if (opened && make_pipe(&self->verdict, &child.verdict, &self->verdict))
        self->pid = fork();
    else
        self->pid = -1;
    if (self->pid == 0)
        become(&child, how->terminal, arguments, environment);
    if (self->pid > 0)
        return 0;
    int result = -errno;
    session_process_close(self);
    return result;
}

int session_process_verdict(const struct session_process *self)
{
    int errnum;
    return read(self->verdict, &errnum, sizeof errnum) == sizeof errnum ? -errnum : 0;
}

/* ---- while it runs ---- */

/* The session's other process groups: the jobs of a shell. */
static void signal_jobs(pid_t session, int number)
{
    char path[64], line[512];
    int group, its_session;
    AUTO_DIR DIR *proc = opendir("/proc");
    if (!proc)
        return;
    for (struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
        int pid = atoi(entry->d_name);
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        AUTO_FD int process = pid_open(pid);
        AUTO_FILE FILE *file = process >= 0 ? fopen(path, "re") : NULL;
        if (!file)
            continue;
        size_t length = fread(line, 1, sizeof line - 1, file);
        line[length] = '\0';
        /* proc_pid_stat(5): "PID (NAME) STATE PARENT GROUP SESSION …", and the name
         * may have anything in it. */
        const char *end = strrchr(line, ')');
        if (end && sscanf(end, ") %*c %*d %d %d", &group, &its_session) == 2 &&
            its_session == session && group != session)
            pid_fd_signal(process, number);
    }
}

void session_process_signal_session(pid_t session, int number)
{
    pid_signal_group(session, number);
    signal_jobs(session, number);
}

void session_process_signal(const struct session_process *self, int number)
{
    /* It may not have come to setsid() yet. */
    if (pid_signal_group(self->pid, number) < 0 && errno == ESRCH && !self->reaped)
        pid_signal(self->pid, number);
    signal_jobs(self->pid, number);
}

void session_process_resize(const struct session_process *self, const session_window *window)
{
    struct winsize size = {.ws_row = (unsigned short)window->rows,
                           .ws_col = (unsigned short)window->columns};
    if (self->output >= 0)
        ioctl(self->output, TIOCSWINSZ, &size);
}

size_t session_process_end_of_input(const struct session_process *self, bool begun, char typed[2])
{
    struct termios settings;
    if (tcgetattr(self->input, &settings) < 0 || !(settings.c_lflag & ICANON))
        return 0;
    /* At the beginning of a line it is the end; elsewhere it hands over the line as far as it goes.
     */
    typed[0] = typed[1] = (char)settings.c_cc[VEOF];
    return begun ? 2 : 1;
}
