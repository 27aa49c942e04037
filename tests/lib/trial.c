/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trial.h"
#include "wire/status.h"

#include "base/clock.h"
#include "base/file-tree.h"
#include "scan/listing-reader.h"
#include "scan/question-df.h"
#include "scan/question-ls.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define IMAGE_BYTES 512
#define PATIENCE_MS 120000

/* --- the guests --- */

const char *trial_image(struct trial *self, unsigned guest, const char *below)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/images/%s%s%u", self->directory, below ? below : "",
             below ? "/" : "", guest);
    return path;
}

static void make_image(const char *path, unsigned guest)
{
    char bytes[IMAGE_BYTES] = "";
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    snprintf(bytes, sizeof bytes, "%u\n", guest);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
}

unsigned trial_count(const struct trial *self)
{
    return (unsigned)guest_list_total(self->guests);
}

void trial_guest(struct trial *self, const char *path)
{
    struct guest *guest = guest_new(0);
    assert_non_null(guest);
    assert_int_equal(guest_add_image(guest, path, strlen(path), IMAGE_RAW, 0, NULL), 0);
    assert_int_equal(guest_list_add(self->guests, guest, NULL), 0);
}

void trial_remote_guest(struct trial *self, const char *socket, unsigned number)
{
    char uri[256];
    snprintf(uri, sizeof uri, "nbd+unix:///%u?socket=%s", number, socket);
    trial_guest(self, uri);
}

void trial_guests_in(struct trial *self, unsigned count, const char *below)
{
    char directory[128];
    snprintf(directory, sizeof directory, "%s/images/%s", self->directory, below ? below : "");
    mkdir(directory, 0755);
    for (unsigned i = 0; i < count; i++) {
        unsigned number = trial_count(self);
        const char *path = trial_image(self, number, below);
        make_image(path, number);
        trial_guest(self, path);
    }
}

void trial_guests(struct trial *self, unsigned count)
{
    trial_guests_in(self, count, NULL);
}

void trial_big_guest(struct trial *self, unsigned images)
{
    unsigned number = trial_count(self);
    const char *path = trial_image(self, number, NULL);
    struct guest *guest = guest_new(0);
    assert_non_null(guest);
    make_image(path, number);
    for (unsigned i = 0; i < images; i++)
        assert_int_equal(guest_add_image(guest, path, strlen(path), IMAGE_RAW, 0, NULL), 0);
    assert_int_equal(guest_list_add(self->guests, guest, NULL), 0);
}

/* --- the client --- */

static void copy_text(char *to, size_t size, const char *bytes, size_t length)
{
    snprintf(to, size, "%.*s", (int)length, length ? bytes : "");
}

/* The names are those of fake-lister.h. */
void trial_read_listing(struct trial_answer *seen, const struct question_answer *answer)
{
    const struct question_ls_result result = question_ls_result(answer);
    struct listing_reader reader;
    listing_item item;
    int got;
    seen->ordered = true;
    listing_read(&reader, result.listing);
    while ((got = listing_next(&reader, &item, NULL)) > 0) {
        uintmax_t guest = 0;
        unsigned number = 0;
        if (item.kind == LISTING_ENTRY) {
            seen->ordered &=
                sscanf(item.listing_item_u.entry.path.path_val, "g%ju-e%u", &guest, &number) == 2 &&
                guest == seen->guest && number == seen->entries;
            seen->entries++;
        }
        listing_item_clear(&item);
    }
    seen->ordered &= got == 0;
    copy_text(seen->notes, sizeof seen->notes, result.notes, result.notes_length);
}

void trial_read_volumes(struct trial_answer *seen, const struct question_answer *answer)
{
    const scan_ret result = question_df_result(answer);
    seen->volumes = result.volumes.volumes_len;
    if (seen->volumes > 0)
        copy_text(seen->label, sizeof seen->label, result.volumes.volumes_val[0].label.label_val,
                  result.volumes.volumes_val[0].label.label_len);
}

/* The lowest free descriptor is beyond the limit then. */
static void starve(bool begin)
{
    static struct rlimit before;
    struct rlimit none;
    if (begin) {
        int lowest = dup(STDERR_FILENO);
        getrlimit(RLIMIT_NOFILE, &before);
        none = (struct rlimit){(rlim_t)lowest, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
        close(lowest);
    } else {
        setrlimit(RLIMIT_NOFILE, &before);
    }
}

static int on_answer(void *data, const struct guest_answer *answer, error **err)
{
    struct trial *self = data;
    unsigned index = atomic_fetch_add(&self->answer_count, 1);
    if (self->stop_at && index + 1 >= self->stop_at)
        return error_set(err, ERROR_APPLIANCE, "the client wants no more");
    if (self->signal_at && index + 1 == self->signal_at)
        kill(getpid(), SIGTERM);
    if (self->starved && (index == 0 || index == 5))
        starve(index == 0);
    if (index == 0 && self->slow)
        usleep(self->slow);
    int failed = answer->answer->status != STATUS_OK;
    if (index >= TRIAL_ANSWERS)
        return failed;
    struct trial_answer *seen = &self->answers[index];
    seen->guest = answer->guest->number;
    seen->status = answer->answer->status;
    seen->elapsed = answer->elapsed;
    copy_text(seen->message, sizeof seen->message, answer->answer->message,
              answer->answer->message_length);
    self->read(seen, answer->answer);
    return failed;
}

static void on_log(void *data, enum supervisor_log level, const char *text)
{
    struct trial *self = data;
    size_t length = strlen(self->verbose);
    if (level == LOG_VERBOSE)
        snprintf(self->verbose + length, sizeof self->verbose - length, "%s\n", text);
    snprintf(self->log, sizeof self->log, "%s", text);
}

/* --- the run --- */

static size_t resident_at_most(void)
{
    char line[256];
    size_t kib = 0;
    AUTO_FILE FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %zu", &kib) == 1)
            break;
    return kib;
}

static uint64_t processor_used(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* Of that, without what the kernel did. */
static uint64_t user_time_used(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (uint64_t)used.ru_utime.tv_sec * 1000000000 + (uint64_t)used.ru_utime.tv_usec * 1000;
}

static _Noreturn void run(struct trial *self)
{
    AUTO_ERROR error *err = NULL;
    char temporary[128];
    snprintf(temporary, sizeof temporary, "%s/tmp", self->directory);
    setenv("TMPDIR", temporary, 1);
    unsetenv("XDG_RUNTIME_DIR");
    struct supervisor_client client = {.data = self, .answer = on_answer, .log = on_log};
    self->end =
        supervisor_run(&self->config, self->guests, &client, &self->stats, &self->signal, &err);
    self->memory = resident_at_most();
    self->processor = processor_used();
    self->user_time = user_time_used();
    if (err)
        snprintf(self->error, sizeof self->error, "%s", error_message(err));
    error_free(STEAL(err));
    guest_list_free(self->guests); /* this process's copy */
    self->ended = true;
    exit(0); /* so that a sanitizer looks for leaks */
}

void trial_start(struct trial *self)
{
    pid_t pid = fork();
    if (pid == 0)
        run(self);
    assert_true(pid > 0);
    self->pid = pid; /* not in the child: the memory is shared */
}

void trial_wait(struct trial *self)
{
    int status = 0;
    assert_true(self->pid > 0);
    AUTO_FD int fd = (int)syscall(SYS_pidfd_open, self->pid, 0);
    struct pollfd ended = {fd, POLLIN, 0};
    assert_true(fd >= 0);
    int got = poll(&ended, 1, self->patience ? self->patience : PATIENCE_MS);
    if (got != 1)
        kill(self->pid, SIGKILL);
    waitpid(self->pid, &status, 0);
    self->pid = 0;
    if (got != 1)
        fail_msg("the supervisor hung %s after %u answers; last log: %s",
                 self->ended ? "at its exit" : "at work", self->answer_count, self->log);
    if (self->ended)
        assert_int_equal(status, 0); /* a sanitizer's verdict */
}

void trial_run(struct trial *self)
{
    trial_start(self);
    trial_wait(self);
    assert_true(self->ended);
}

/* --- what came of it --- */

void trial_assert_complete(const struct trial *self)
{
    if (self->end != SUPERVISOR_DONE)
        fail_msg("the run ended with %d: %s", (int)self->end, self->error);
    assert_int_equal(self->answer_count, trial_count(self));
    for (unsigned i = 0; i < self->answer_count; i++)
        assert_int_equal(self->answers[i].guest, i);
    assert_int_equal(atomic_load(&fake_script->mistakes), 0);
}

void trial_assert_all_ok(const struct trial *self, bool (*but)(unsigned guest))
{
    trial_assert_complete(self);
    for (unsigned i = 0; i < self->answer_count; i++) {
        const struct trial_answer *answer = &self->answers[i];
        if (but && but(i))
            continue;
        if (answer->status != STATUS_OK)
            fail_msg("guest %u: %s: %s", i, status_name(answer->status), answer->message);
        assert_true(answer->volumes > 0);
    }
}

static unsigned record_count(void)
{
    unsigned count = atomic_load(&fake_script->record_count);
    return count < FAKE_RECORDS ? count : FAKE_RECORDS;
}

unsigned trial_appliances(void)
{
    unsigned count = 0;
    for (unsigned i = 0, j; i < record_count(); i++) {
        for (j = 0; j < i; j++)
            if (fake_script->records[j].appliance == fake_script->records[i].appliance)
                break;
        count += j == i;
    }
    return count;
}

bool trial_shared(unsigned a, unsigned b)
{
    const struct fake_record *records = fake_script->records;
    for (unsigned i = 0; i < record_count(); i++)
        for (unsigned j = 0; j < record_count() && records[i].guest == a; j++)
            if (records[j].guest == b && records[i].appliance == records[j].appliance)
                return true;
    return false;
}

size_t trial_children(pid_t parent, const char *name, pid_t *pids, size_t room)
{
    char path[64], comm[32];
    size_t count = 0;
    int pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    AUTO_FILE FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%d", &pid) == 1) {
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        AUTO_FILE FILE *name_file = fopen(path, "re");
        comm[0] = 0;
        if (!name_file || !fgets(comm, sizeof comm, name_file))
            continue;
        comm[strcspn(comm, "\n")] = 0;
        if (name && strcmp(name, comm) != 0)
            continue;
        if (count < room)
            pids[count] = pid;
        count++;
    }
    return count;
}

/* --- the fixture --- */

int trial_set_up(void **state)
{
    char path[128];
    struct trial *self =
        mmap(NULL, sizeof *self, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (self == MAP_FAILED)
        return -1;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a run leaves behind comes to us */
    fake_script = fake_script_new();
    self->guests = guest_list_new();
    self->config = (struct supervisor_config){
        .isolation = ISOLATE_OWNER,
        .wave = SLOT_COUNT,
        .parallel = 1,
        .driver = &fake_hypervisor_driver,
        .question = {&question_df, NULL},
    };
    self->read = trial_read_volumes;
    strcpy(self->directory, "/tmp/vlt-trial.XXXXXX");
    *state = self;
    if (!fake_script || !self->guests || !mkdtemp(self->directory))
        return -1;
    chmod(self->directory, 0755);
    snprintf(path, sizeof path, "%s/images", self->directory);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/tmp", self->directory);
    return mkdir(path, 0755);
}

/* Whether all that the run started has ended, also what it had to leave to others. */
static bool nothing_left_running(void)
{
    uint64_t deadline = clock_now() + 30 * CLOCK_SECOND;
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0)
            return true;
        if (pid == 0 && clock_now() > deadline)
            return false;
        if (pid == 0)
            usleep(1000);
    }
}

static void kill_what_is_left(void)
{
    pid_t pids[64];
    size_t count = trial_children(getpid(), NULL, pids, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        kill(pids[i], SIGKILL);
}

/* Whether the temporary directory is empty; not asked where the supervisor itself was killed. */
static bool nothing_left_lying(const struct trial *self)
{
    char path[128];
    snprintf(path, sizeof path, "%s/tmp", self->directory);
    return !self->ended || rmdir(path) == 0;
}

int trial_tear_down(void **state)
{
    struct trial *self = *state;
    bool quiet = nothing_left_running(), clean = nothing_left_lying(self);
    if (!quiet) {
        print_error("processes were left running\n");
        kill_what_is_left();
        nothing_left_running();
    }
    if (!clean)
        print_error("files were left in %s/tmp\n", self->directory);
    file_tree_remove(AT_FDCWD, self->directory);
    guest_list_free(self->guests);
    fake_script_free(fake_script);
    munmap(self, sizeof *self);
    return quiet && clean ? 0 : -1;
}
