/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor.h"

#include "clock.h"
#include "crew.h"
#include "provision.h"
#include "resources.h"
#include "work.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAX_PARALLEL 64
#define MAX_MEMBERS (2 * MAX_PARALLEL) /* as many again are coming up while these work */

#define START_TIMEOUT 60   /* seconds: a restore takes 0.3 s on an idle machine */
#define EMPTY_TIMEOUT 60   /* seconds: 255 disks take 6 s */
#define MAX_START_FAILURES 3 /* in a row, of appliances from a good template: something is wrong here */

/* Fewer waiting guests than this are done sooner by the appliances that are there than by one that
 * has yet to come up: a restore costs about as much as so many guests. */
#define WORTH_AN_APPLIANCE 24

struct supervisor {
    const struct supervisor_config *config;
    const struct supervisor_client *client;
    struct supervisor_stats *stats;
    guestlist *guests;
    bool list_waits, list_ended;
    waves *window;
    struct sandbox box;
    rundir *run;
    struct provision provision;
    bool provided;
    struct member *members[MAX_MEMBERS];
    size_t member_count;
    unsigned parallel;
    unsigned next_root;
    unsigned start_failures;
    uint64_t start_cost, empty_cost; /* microseconds, last seen: of an appliance, of one slot */
    uint64_t answered;
    int signal_fd;
    int signalled;
};

static uint64_t wave_limit(const struct supervisor *self)
{
    return self->config->isolation == ISOLATE_GUEST ? SLOT_COUNT : self->config->wave;
}

static void say(const struct supervisor *self, enum supervisor_log level, const char *text)
{
    self->client->log(self->client->data, level, text);
}

/* --- the list --- */

/* Looks at who owns the images, and answers at once for what needs no appliance to be refused. */
static void look_at(struct supervisor *self, struct entry *entry)
{
    struct guest *guest = entry->guest;
    AUTO_ERROR error *err = NULL;
    if (guest->refused) {
        waves_refuse(self->window, entry, error_status(guest->refused),
                     error_message(guest->refused), 0);
        return;
    }
    for (size_t i = 0; i < guest->image_count; i++) {
        struct stat st = {0};
        struct image_chain *chain = NULL;
        bool plausible = stat(guest->images[i].path, &st) == 0 && st.st_size > 0 && S_ISREG(st.st_mode);
        if (!plausible && image_chain_open(guest->images[i].path, guest->images[i].format, 512,
                                           self->config->backing, &chain, &err) < 0) {
            if (guest->image_count > 1)
                error_prefix(&err, "%s", guest->images[i].path);
            waves_refuse(self->window, entry, error_status(err), error_message(err), 0);
            return;
        }
        image_chain_free(chain);
        if (waves_set_owner(entry, i, st.st_uid, st.st_gid) < 0) {
            waves_refuse(self->window, entry, STATUS_CRASHED, "no memory", 0);
            return;
        }
    }
}

static int read_list(struct supervisor *self, error **err)
{
    self->list_waits = false;
    while (!self->list_ended && !self->list_waits && !waves_full(self->window)) {
        struct guest *guest = NULL;
        error *fatal = NULL;
        switch (guestlist_next(self->guests, &guest, &fatal)) {
        case GUESTLIST_WAIT:
            self->list_waits = true;
            break;
        case GUESTLIST_END:
            self->list_ended = true;
            if (fatal)
                return error_propagate(err, fatal);
            break;
        case GUESTLIST_GUEST: {
            self->stats->guests++;
            self->stats->images += guest->image_count;
            struct entry *entry = waves_add(self->window, guest);
            if (!entry)
                return error_set(err, STATUS_CRASHED, "no memory");
            look_at(self, entry);
        }
        }
    }
    return 0;
}

/* --- answers --- */

static int give_answers(struct supervisor *self, error **err)
{
    const struct entry *entry;
    while ((entry = waves_front(self->window))) {
        struct guest_answer answer = {entry->guest, &entry->result, entry->elapsed};
        self->stats->failed += entry->result.status != STATUS_OK;
        self->answered++;
        if (self->client->answer(self->client->data, &answer, err) < 0)
            return -1;
        waves_pop(self->window);
        if (self->client->progress)
            self->client->progress(self->client->data, self->answered,
                                   guestlist_total(self->guests));
    }
    return 0;
}

static void begin_turn(struct member *member)
{
    if (member->given_count > 0 && member->given[0]->turn == 0)
        member->given[0]->turn = clock_now();
}

static uint64_t since_turn(const struct entry *entry)
{
    return entry->turn ? clock_now() - entry->turn : 0;
}

/* --- the end of a worker --- */

/* Takes its guests away from it: they wait again, or the one that was alone is the culprit. */
static void reclaim(struct supervisor *self, struct member *member, const char *why)
{
    struct entry *left[MEMBER_DEPTH];
    size_t count = member->given_count;
    memcpy(left, member->given, count * sizeof *left);
    member->given_count = 0;
    member_drop_handover(member);
    if (waves_put_back(self->window, left, count, member->scanned == 1))
        waves_refuse(self->window, left[0], STATUS_CRASHED, why, since_turn(left[0]));
}

static void end_member(struct supervisor *self, struct member *member, const char *why)
{
    if (member->state == MEMBER_ENDED)
        return;
    kill(member->worker.pid, SIGTERM);
    reclaim(self, member, why);
    member->state = MEMBER_ENDED;
    member->deadline = CLOCK_NEVER;
}

static void free_member(struct member *member)
{
    close(member->worker.orders);
    close(member->worker.reports);
    frame_reader_free(member->reader);
    member_drop_handover(member);
    free(member->trust.directory);
    free(member->root);
    free(member);
}

static void forget_member(struct supervisor *self, size_t index)
{
    free_member(self->members[index]);
    self->members[index] = self->members[--self->member_count];
}

/* A worker that ended before anybody expected it. */
static int lost(struct supervisor *self, struct member *member, const char *why, error **err)
{
    AUTO_FREE char *text = NULL;
    bool starting = member->state == MEMBER_STARTING;
    if (member->state == MEMBER_ENDED)
        return 0;
    if (asprintf(&text, "the appliance is lost: %s", why) < 0)
        text = NULL;
    if (text)
        say(self, LOG_VERBOSE, text);
    end_member(self, member, text ? text : "the appliance is lost");
    if (starting && ++self->start_failures >= MAX_START_FAILURES)
        return error_set(err, STATUS_CRASHED, "%s", why);
    return 0;
}

/* Everything that is ours ends: wardens first, they see to theirs. */
static void end_all(struct supervisor *self)
{
    for (size_t i = 0; i < self->member_count; i++)
        kill(self->members[i]->worker.pid, SIGTERM);
    for (size_t i = 0; i < self->member_count; i++) {
        while (waitpid(self->members[i]->worker.pid, NULL, 0) < 0 && errno == EINTR)
            ;
        free_member(self->members[i]);
    }
    self->member_count = 0;
}

static void reap(struct supervisor *self)
{
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
        for (size_t i = 0; i < self->member_count; i++)
            if (self->members[i]->worker.pid == pid) {
                end_member(self, self->members[i], "its worker was killed");
                forget_member(self, i);
                break;
            }
}

/* --- what workers report --- */

static int on_ready(struct supervisor *self, struct member *member, const ready_report *ready)
{
    if (member->state != MEMBER_STARTING)
        return -1;
    member->state = MEMBER_READY;
    member->deadline = CLOCK_NEVER;
    self->start_failures = 0;
    self->start_cost = ready->took;
    self->stats->start += ready->took;
    if (ready->restored)
        self->stats->restores++;
    else
        self->stats->boots++;
    return 0;
}

static int on_outcome(struct supervisor *self, struct member *member, outcome *out)
{
    AUTO_ERROR error *err = NULL;
    struct entry *entry = member_answered(member, out->guest);
    if (!entry)
        return -1;
    if (rpc_check_scan(&out->result, entry->guest->image_count, &err) < 0)
        return -1;
    self->stats->attach += out->attached;
    self->stats->wait += out->result.times.waited;
    self->stats->probe += out->result.times.probed;
    self->stats->mount += out->result.times.mounted;
    waves_answer(self->window, entry, &out->result, since_turn(entry));
    begin_turn(member);
    return 0;
}

static int on_emptied(struct supervisor *self, struct member *member, uint64_t took)
{
    if (member->state != MEMBER_EMPTYING)
        return -1;
    self->empty_cost = member->used ? took / member->used : took;
    self->stats->emptied++;
    member->used = 0;
    member->state = MEMBER_READY;
    member->deadline = CLOCK_NEVER;
    return 0;
}

/* 0; -1: the worker cannot be believed. *failed is set where it says that it has failed (new memory). */
static int on_report(struct supervisor *self, struct member *member, report *message, char **failed)
{
    switch (message->kind) {
    case REPORT_READY:
        return on_ready(self, member, &message->report_u.ready);
    case REPORT_OUTCOME:
        return on_outcome(self, member, &message->report_u.outcome);
    case REPORT_EMPTIED:
        return on_emptied(self, member, message->report_u.emptied);
    case REPORT_FAILED:
        *failed = strndup(message->report_u.failed.failed_val, message->report_u.failed.failed_len);
        return 0;
    case REPORT_LOG: {
        AUTO_FREE char *text = strndup(message->report_u.log.log_val, message->report_u.log.log_len);
        if (text)
            say(self, LOG_TRACE, text);
        return 0;
    }
    case REPORT_SAVED:
        break;
    }
    return -1;
}

static int hear(struct supervisor *self, struct member *member, error **err)
{
    const void *body;
    size_t length;
    int got = frame_reader_fill(member->reader, member->worker.reports), next;
    while ((next = frame_reader_next(member->reader, &body, &length)) > 0) {
        report message = {0};
        AUTO_FREE char *failed = NULL;
        if (frame_decode((xdrproc_t)xdr_report, &message, sizeof message, body, length) < 0)
            return lost(self, member, "its worker sent a message that is none", err);
        int believed = on_report(self, member, &message, &failed);
        xdr_free((xdrproc_t)xdr_report, &message);
        if (failed)
            return lost(self, member, failed, err);
        if (believed < 0)
            return lost(self, member, "its worker cannot be believed", err);
    }
    if (next < 0 || got == 0 || (got < 0 && got != -EAGAIN))
        return member->state == MEMBER_FINISHING && member->given_count == 0
                   ? 0
                   : lost(self, member, "its worker has ended", err);
    return 0;
}

/* --- giving work --- */

static int start_member(struct supervisor *self, error **err)
{
    char name[32];
    struct member *member = calloc(1, sizeof *member);
    if (!member)
        return error_set(err, STATUS_CRASHED, "no memory");
    snprintf(name, sizeof name, "w%u", self->next_root++);
    member->root = rundir_subdirectory(self->run, name, err);
    member->reader = frame_reader_new();
    struct worker_config config = {
        .factory = hypervisor_libvirt_new,
        .appliance = self->provision.appliance,
        .sandbox = self->box,
        .root = member->root,
        .template_dir = self->provision.template_dir,
        .memory_path = self->provision.memory_path,
        .start_timeout = START_TIMEOUT,
        .trace = self->config->trace,
    };
    if (!member->root || !member->reader || worker_start(&config, &member->worker, err) < 0) {
        member->worker = (struct worker){-1, -1, -1};
        free_member(member);
        return -1;
    }
    member->deadline = clock_now() + START_TIMEOUT * CLOCK_SECOND;
    self->members[self->member_count++] = member;
    return 0;
}

static void order_plain(struct supervisor *self, struct member *member, order_kind kind,
                        enum member_state state)
{
    if (worker_order(&member->worker, &(order){.kind = kind}, NULL, 0) < 0) {
        end_member(self, member, "its worker takes no orders");
        return;
    }
    member->state = state;
    if (state == MEMBER_EMPTYING)
        member->deadline = clock_now() + EMPTY_TIMEOUT * CLOCK_SECOND;
}

static void pursue_handover(struct supervisor *self, struct member *member)
{
    if (member->handover.entry && member_hand_over(member) < 0)
        end_member(self, member, "its worker takes no orders");
}

/* A guest to the worker. An image that cannot be opened is answered for here. */
static void give(struct supervisor *self, struct member *member, struct entry *entry)
{
    AUTO_ERROR error *err = NULL;
    waves_take(self->window, entry);
    if (member_take_on(member, entry, self->config->backing, &err) < 0) {
        waves_refuse(self->window, entry, error_status(err), error_message(err), 0);
        return;
    }
    if (!member->has_trust) {
        self->stats->waves++;
        if (member_set_trust(member, entry) < 0) {
            member_drop_handover(member);
            waves_refuse(self->window, entry, STATUS_CRASHED, "no memory", 0);
            return;
        }
    } else if (member->used == 0) {
        self->stats->waves++;
    }
    member->used += (unsigned)entry->guest->image_count;
    member->scanned++;
    member->given[member->given_count++] = entry;
    begin_turn(member);
    pursue_handover(self, member);
}

static unsigned room(const struct supervisor *self, const struct member *member)
{
    uint64_t limit = wave_limit(self);
    if (self->config->isolation == ISOLATE_GUEST && member->scanned > 0)
        return 0;
    /* A guest with more disks than a wave has one to itself. */
    return member->used == 0 ? SLOT_COUNT : member->used < limit ? (unsigned)(limit - member->used) : 0;
}

static struct entry *next_for(struct supervisor *self, const struct member *member)
{
    unsigned slots = room(self, member);
    return slots ? waves_next(self->window, member->has_trust ? &member->trust : NULL, slots) : NULL;
}

static bool working(const struct member *member)
{
    return member->state != MEMBER_ENDED && member->given_count > 0;
}

static unsigned count_working(const struct supervisor *self)
{
    unsigned count = 0;
    for (size_t i = 0; i < self->member_count; i++)
        count += working(self->members[i]);
    return count;
}

/* Nothing more for it as it is: emptied if guests of its trust domain wait and that costs less than a new
 * appliance, ended otherwise. */
static void turn_over(struct supervisor *self, struct member *member)
{
    bool more = waves_next(self->window, &member->trust, SLOT_COUNT) != NULL;
    bool cheaper = self->empty_cost * member->used < self->start_cost;
    if (member->handover.entry)
        return;
    if (more && cheaper && member->given_count == 0 && self->config->isolation != ISOLATE_GUEST &&
        member->trust.quarantine == 0)
        order_plain(self, member, ORDER_EMPTY, MEMBER_EMPTYING);
    else if (!more || !cheaper || self->config->isolation == ISOLATE_GUEST ||
             member->trust.quarantine != 0)
        order_plain(self, member, ORDER_FINISH, MEMBER_FINISHING);
}

static void fill(struct supervisor *self, struct member *member)
{
    struct entry *entry = NULL;
    while (member->state == MEMBER_READY && !member->handover.entry &&
           member->given_count < MEMBER_DEPTH && (entry = next_for(self, member)))
        give(self, member, entry);
    if (member->state == MEMBER_READY && member->has_trust && !member->handover.entry &&
        member->given_count < MEMBER_DEPTH && !entry &&
        (waves_waiting(self->window) > 0 || self->list_ended || room(self, member) == 0))
        turn_over(self, member);
}

/* How many workers there should be that have not been given anything yet. */
static unsigned fresh_wanted(const struct supervisor *self)
{
    unsigned waiting = waves_waiting(self->window), taking = 0, capacity = 0;
    for (size_t i = 0; i < self->member_count; i++) {
        const struct member *member = self->members[i];
        if (member->state != MEMBER_READY && member->state != MEMBER_EMPTYING)
            continue;
        if (!member->has_trust)
            continue;
        taking++;
        if (waves_next(self->window, &member->trust, SLOT_COUNT))
            capacity += room(self, member);
    }
    if (waiting == 0)
        return 0;
    /* Those that are working will not take all that waits: their successors come up meanwhile. */
    unsigned beyond = waiting > capacity ? waiting - capacity : 0;
    unsigned per_wave = self->config->isolation == ISOLATE_GUEST ? 1 : self->config->wave;
    unsigned successors = (beyond + per_wave - 1) / per_wave;
    unsigned idle_places = taking < self->parallel ? self->parallel - taking : 0;
    unsigned helpers = taking == 0 ? 1 + (waiting - 1) / WORTH_AN_APPLIANCE : waiting / WORTH_AN_APPLIANCE;
    unsigned wanted = helpers < idle_places ? helpers : idle_places;
    if (successors > wanted)
        wanted = successors;
    return wanted < self->parallel ? wanted : self->parallel;
}

static int start_members(struct supervisor *self, error **err)
{
    unsigned fresh = 0;
    for (size_t i = 0; i < self->member_count; i++) {
        const struct member *member = self->members[i];
        fresh += member->state == MEMBER_STARTING ||
                 (member->state == MEMBER_READY && !member->has_trust);
    }
    for (unsigned wanted = fresh_wanted(self); fresh < wanted && self->member_count < MAX_MEMBERS; fresh++)
        if (start_member(self, err) < 0)
            return -1;
    return 0;
}

static void give_work(struct supervisor *self)
{
    for (size_t i = 0; i < self->member_count; i++)
        if (self->members[i]->has_trust)
            fill(self, self->members[i]);
    /* Those that have worked first; a fresh one only where there is a place for it. */
    for (size_t i = 0; i < self->member_count; i++)
        if (!self->members[i]->has_trust && count_working(self) < self->parallel)
            fill(self, self->members[i]);
}

/* --- deadlines --- */

static uint64_t deadline_of(const struct supervisor *self, const struct member *member)
{
    uint64_t deadline = member->deadline;
    if (self->config->timeout && working(member) && member->given[0]->turn) {
        uint64_t answer = member->given[0]->turn + self->config->timeout * CLOCK_SECOND;
        deadline = answer < deadline ? answer : deadline;
    }
    return deadline;
}

static uint64_t next_deadline(const struct supervisor *self)
{
    uint64_t next = CLOCK_NEVER;
    for (size_t i = 0; i < self->member_count; i++) {
        uint64_t deadline = deadline_of(self, self->members[i]);
        next = deadline < next ? deadline : next;
    }
    return next;
}

/* The guest whose turn it is has had its time; those behind it have lost nothing but their place. */
static void time_out_guest(struct supervisor *self, struct member *member)
{
    char why[64];
    struct entry *entry = member->given[0];
    snprintf(why, sizeof why, "no answer within %u s (--timeout)", self->config->timeout);
    member_answered(member, entry->guest->number);
    if (member->handover.entry == entry)
        member_drop_handover(member);
    waves_refuse(self->window, entry, STATUS_TIMEOUT, why, since_turn(entry));
    end_member(self, member, why);
}

static int check_deadlines(struct supervisor *self, error **err)
{
    uint64_t now = clock_now();
    for (size_t i = 0; i < self->member_count; i++) {
        struct member *member = self->members[i];
        if (deadline_of(self, member) > now)
            continue;
        if (member->deadline > now)
            time_out_guest(self, member);
        else if (lost(self, member, "it did not answer in time", err) < 0)
            return -1;
    }
    return 0;
}

/* --- the loop --- */

static bool take_signals(struct supervisor *self)
{
    struct signalfd_siginfo info;
    while (read(self->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGCHLD)
            reap(self);
        else
            self->signalled = (int)info.ssi_signo;
    return self->signalled != 0;
}

/* Waits for anything to happen, and deals with all of it but signals. */
static int wait_and_hear(struct supervisor *self, error **err)
{
    struct pollfd fds[2 + 2 * MAX_MEMBERS] = {
        {self->signal_fd, POLLIN, 0},
        {self->list_waits ? guestlist_fd(self->guests) : -1, POLLIN, 0},
    };
    struct member *members[MAX_MEMBERS];
    size_t count = self->member_count;
    for (size_t i = 0; i < count; i++) {
        struct member *member = members[i] = self->members[i];
        bool ended = member->state == MEMBER_ENDED;
        fds[2 + 2 * i] = (struct pollfd){ended ? -1 : member->worker.reports, POLLIN, 0};
        fds[3 + 2 * i] = (struct pollfd){
            !ended && member->handover.entry ? member->worker.orders : -1, POLLOUT, 0};
    }
    if (poll(fds, 2 + 2 * count, clock_poll_timeout(next_deadline(self))) < 0)
        return errno == EINTR ? 0 : error_set_errno(err, STATUS_CRASHED, errno, "cannot wait");
    if (fds[1].revents)
        self->list_waits = false;
    for (size_t i = 0; i < count; i++) {
        if (fds[2 + 2 * i].revents && hear(self, members[i], err) < 0)
            return -1;
        if (fds[3 + 2 * i].revents && members[i]->state != MEMBER_ENDED)
            pursue_handover(self, members[i]);
    }
    return check_deadlines(self, err);
}

static enum supervisor_end provide(struct supervisor *self, error **err)
{
    uint64_t since = clock_now();
    switch (provision_make(self->config, self->client, self->run, &self->box, self->signal_fd,
                           &self->provision, err)) {
    case PROVISION_FAILED:
        return SUPERVISOR_NO_APPLIANCE;
    case PROVISION_SIGNALLED:
        take_signals(self);
        return SUPERVISOR_SIGNALLED;
    case PROVISION_DONE:
        break;
    }
    self->provided = true;
    self->stats->prepare = clock_now() - since;
    self->stats->boots += self->provision.booted;
    snprintf(self->stats->accel, sizeof self->stats->accel, "%s", self->provision.appliance.accel);
    return SUPERVISOR_DONE;
}

/* One round: what has come in goes out, what can be given is given, then wait. */
static enum supervisor_end step(struct supervisor *self, bool *done, error **err)
{
    if (!self->list_waits && read_list(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    if (!self->provided && waves_waiting(self->window) > 0) {
        enum supervisor_end end = provide(self, err);
        if (end != SUPERVISOR_DONE)
            return end;
    }
    if (self->provided && start_members(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    give_work(self);
    if (give_answers(self, err) < 0)
        return SUPERVISOR_STOPPED;
    *done = self->list_ended && waves_empty(self->window);
    if (*done || (!self->list_waits && !self->list_ended && !waves_full(self->window)))
        return SUPERVISOR_DONE;
    if (wait_and_hear(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    return take_signals(self) ? SUPERVISOR_SIGNALLED : SUPERVISOR_DONE;
}

static enum supervisor_end run(struct supervisor *self, error **err)
{
    bool done = false;
    while (!done) {
        enum supervisor_end end = step(self, &done, err);
        if (end != SUPERVISOR_DONE)
            return end;
    }
    return SUPERVISOR_DONE;
}

/* Signals become readable; a supervisor that is a subreaper gets the orphans of a warden that was killed. */
static int set_up(struct supervisor *self, sigset_t *old, error **err)
{
    sigset_t signals;
    struct rlimit files;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, old);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    self->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    self->window = waves_new(self->config->isolation);
    if (self->signal_fd < 0 || !self->window)
        return error_set_errno(err, STATUS_CRASHED, errno, "cannot start");
    if (sandbox_choose(&self->box, err) < 0)
        return -1;
    self->run = rundir_new(&self->box, err);
    return self->run ? 0 : -1;
}

static void tear_down(struct supervisor *self, const sigset_t *old)
{
    end_all(self);
    provision_clear(&self->provision);
    rundir_free(self->run);
    waves_free(self->window);
    if (self->signal_fd >= 0)
        close(self->signal_fd);
    sigprocmask(SIG_SETMASK, old, NULL);
}

enum supervisor_end supervisor_run(const struct supervisor_config *config, guestlist *guests,
                                   const struct supervisor_client *client,
                                   struct supervisor_stats *stats, int *signal, error **err)
{
    uint64_t since = clock_now();
    sigset_t old;
    struct supervisor self = {
        .config = config,
        .client = client,
        .stats = stats,
        .guests = guests,
        .signal_fd = -1,
        .parallel = config->parallel ? config->parallel : resources_parallel(),
        .empty_cost = 25000, /* until one has been seen (docs/performance.md) */
    };
    if (self.parallel > MAX_PARALLEL)
        self.parallel = MAX_PARALLEL;
    *stats = (struct supervisor_stats){0};
    enum supervisor_end end =
        set_up(&self, &old, err) < 0 ? SUPERVISOR_NO_APPLIANCE : run(&self, err);
    *signal = self.signalled;
    tear_down(&self, &old);
    stats->wall = clock_now() - since;
    return end;
}
