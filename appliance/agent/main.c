/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent: PID 1 of the appliance, or with --host an ordinary process for tests.
 *
 * One thread, one epoll (event-loop.h). It waits for: the host (channel), hosts that run commands,
 * the kernel's device events, signals, and one timer, which ends an appliance that is not needed
 * any more. */
#include "agent/device/device-table.h"
#include "agent/device/disk-names.h"
#include "agent/device/qemu-rcu-kick.h"
#include "agent/device/uevent.h"
#include "agent/list/list-files.h"
#include "agent/mount/kernel-modules.h"
#include "agent/mount/mount.h"
#include "agent/session/session.h"
#include "agent/util/channel.h"
#include "agent/util/event-loop.h"
#include "agent/util/renewal.h"
#include "boot.h"
#include "requests.h"
#include "scan-volumes.h"
#include "wire/port-name.h"
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

_Static_assert(SESSION_PORTS <= 10, "session_number() reads one digit");

/* A host that has gone without ending the appliance was killed; it has had this long to be back. */
#define ORPHAN_SECONDS 3
/* … and this long to come for the first time. The guest's own clock: stopped while it is saved. */
#define FIRST_SECONDS 60

/* The kernel's uevent buffer (UEVENT_BUFFER_SIZE) and its header, with room to spare. */
#define EVENT_SIZE 8192

struct agent_options {
    bool host;
    int channel;
    int sessions[SESSION_PORTS];
    int uevents;
    const char *sys;
    const char *dev;
    const char *proc;
    const char *modules;
};

struct agent {
    bool host;
    bool rooted;       /* the root drive is the root: requests can be answered */
    bool terminals;    /* /dev/pts is mounted */
    bool met;          /* a host has been connected */
    bool kept;         /* it lives without one, for `idle` seconds */
    unsigned idle;     /* 0: for ever */
    unsigned deadline; /* seconds for which the timer was set; 0: it is not */
    event_loop *events;
    struct event_loop_watcher port;
    struct event_loop_watcher uevents;
    struct event_loop_watcher signals;
    struct event_loop_watcher timer;
    device_table *disks;
    kernel_modules *loaded;
    scan_volumes *scan;
    list_files *files;
    disk_names *stock;
    renewal *fresh;
    requests *queue;
    channel *link;
    session_hangup *leaving;
    session *sessions[SESSION_PORTS]; /* NULL: there is no such port */
};

/* PID 1 cannot end; a process of the host says how it went. */
static _Noreturn void end(const struct agent *agent, int status, const char *why)
{
    if (!agent->host && agent->kept)
        boot_settle();
    if (!agent->host)
        boot_power_off(why);
    for (size_t i = 0; i < SESSION_PORTS; i++)
        if (agent->sessions[i])
            session_kill(agent->sessions[i]);
    if (status != 0)
        fprintf(stderr, "agent: %s\n", why);
    exit(status);
}

static void watch(const struct agent *agent, struct event_loop_watcher *what, uint32_t interest)
{
    if (event_loop_watch(agent->events, what, interest) < 0)
        end(agent, 1, "epoll_ctl failed");
}

/* ---- the host ---- */

static void run_requests(struct agent *agent)
{
    if (!agent->link || !agent->rooted || !channel_connected(agent->link))
        return;
    int result = requests_run(agent->queue, agent->link);
    agent->kept = requests_kept(agent->queue, &agent->idle);
    /* -ECONNRESET: it did not take the last answers. */
    if ((result == -EPIPE || result == -ECONNRESET) && agent->host && !agent->kept)
        end(agent, 0, "the host has closed the channel");
    /* In the appliance the end of the stream comes with its own event (HUP). */
    if (result < 0 && result != -EPIPE)
        end(agent, 1, result == -EBADMSG ? "the host broke the protocol" : strerror(-result));
}

static void on_channel(void *owner, uint32_t events)
{
    struct agent *agent = owner;
    bool before = channel_connected(agent->link);
    /* A socket keeps what was sent before its other end was closed: requests first, then the end.
     */
    if (agent->host && !agent->kept)
        events &= ~(uint32_t)(EPOLLHUP | EPOLLERR);
    if (channel_event(agent->link, events)) {
        agent->met = true;
        run_requests(agent);
    } else if (before) {
        requests_drop(agent->queue);
        channel_drop(agent->link);
    }
}

static void open_channel(struct agent *agent, int fd)
{
    agent->link = fd < 0 ? NULL : channel_new(fd);
    if (!agent->link)
        end(agent, 1, "the channel cannot be opened");
    agent->port = (struct event_loop_watcher){.fd = fd, .ready = on_channel, .owner = agent};
    watch(agent, &agent->port, channel_interest());
}

static void open_session(struct agent *agent, unsigned number, int fd)
{
    agent->sessions[number] =
        fd < 0 ? NULL : session_new(fd, agent->events, agent->leaving, agent->fresh);
    if (!agent->sessions[number]) /* its host will get no answer */
        fprintf(stderr, "agent: session %u: %s\n", number, strerror(fd < 0 ? -fd : errno));
}

static bool session_number(const char *name, unsigned *number)
{
    const char *digit = name + strlen(SESSION_PORT_NAME);
    if (strncmp(name, SESSION_PORT_NAME, strlen(SESSION_PORT_NAME)) != 0)
        return false;
    *number = (unsigned)(digit[0] - '0');
    return *number < SESSION_PORTS && digit[1] == '\0';
}

static void take_port(void *owner, const char *name, dev_t device)
{
    struct agent *agent = owner;
    unsigned number;
    if (!agent->link && strcmp(name, AGENT_PORT_NAME) == 0)
        open_channel(agent, boot_open_port(device));
    if (!session_number(name, &number) || agent->sessions[number])
        return;
    if (!agent->terminals)
        boot_terminals();
    agent->terminals = true;
    open_session(agent, number, boot_open_port(device));
}

static bool is_needed(const struct agent *agent)
{
    if (agent->host && !agent->kept)
        return true; /* it ends with its channel */
    if (agent->link && channel_connected(agent->link))
        return true;
    for (size_t i = 0; agent->kept && i < SESSION_PORTS; i++)
        if (agent->sessions[i] && session_active(agent->sessions[i]))
            return true;
    return false;
}

/* Sets the timer that ends an appliance that is not needed any more. To be called after every
 * event. */
static void set_deadline(void *owner)
{
    struct agent *agent = owner;
    unsigned deadline = 0;
    if (!is_needed(agent))
        deadline = agent->kept ? agent->idle : agent->met ? ORPHAN_SECONDS : FIRST_SECONDS;
    if (deadline != agent->deadline)
        event_loop_timer_set(&agent->timer, (uint64_t)deadline * 1000);
    agent->deadline = deadline;
}

static void on_timer(void *owner, uint32_t events)
{
    const struct agent *agent = owner;
    (void)events;
    if (!is_needed(agent))
        end(agent, !agent->kept, agent->kept ? "it was idle" : "no host is connected");
}

/* ---- the kernel ---- */

static void take_root(struct agent *agent)
{
    if (agent->rooted || !device_table_ready(agent->disks, TARGET_COUNT - 1))
        return;
    if (boot_root(agent->disks) < 0)
        end(agent, 1, "no root drive");
    agent->rooted = true;
    if (boot_option("virtlive.shell"))
        boot_shell();
}

static void read_uevents(void *owner)
{
    struct agent *agent = owner;
    char message[EVENT_SIZE];
    struct uevent event;
    bool lost = false, gone = false;
    for (;;) {
        ssize_t length = recv(agent->uevents.fd, message, sizeof message - 1, MSG_DONTWAIT);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == ENOBUFS) {
            lost = true;
            continue;
        }
        if (length == 0) /* only a test's socket ends */
            watch(agent, &agent->uevents, 0);
        if (length <= 0)
            break;
        message[length] = '\0';
        if (!uevent_parse(message, (size_t)length, &event))
            continue;
        if (event.object == UEVENT_OF_PORT && !agent->host)
            boot_each_port(take_port, agent);
        else if (event.object != UEVENT_OF_OTHER)
            device_table_event(agent->disks, &event);
        gone = gone || (event.object == UEVENT_OF_DEVICE && event.action == UEVENT_REMOVE);
    }
    /* A command of virt-hotplug waits for a single disk; a worker does not. */
    if (gone && agent->kept && !agent->host)
        qemu_rcu_kick();
    /* Only now: until the queue was empty the kernel put nothing more into it. */
    if (lost) {
        device_table_rescan(agent->disks);
        if (!agent->host)
            boot_each_port(take_port, agent);
    }
}

static void on_uevents(void *owner, uint32_t events)
{
    struct agent *agent = owner;
    (void)events;
    read_uevents(agent);
    take_root(agent);
    run_requests(agent);
}

static void reap(struct agent *agent)
{
    pid_t pid;
    int status;
    /* What ntfs-3g left when it detached itself is PID 1's child, as is what commands leave. */
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        bool known = disk_names_reaped(agent->stock, pid, status);
        for (size_t i = 0; i < SESSION_PORTS && !known; i++)
            known = agent->sessions[i] && session_reaped(agent->sessions[i], pid, status);
    }
    run_requests(agent);
}

static void on_signals(void *owner, uint32_t events)
{
    struct agent *agent = owner;
    struct signalfd_siginfo signals;
    bool stop = false;
    (void)events;
    while (read(agent->signals.fd, &signals, sizeof signals) == sizeof signals)
        stop = stop || signals.ssi_signo != SIGCHLD;
    reap(agent);
    if (stop && agent->host)
        end(agent, 0, "signal");
}

/* ---- set-up ---- */

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void set_up(struct agent *agent, const struct agent_options *options)
{
    agent->events = event_loop_new();
    agent->signals =
        (struct event_loop_watcher){.fd = open_signals(), .ready = on_signals, .owner = agent};
    agent->timer = (struct event_loop_watcher){.fd = -1, .ready = on_timer, .owner = agent};
    agent->disks = device_table_new(options->sys, options->dev, !agent->host);
    agent->loaded = kernel_modules_new(options->modules, agent->host);
    if (!agent->events || agent->signals.fd < 0 || !agent->disks || !agent->loaded ||
        event_loop_timer(agent->events, &agent->timer) < 0)
        end(agent, 1, "set-up failed");
    const struct detached_mounts_ops *grafts =
        agent->host ? &detached_mounts_ops_pretend : &detached_mounts_ops_kernel;
    agent->leaving = session_hangup_new(agent->events);
    agent->fresh = renewal_new(!agent->host);
    agent->stock = disk_names_new(agent->disks, options->proc);
    agent->scan = scan_volumes_new(agent->disks, agent->loaded,
                                   agent->host ? &mount_ops_pretend : &mount_ops_kernel, grafts,
                                   !agent->host);
    agent->files = list_files_new(agent->disks, agent->loaded, grafts, !agent->host);
    if (!agent->leaving || !agent->fresh || !agent->stock || !agent->scan || !agent->files)
        end(agent, 1, "no memory");
    agent->queue = requests_new(&(struct requests_parts){
        .disks = agent->disks,
        .loaded = agent->loaded,
        .scan = agent->scan,
        .files = agent->files,
        .stock = agent->stock,
        .fresh = agent->fresh,
        .prepare = agent->host ? NULL : boot_prepare,
        .keep = agent->host ? NULL : boot_keep,
    });
    if (!agent->queue)
        end(agent, 1, "no memory");
    device_table_listen(agent->disks, read_uevents, agent);
    watch(agent, &agent->signals, EPOLLIN);
}

static void set_up_appliance(struct agent *agent)
{
    /* Listening comes first: what the modules find is announced while they load. */
    agent->uevents =
        (struct event_loop_watcher){.fd = uevent_open(), .ready = on_uevents, .owner = agent};
    if (agent->uevents.fd < 0)
        end(agent, 1, "no uevents");
    set_deadline(agent);
    boot_modules();
    /* Drivers that are built in have found theirs before there was anybody to listen. */
    device_table_rescan(agent->disks);
    boot_each_port(take_port, agent);
    watch(agent, &agent->uevents, EPOLLIN);
    take_root(agent);
}

static void set_up_host(struct agent *agent, const struct agent_options *options)
{
    agent->uevents =
        (struct event_loop_watcher){.fd = options->uevents, .ready = on_uevents, .owner = agent};
    watch(agent, &agent->uevents, EPOLLIN);
    agent->rooted = true;
    device_table_rescan(agent->disks);
    open_channel(agent, options->channel);
    for (unsigned i = 0; i < SESSION_PORTS; i++)
        if (options->sessions[i] >= 0)
            open_session(agent, i, options->sessions[i]);
}

static int print_usage(void)
{
    fputs("usage: agent --host --channel FD [--session FD]... [--uevents FD]\n"
          "             [--sys DIR] [--dev DIR] [--proc DIR] [--modules DIR]\n"
          "Without --host the agent is PID 1 of the appliance, and takes no options.\n",
          stderr);
    return 2;
}

static int parse(int argc, char **argv, struct agent_options *options)
{
    static const struct option table[] = {{"host", no_argument, NULL, 'h'},
                                          {"channel", required_argument, NULL, 'c'},
                                          {"session", required_argument, NULL, 'S'},
                                          {"uevents", required_argument, NULL, 'u'},
                                          {"sys", required_argument, NULL, 's'},
                                          {"dev", required_argument, NULL, 'd'},
                                          {"proc", required_argument, NULL, 'p'},
                                          {"modules", required_argument, NULL, 'm'},
                                          {NULL, 0, NULL, 0}};
    int option;
    unsigned sessions = 0;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == 'h')
            options->host = true;
        else if (option == 'c')
            options->channel = atoi(optarg);
        else if (option == 'S' && sessions < SESSION_PORTS)
            options->sessions[sessions++] = atoi(optarg);
        else if (option == 'u')
            options->uevents = atoi(optarg);
        else if (option == 's')
            options->sys = optarg;
        else if (option == 'd')
            options->dev = optarg;
        else if (option == 'p')
            options->proc = optarg;
        else if (option == 'm')
            options->modules = optarg;
        else
            return -1;
    }
    return options->host && options->channel >= 0 && optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct agent_options options = {.channel = -1,
                                    .uevents = -1,
                                    .sys = "/sys",
                                    .dev = "/dev",
                                    .proc = "/proc",
                                    .modules = MODULES_DIRECTORY};
    struct agent agent = {.host = false};
    for (size_t i = 0; i < SESSION_PORTS; i++)
        options.sessions[i] = -1;
    /* The kernel hands words of its command line to PID 1: not options of ours. */
    if (getpid() == 1)
        boot_early();
    else if (parse(argc, argv, &options) < 0)
        return print_usage();
    agent.host = options.host;
    set_up(&agent, &options);
    if (agent.host)
        set_up_host(&agent, &options);
    else
        set_up_appliance(&agent);
    event_loop_run(agent.events, set_deadline, &agent);
    end(&agent, 1, "epoll_wait failed");
}
