/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template-builder.h"

#include "appliance/accelerator.h"
#include "appliance/template-cache.h"
#include "appliance/template-capabilities.h"
#include "appliance/template-memory.h"
#include "base/clock.h"
#include "base/file-tree.h"
#include "base/pid-signal.h"
#include "base/text-format.h"
#include "process/landlock.h"
#include "wire/frame.h"
#include "wire/worker.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* A boot takes 2-4 s under TCG on an idle machine; this is for a crowded one. Where it is not known
 * whether KVM works, TCG runs beside it, so a KVM that hangs does not cost that much. */
#define BOOT_TIMEOUT 120

/* Seconds that KVM has when TCG has failed, or as long again as TCG took: where KVM works it is the
 * faster one, and where it hangs the user does not wait for what cannot come. */
#define LAST_CHANCE 20

#define MAX_BUILDERS 2 /* KVM and TCG side by side */

struct builder {
    struct appliance_config appliance;
    struct worker worker;
    frame_reader *reader;
    bool running;
    bool saved;
    bool cached;
    bool finished; /* its directory has been handed over */
    char *key;
    char *name; /* of its directory in the run's */
    char *root, *directory;
};

struct provisioner {
    const struct supervisor_config *config;
    const struct supervisor_client *client;
    run_directory *run;
    const struct sandbox *box;
    int signal_fd;
    struct builder builders[MAX_BUILDERS];
    size_t count;
    int memory;     /* for writing, this run's copy of a template's; -1: there is none yet */
    bool warned;    /* that what is built cannot be kept */
    error *failure; /* of all builders that failed */
};

static void say(const struct provisioner *self, enum supervisor_log level, const char *text)
{
    if (text)
        self->client->log(self->client->data, level, text);
}

/* --- files --- */

/* Root's sandbox cannot look into /root: what it cannot read is copied to where it can. */
static int stage_file(struct provisioner *self, char **path, const char *name, error **err)
{
    if (sandbox_can_read(self->box, *path))
        return 0;
    char *copy = text_format("%s/%s", run_directory_path(self->run), name);
    if (!copy)
        return error_no_memory(err);
    unlink(copy); /* of a template that was discarded */
    AUTO_FD int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int result = fd < 0 ? -errno : file_tree_copy_file(*path, fd);
    if (result < 0) {
        error_set_errno(err, ERROR_HOST, -result, "cannot copy %s to %s", *path, copy);
        free(copy);
        return -1;
    }
    free(*path);
    *path = copy;
    return 0;
}

static int stage(struct provisioner *self, struct appliance_files *files, error **err)
{
    if (stage_file(self, &files->kernel, "kernel", err) < 0 ||
        stage_file(self, &files->initrd, "initrd", err) < 0)
        return -1;
    return stage_file(self, &files->root_drive, "root", err);
}

/* --- builders --- */

static int start_builder(struct provisioner *self, struct builder *builder, error **err)
{
    AUTO_FREE char *why = NULL;
    builder->name = strdup(builder->appliance.accel);
    builder->directory =
        template_begin(self->box, run_directory_path(self->run), &builder->cached, &why, err);
    if (!builder->directory || !builder->name)
        return -1;
    if (!builder->cached && !self->warned)
        say(self, LOG_WARNING, why);
    self->warned |= !builder->cached;
    builder->root = run_directory_subdirectory(self->run, builder->name, err);
    builder->reader = frame_reader_new();
    if (!builder->root || !builder->reader)
        return -1;
    struct worker_config config = {
        .driver = self->config->driver,
        .appliance = builder->appliance,
        .sandbox = accelerator_sandbox(self->box, builder->appliance.accel),
        .root = builder->root,
        .build_dir = builder->directory,
        .start_timeout = BOOT_TIMEOUT,
        .trace = self->config->trace,
    };
    if (worker_start(&config, &builder->worker, err) < 0)
        return -1;
    builder->running = true;
    return 0;
}

/* Ends it and waits for that: its warden has cleaned up then. */
static void end_builder(struct builder *builder)
{
    if (!builder->running)
        return;
    pid_signal(builder->worker.pid, SIGTERM);
    while (waitpid(builder->worker.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(builder->worker.orders);
    close(builder->worker.reports);
    builder->running = false;
}

static void clear_builder(struct builder *builder)
{
    end_builder(builder);
    if (builder->directory && !builder->finished)
        file_tree_remove(AT_FDCWD, builder->directory);
    frame_reader_free(builder->reader);
    free(builder->key);
    free(builder->name);
    free(builder->root);
    free(builder->directory);
    *builder = (struct builder){0};
}

static void failed(struct provisioner *self, struct builder *builder, const char *why,
                   size_t length)
{
    AUTO_ERROR error *before = STEAL(self->failure);
    error_set(&self->failure, ERROR_HOST, "%s%s%s: %.*s", before ? error_message(before) : "",
              before ? "; " : "", builder->appliance.accel, (int)length, why);
    say(self, LOG_VERBOSE, error_message(self->failure));
    end_builder(builder);
}

/* Takes what the builder has said. */
static void hear(struct provisioner *self, struct builder *builder)
{
    const void *body;
    size_t length;
    static const char lost[] = "the appliance was lost";
    int got = frame_reader_fill(builder->reader, builder->worker.reports), next;
    while ((next = frame_reader_next(builder->reader, &body, &length)) > 0) {
        report message = {0};
        if (frame_decode((xdrproc_t)xdr_report, &message, sizeof message, body, length) < 0)
            break;
        if (message.kind == REPORT_SAVED)
            builder->saved = true;
        else if (message.kind == REPORT_FAILED)
            failed(self, builder, message.report_u.failed.failed_val,
                   message.report_u.failed.failed_len);
        else if (message.kind == REPORT_LOG) {
            AUTO_FREE char *text =
                message.report_u.log.log_len
                    ? strndup(message.report_u.log.log_val, message.report_u.log.log_len)
                    : NULL;
            say(self, LOG_TRACE, text);
        }
        xdr_free((xdrproc_t)xdr_report, &message);
    }
    if (builder->running && !builder->saved &&
        (got == 0 || next < 0 || (got < 0 && got != -EAGAIN)))
        failed(self, builder, lost, strlen(lost));
}

/* With TCG out of the race, KVM gets no longer than it can need. */
static uint64_t shorten(const struct provisioner *self, uint64_t since, uint64_t deadline)
{
    uint64_t now = clock_now(), chance = LAST_CHANCE * CLOCK_SECOND;
    const struct builder *tcg = &self->builders[1];
    if (self->count < MAX_BUILDERS || tcg->running)
        return deadline;
    chance = now - since > chance ? now - since : chance;
    return now + chance < deadline ? now + chance : deadline;
}

/* Until one has saved its appliance, none is left, or a signal comes. The one that saved, or NULL.
 */
static struct builder *race(struct provisioner *self, bool *signalled)
{
    const uint64_t since = clock_now();
    uint64_t deadline = since + (BOOT_TIMEOUT + 10) * CLOCK_SECOND;
    bool shortened = false;
    for (;;) {
        struct pollfd fds[1 + MAX_BUILDERS] = {{self->signal_fd, POLLIN, 0}};
        size_t running = 0;
        for (size_t i = 0; i < self->count; i++) {
            if (self->builders[i].saved)
                return &self->builders[i];
            fds[1 + i] = (struct pollfd){-1, POLLIN, 0};
            if (self->builders[i].running) {
                fds[1 + i].fd = self->builders[i].worker.reports;
                running++;
            }
        }
        if (running == 0)
            return NULL;
        int ready = poll(fds, 1 + self->count, clock_poll_timeout(deadline));
        *signalled = ready > 0 && fds[0].revents;
        if (*signalled || ready == 0)
            return NULL;
        for (size_t i = 0; i < self->count; i++)
            if (ready > 0 && fds[1 + i].revents)
                hear(self, &self->builders[i]);
        if (self->failure && !shortened) {
            deadline = shorten(self, since, deadline);
            shortened = true;
        }
    }
}

/* Those that hang are named, too. */
static void give_up(struct provisioner *self, uint64_t since)
{
    char why[64];
    int seconds = (int)((clock_now() - since) / CLOCK_SECOND);
    int length = snprintf(why, sizeof why, "no answer within %d s", seconds);
    for (size_t i = 0; i < self->count; i++)
        if (self->builders[i].running)
            failed(self, &self->builders[i], why, (size_t)length);
}

/* --- the whole --- */

static int prepare_candidate(const struct provisioner *self, struct builder *builder,
                             const struct appliance_config *appliance, const char *accel,
                             error **err)
{
    const struct sandbox box = accelerator_sandbox(self->box, accel);
    AUTO_FREE char *host = accelerator_host(accelerator_kvm_usable(&box), "/sys/module");
    builder->appliance = *appliance;
    builder->appliance.accel = accel;
    if (!host)
        return error_no_memory(err);
    builder->key = template_key(&builder->appliance, self->config->driver, host, err);
    return builder->key ? 0 : -1;
}

/* The first `count` candidates race. Beside a KVM that has worked before, TCG is kept ready. */
static int choose_candidates(struct provisioner *self, const struct appliance_config *appliance,
                             error **err)
{
    const struct architecture *architecture = appliance->files.architecture;
    bool native = architecture_is_native(architecture);
    const char *accel = self->config->accel ? self->config->accel
                        : native            ? accelerator_known(self->box)
                                            : "tcg";
    if (!native && strcmp(accel, "kvm") == 0)
        return error_set(err, ERROR_HOST, "kvm: it does not run an appliance for %s here",
                         architecture->name);
    bool alone = self->config->accel || (accel && strcmp(accel, "tcg") == 0);
    self->count = accel ? 1 : 2;
    if (prepare_candidate(self, &self->builders[0], appliance, accel ? accel : "kvm", err) < 0)
        return -1;
    return alone ? 0 : prepare_candidate(self, &self->builders[1], appliance, "tcg", err);
}

/* An appliance that lives between commands has a copy of its own. */
static bool needs_copy(const struct provisioner *self, const struct template_builder *result)
{
    return !result->memory_read_only && !self->config->hotplug;
}

/* A QEMU that an image has taken over must not reach later runs. Where QEMU opens the file of a
 * private mapping for writing (before 8.2), it gets a copy that lasts as long as this run. That is
 * made here, and filled when the template is known to be good: workers that wait are confined to
 * it. */
static int place_memory(struct provisioner *self, struct template_builder *result, error **err)
{
    const struct hypervisor_driver *driver = self->config->driver;
    AUTO_FREE char *capabilities = template_capabilities_path(result->template_dir);
    if (!capabilities)
        return error_no_memory(err);
    result->memory_read_only = driver->maps_read_only && driver->maps_read_only(capabilities);
    free(result->memory_path);
    result->memory_path = text_format(
        "%s/ram", result->memory_read_only ? result->template_dir : run_directory_path(self->run));
    if (!result->memory_path)
        return error_no_memory(err);
    if (!needs_copy(self, result))
        return 0;
    unlink(result->memory_path); /* of a template that was no good */
    if (self->memory >= 0)
        close(steal_fd(&self->memory));
    self->memory = template_memory_make(result->memory_path, self->box, err);
    return self->memory < 0 ? -1 : 0;
}

struct search {
    struct provisioner *provisioner;
    struct template_builder *result;
};

static void forget_template(struct template_builder *result)
{
    free(STEAL(result->template_dir));
    free(STEAL(result->memory_path));
}

/* It is most likely the one: the client may get ready for it. */
static void on_glimpse(void *data, const char *directory)
{
    const struct search *search = data;
    struct template_builder *result = search->result;
    forget_template(result);
    result->template_dir = strdup(directory);
    if (!result->template_dir || place_memory(search->provisioner, result, NULL) < 0)
        forget_template(result);
    else if (result->glimpsed)
        result->glimpsed(result->data);
}

/* 1: a template is there. With two candidates the accelerator is not known: neither is looked for.
 */
static int find_ready(struct provisioner *self, struct template_builder *result)
{
    AUTO_FREE char *why = NULL;
    if (self->count != 1 || result->discarded)
        return 0;
    struct search search = {self, result};
    const struct template_watcher watcher = {on_glimpse, &search};
    AUTO_FREE char *directory = NULL;
    result->appliance.accel = self->builders[0].appliance.accel;
    int found = template_find(self->builders[0].key, &watcher, &directory, &why);
    say(self, LOG_VERBOSE, why);
    if (!found)
        forget_template(result);
    else if (!result->template_dir)
        result->template_dir = STEAL(directory);
    return found;
}

static int stage_memory(struct provisioner *self, struct template_builder *result, error **err)
{
    if (!result->memory_path && place_memory(self, result, err) < 0)
        return -1;
    return needs_copy(self, result) ? template_memory_fill(result->template_dir, self->memory, err)
                                    : 0;
}

static enum template_builder_end build(struct provisioner *self, struct template_builder *result,
                                       error **err)
{
    bool signalled = false;
    const uint64_t since = clock_now();
    AUTO_FREE char *why = NULL;
    for (size_t i = 0; i < self->count; i++) {
        if (start_builder(self, &self->builders[i], err) < 0)
            return TEMPLATE_BUILDER_FAILED;
        result->probes++;
    }
    say(self, LOG_VERBOSE,
        "starting an appliance for the first time; the next command will find it saved");
    struct builder *winner = race(self, &signalled);
    if (signalled)
        return TEMPLATE_BUILDER_SIGNALLED;
    if (!winner) {
        give_up(self, since);
        error_propagate(err, STEAL(self->failure));
        return TEMPLATE_BUILDER_FAILED;
    }
    for (size_t i = 0; i < self->count; i++)
        end_builder(&self->builders[i]);
    winner->finished = template_finish(winner->directory, winner->key, winner->cached,
                                       &result->template_dir, &why, err) == 0;
    say(self, LOG_VERBOSE, why);
    if (!winner->finished)
        return TEMPLATE_BUILDER_FAILED;
    if (self->count > 1)
        accelerator_remember(winner->appliance.accel);
    result->appliance.accel = winner->appliance.accel;
    result->booted = true;
    return TEMPLATE_BUILDER_DONE;
}

static enum template_builder_end find_or_build(struct provisioner *self,
                                               struct template_builder *result, error **err)
{
    return find_ready(self, result) ? TEMPLATE_BUILDER_DONE : build(self, result, err);
}

/* The verdict said KVM, and it does not work any more. The next run tries both again. */
static enum template_builder_end build_without_kvm(struct provisioner *self,
                                                   struct template_builder *result, error **err)
{
    say(self, LOG_VERBOSE, "KVM has worked before, and does not work now");
    accelerator_forget();
    clear_builder(&self->builders[0]);
    self->builders[0] = self->builders[1];
    self->builders[1] = (struct builder){0};
    return find_or_build(self, result, err);
}

static enum template_builder_end provide(struct provisioner *self, struct template_builder *result,
                                         error **err)
{
    if (!landlock_available())
        say(self, LOG_WARNING,
            "no Landlock here (an old kernel, or a container that refuses it): only the rights of "
            "its user and a filter of system calls hold an appliance that an image has taken over");
    if (appliance_find(self->config->appliance, self->config->hotplug, &result->files, err) < 0)
        return TEMPLATE_BUILDER_FAILED;
    result->appliance.memory_mib =
        self->config->memory_mib ? self->config->memory_mib : APPLIANCE_MEMORY_DEFAULT;
    result->appliance.hotplug = self->config->hotplug;
    result->appliance.files = result->files;
    if (choose_candidates(self, &result->appliance, err) < 0 ||
        stage(self, &result->files, err) < 0)
        return TEMPLATE_BUILDER_FAILED;
    /* The key names the originals: copies have another path each time. */
    result->appliance.files = result->files;
    for (size_t i = 0; i < MAX_BUILDERS; i++)
        self->builders[i].appliance.files = result->files;
    AUTO_ERROR error *failure = NULL;
    enum template_builder_end end = find_or_build(self, result, &failure);
    if (end == TEMPLATE_BUILDER_FAILED && self->count == 1 && self->builders[1].key)
        end = build_without_kvm(self, result, err);
    else
        error_propagate(err, STEAL(failure));
    if (end == TEMPLATE_BUILDER_DONE && stage_memory(self, result, err) < 0)
        return TEMPLATE_BUILDER_FAILED;
    return end;
}

enum template_builder_end template_builder_make(const struct supervisor_config *config,
                                                const struct supervisor_client *client,
                                                run_directory *run, const struct sandbox *box,
                                                int signal_fd, struct template_builder *result,
                                                error **err)
{
    struct provisioner self = {.config = config,
                               .client = client,
                               .run = run,
                               .box = box,
                               .signal_fd = signal_fd,
                               .memory = -1};
    *result = (struct template_builder){
        .discarded = result->discarded, .glimpsed = result->glimpsed, .data = result->data};
    enum template_builder_end end = provide(&self, result, err);
    for (size_t i = 0; i < MAX_BUILDERS; i++) {
        if (end != TEMPLATE_BUILDER_DONE && self.builders[i].key)
            template_put_back(self.builders[i].key);
        clear_builder(&self.builders[i]);
    }
    error_free(self.failure);
    if (self.memory >= 0)
        close(self.memory);
    if (end != TEMPLATE_BUILDER_DONE)
        template_builder_clear(result);
    return end;
}

void template_builder_clear(struct template_builder *provision)
{
    appliance_files_clear(&provision->files);
    free(provision->template_dir);
    free(provision->memory_path);
    *provision = (struct template_builder){0};
}

void template_builder_discard(struct template_builder *provision)
{
    template_discard(provision->template_dir);
    if (!provision->memory_read_only)
        unlink(provision->memory_path);
    accelerator_forget();
    template_builder_clear(provision);
    provision->discarded = true;
}
