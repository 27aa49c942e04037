/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent: PID 1 of the appliance, or with --host an ordinary process for tests.
 *
 * One thread, one epoll. It waits for: the host (channel), the kernel's device events, signals, and
 * one timer, which ends an appliance that nobody is connected to. */
#include "boot.h"
#include "channel.h"
#include "devices.h"
#include "modules.h"
#include "mounts.h"
#include "requests.h"
#include "scan.h"
#include "uevent.h"
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#define PORT_NAME "org.virt-live-tools.agent"

/* A host that has gone without ending the appliance was killed; it has had this long to be back. */
#define ORPHAN_SECONDS 3
/* … and this long to come for the first time. The guest's own clock: stopped while it is saved. */
#define FIRST_SECONDS 60

/* The kernel's uevent buffer (UEVENT_BUFFER_SIZE) and its header, with room to spare. */
#define EVENT_SIZE 8192

struct options {
    bool host;
    int channel;
    int uevents;
    const char *sys;
    const char *dev;
    const char *modules;
};

struct agent {
    bool host;
    bool rooted; /* the root drive is the root: requests can be answered */
    int epoll;
    int uevents;
    int signals;
    int timer;
    devices *disks;
    modules *loaded;
    scanner *scan;
    requests *queue;
    channel *link;
};

/* PID 1 cannot end; a process of the host says how it went. */
static _Noreturn void end(const struct agent *agent, int status, const char *why)
{
    if (!agent->host)
        boot_power_off(why);
    if (status != 0)
        fprintf(stderr, "agent: %s\n", why);
    exit(status);
}

static void watch(const struct agent *agent, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(agent->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        end(agent, 1, "epoll_ctl failed");
}

/* 0 disarms. */
static void set_timer(const struct agent *agent, time_t seconds)
{
    struct itimerspec when = {.it_value = {.tv_sec = seconds}};
    timerfd_settime(agent->timer, 0, &when, NULL);
}

/* ---- events ---- */

static void run_requests(struct agent *agent)
{
    if (!agent->link || !agent->rooted || !channel_connected(agent->link))
        return;
    int result = requests_run(agent->queue, agent->link);
    if (result == -EPIPE && agent->host)
        end(agent, 0, "the host has closed the channel");
    /* In the appliance the end of the stream comes with its own event (HUP). */
    if (result < 0 && result != -EPIPE)
        end(agent, 1, result == -EBADMSG ? "the host broke the protocol" : strerror(-result));
}

static void on_channel(struct agent *agent, uint32_t events)
{
    bool before = channel_connected(agent->link);
    /* A socket keeps what was sent before its other end was closed: requests first, then the end.
     */
    bool now = channel_event(agent->link, agent->host ? events & ~(uint32_t)EPOLLHUP : events);
    if (now) {
        if (!before)
            set_timer(agent, 0);
        run_requests(agent);
    } else if (before) {
        requests_drop(agent->queue);
        channel_drop(agent->link);
        set_timer(agent, ORPHAN_SECONDS);
    }
}

static void open_port(struct agent *agent)
{
    if (agent->link || agent->host)
        return;
    int fd = boot_open_port(PORT_NAME);
    if (fd == -ENOENT)
        return; /* its event is still to come */
    agent->link = fd < 0 ? NULL : channel_new(fd);
    if (!agent->link)
        end(agent, 1, "the channel cannot be opened");
    watch(agent, fd, channel_interest());
}

static void take_root(struct agent *agent)
{
    if (agent->rooted || !devices_ready(agent->disks, TARGET_COUNT - 1))
        return;
    if (boot_root(agent->disks) < 0)
        end(agent, 1, "no root drive");
    agent->rooted = true;
    if (boot_option("virtlive.shell"))
        boot_shell();
}

static void on_uevents(struct agent *agent)
{
    char message[EVENT_SIZE];
    struct uevent event;
    for (;;) {
        ssize_t length = recv(agent->uevents, message, sizeof message - 1, MSG_DONTWAIT);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == ENOBUFS) {
            devices_rescan(agent->disks);
            continue;
        }
        if (length == 0) /* only a test's socket ends */
            epoll_ctl(agent->epoll, EPOLL_CTL_DEL, agent->uevents, NULL);
        if (length <= 0)
            break;
        message[length] = '\0';
        if (!uevent_parse(message, (size_t)length, &event))
            continue;
        if (event.object == OBJECT_PORT)
            open_port(agent);
        else if (event.object != OBJECT_OTHER)
            devices_event(agent->disks, &event);
    }
    take_root(agent);
    run_requests(agent);
}

static void on_signals(struct agent *agent)
{
    struct signalfd_siginfo signals;
    bool stop = false;
    while (read(agent->signals, &signals, sizeof signals) == sizeof signals)
        stop = stop || signals.ssi_signo != SIGCHLD;
    /* What ntfs-3g left when it detached itself is PID 1's child. */
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (stop && agent->host)
        end(agent, 0, "signal");
}

static void on_timer(struct agent *agent)
{
    uint64_t times;
    if (read(agent->timer, &times, sizeof times) == sizeof times)
        end(agent, 1, "no host is connected");
}

static void loop(struct agent *agent)
{
    struct epoll_event events[8];
    for (;;) {
        int count = epoll_wait(agent->epoll, events, 8, -1);
        if (count < 0 && errno != EINTR)
            end(agent, 1, "epoll_wait failed");
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == agent->uevents)
                on_uevents(agent);
            else if (fd == agent->signals)
                on_signals(agent);
            else if (fd == agent->timer)
                on_timer(agent);
            else
                on_channel(agent, events[i].events);
        }
    }
}

/* ---- set-up ---- */

static void set_up(struct agent *agent, const struct options *options)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    agent->epoll = epoll_create1(EPOLL_CLOEXEC);
    agent->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    agent->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    agent->disks = devices_new(options->sys, options->dev, !agent->host);
    agent->loaded = modules_new(options->modules, agent->host);
    if (agent->epoll < 0 || agent->signals < 0 || agent->timer < 0 || !agent->disks ||
        !agent->loaded)
        end(agent, 1, "set-up failed");
    agent->scan = scanner_new(agent->disks, agent->loaded,
                              agent->host ? &mount_ops_pretend : &mount_ops_kernel);
    agent->queue = agent->scan ? requests_new(agent->disks, agent->loaded, agent->scan) : NULL;
    if (!agent->queue)
        end(agent, 1, "no memory");
    watch(agent, agent->signals, EPOLLIN);
    watch(agent, agent->timer, EPOLLIN);
}

static void set_up_appliance(struct agent *agent)
{
    /* Listening comes first: what the modules find is announced while they load. */
    agent->uevents = uevent_open();
    if (agent->uevents < 0)
        end(agent, 1, "no uevents");
    set_timer(agent, FIRST_SECONDS);
    boot_modules();
    /* Drivers that are built in have found theirs before there was anybody to listen. */
    devices_rescan(agent->disks);
    open_port(agent);
    watch(agent, agent->uevents, EPOLLIN);
    take_root(agent);
}

static void set_up_host(struct agent *agent, const struct options *options)
{
    agent->uevents = options->uevents;
    if (agent->uevents >= 0)
        watch(agent, agent->uevents, EPOLLIN);
    agent->rooted = true;
    devices_rescan(agent->disks);
    agent->link = channel_new(options->channel);
    if (!agent->link)
        end(agent, 1, "--channel: not a descriptor");
    watch(agent, options->channel, channel_interest());
}

static int print_usage(void)
{
    fputs(
        "usage: agent --host --channel FD [--uevents FD] [--sys DIR] [--dev DIR] [--modules DIR]\n"
        "Without --host the agent is PID 1 of the appliance, and takes no options.\n",
        stderr);
    return 2;
}

static int parse(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {{"host", no_argument, NULL, 'h'},
                                          {"channel", required_argument, NULL, 'c'},
                                          {"uevents", required_argument, NULL, 'u'},
                                          {"sys", required_argument, NULL, 's'},
                                          {"dev", required_argument, NULL, 'd'},
                                          {"modules", required_argument, NULL, 'm'},
                                          {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 'h':
            options->host = true;
            break;
        case 'c':
            options->channel = atoi(optarg);
            break;
        case 'u':
            options->uevents = atoi(optarg);
            break;
        case 's':
            options->sys = optarg;
            break;
        case 'd':
            options->dev = optarg;
            break;
        case 'm':
            options->modules = optarg;
            break;
        default:
            return -1;
        }
    }
    return options->host && options->channel >= 0 && optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options options = {
        .channel = -1, .uevents = -1, .sys = "/sys", .dev = "/dev", .modules = MODULES_DIRECTORY};
    struct agent agent = {.uevents = -1};
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
    loop(&agent);
}
