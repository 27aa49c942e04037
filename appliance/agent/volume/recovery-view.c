/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recovery-view.h"
#include "agent/mount/btrfs.h"
#include "agent/mount/filesystem-state.h"
#include "base/clock.h"
#include "cow-overlay.h"
#include "journal-copy.h"
#include "replay-size.h"
#include "volume-stack.h"
#include <inttypes.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

/* How often "corrupt" is asked again, and of which mounts: one that takes long is no torn read that
 * is gone the next time, and the guest's time is limited. A mount in which a journal is replayed
 * takes 0.1 s, on a crowded host ten times that. */
#define TRIES 4
#define TRY_TIME (3 * CLOCK_SECOND)

/* One volume that is mounted. */
struct job {
    volume_table *all;
    volume_stack *made; /* NULL: there are no views (on a host) */
    struct content *what;
    const struct mount_type *how;
    const char *options;
    const struct mount_ops *measuring; /* one of the two */
    const struct mount_visitor *visitor;
    const struct detached_mounts_ops *grafting;
    int mounted; /* grafting: what came of it, or -1 */
};

static void attempt(struct job *self, const char *node, enum mount_journal journal,
                    const char *options, struct mount_outcome *outcome)
{
    self->what->touched = true;
    if (self->grafting)
        self->mounted = self->grafting->mount(node, self->how, journal, options, outcome);
    else {
        struct mount_visitor visitor = *self->visitor;
        visitor.leave = visitor.leave && node == self->what->node; /* a view has to be taken away */
        self->measuring->measure(node, self->how, journal, options, &visitor, outcome);
    }
}

static void fail(struct job *self, struct mount_outcome *outcome, enum status status,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* It is not mounted, whatever it said itself. */
static void fail(struct job *self, struct mount_outcome *outcome, enum status status,
                 const char *format, ...)
{
    va_list arguments;
    if (self->mounted >= 0)
        close(steal_fd(&self->mounted));
    outcome->mounted = outcome->must_replay = false;
    outcome->status = status;
    va_start(arguments, format);
    vsnprintf(outcome->message, sizeof outcome->message, format, arguments);
    va_end(arguments);
}

/* Whether the same may end otherwise in a moment. What was read of the disk is forgotten. */
static bool again(const struct job *self, unsigned tries, uint64_t since,
                  const struct mount_outcome *outcome)
{
    if (outcome->mounted || outcome->must_replay || outcome->status != STATUS_CORRUPT ||
        tries >= TRIES || clock_now() - since > TRY_TIME)
        return false;
    ioctl(self->what->fd, BLKFLSBUF, 0);
    return true;
}

/* ---- what may take as long as the image wants ---- */

/* Whether the driver may look at the journal, or replay it. What has come to an end before, `done`,
 * will again. */
static bool begin(struct job *self, const bool *done)
{
    if (!*done && !self->what->late)
        self->what->late = !volume_table_begin_replay(self->all);
    return *done || !self->what->late;
}

static void end(struct job *self, bool *done)
{
    if (!*done)
        volume_table_end_replay(self->all);
    *done = true;
}

/* ---- what the filesystem has besides the volume ---- */

/* The other volumes of a btrfs; the journal's of an ext3 or ext4; the log's of an xfs, and its
 * realtime volume. NULL: no more. */
static struct content *next_companion(const struct job *self, size_t *index)
{
    const char *journal = self->what->journal;
    bool ext = strncmp(self->what->fstype, "ext", 3) == 0;
    if (ext && !*journal)
        return NULL;
    while (*index < volume_table_count(self->all)) {
        struct content *other = volume_table_at(self->all, (*index)++);
        if (ext ? strcmp(other->fstype, "jbd") == 0 && strcmp(other->uuid, journal) == 0
                : other->leader && volume_table_at(self->all, other->leader - 1) == self->what)
            return other;
    }
    return NULL;
}

static size_t count_companions(const struct job *self)
{
    size_t count = 0, index = 0;
    while (next_companion(self, &index))
        count++;
    return count;
}

/* Those of the guest that a btrfs may have begun with. They are only read. */
static void introduce_seeds(const struct job *self)
{
    for (size_t i = 0; i < volume_table_count(self->all); i++) {
        struct content *other = volume_table_at(self->all, i);
        if (other == self->what || other->fd < 0 || strcmp(other->fstype, "btrfs") != 0 ||
            strcmp(other->uuid, self->what->uuid) == 0 || !filesystem_state_is_seed(other->fd))
            continue;
        other->touched = true; /* it is to be forgotten */
        btrfs_introduce(other->node);
    }
}

/* The kernel has to know all volumes of a btrfs before it mounts one. */
static void introduce(const struct job *self, bool views)
{
    size_t index = 0;
    if (strcmp(self->what->fstype, "btrfs") != 0)
        return;
    introduce_seeds(self);
    if (count_companions(self) == 0)
        return;
    for (struct content *one = self->what; one; one = next_companion(self, &index))
        btrfs_introduce(views ? one->overlay : one->node);
}

static void close_view(const struct job *self, struct content *one)
{
    if (!one->overlay)
        return;
    if (strcmp(one->fstype, "btrfs") == 0)
        btrfs_forget(one->overlay);
    volume_stack_drop_overlay(self->made, one);
}

/* The last that was made first: its memory is the next one's. */
static void close_views(const struct job *self)
{
    struct content *list[MAX_VOLUMES];
    size_t count = 0, index = 0;
    for (struct content *one = self->what; one; one = next_companion(self, &index))
        list[count++] = one;
    while (count > 0)
        close_view(self, list[--count]);
}

static int open_views(const struct job *self, uint64_t room)
{
    size_t index = 0;
    int result = 0;
    for (struct content *one = self->what; one && result == 0; one = next_companion(self, &index))
        result = volume_stack_overlay(self->made, one, room, COW_OVERLAY_WRITTEN);
    return result;
}

static bool views_are_full(const struct job *self)
{
    size_t index = 0;
    for (struct content *one = self->what; one; one = next_companion(self, &index))
        if (cow_overlay_used(one->overlay_first) == UINT64_MAX)
            return true;
    return false;
}

/* ---- on views ---- */

/* Whether it can only be mounted with the others, which the kernel opens for writing. */
static bool is_in_parts(const struct job *self)
{
    return strcmp(self->what->fstype, "xfs") == 0 && count_companions(self) > 0;
}

/* The options that name the others of an xfs. */
static void add_xfs_parts(const struct job *self, char *options, size_t size)
{
    size_t index = 0, length = strlen(options);
    const struct content *part;
    while ((part = next_companion(self, &index)) && length < size)
        length += (size_t)snprintf(
            options + length, size - length, "%s%s=%s", length > 0 ? "," : "",
            strcmp(part->fstype, "xfs_realtime") == 0 ? "rtdev" : "logdev", part->overlay);
}

static void attempt_on_view(struct job *self, enum mount_journal journal,
                            struct mount_outcome *outcome)
{
    char options[MAX_MOUNT_OPTIONS + 256];
    size_t index = 0;
    const struct content *log = NULL;
    if (*self->what->journal && !(log = next_companion(self, &index))) {
        fail(self, outcome, STATUS_UNSUPPORTED, "its journal is on none of the guest's disks");
        return;
    }
    snprintf(options, sizeof options, "%s%s%s%s", self->options, log && *self->options ? "," : "",
             log ? "journal_path=" : "", log ? log->overlay : "");
    if (is_in_parts(self))
        add_xfs_parts(self, options, sizeof options);
    introduce(self, true);
    attempt(self, self->what->overlay, journal, options, outcome);
}

/* What each view may take of the memory that there is. */
static uint64_t room_for_each(const struct job *self)
{
    return volume_stack_room(self->made) / (1 + count_companions(self)) >> 20 << 20;
}

static void fail_for_room(struct job *self, uint64_t room, struct mount_outcome *outcome)
{
    fail(self, outcome, STATUS_UNSUPPORTED,
         "that takes more than the %" PRIu64 " MiB of memory that there are for it: a larger "
         "--memsize gives more",
         room >> 20);
}

/* One attempt in views of that size; whether they were too small. */
static bool try_room(struct job *self, uint64_t room, enum mount_journal journal,
                     struct mount_outcome *outcome)
{
    int result = room == 0 ? -ENOMEM : open_views(self, room);
    if (result < 0) {
        fail(self, outcome, result == -ENOMEM ? STATUS_UNSUPPORTED : STATUS_CORRUPT,
             "a writable view of it: %s", strerror(-result));
        return false;
    }
    if (journal != MOUNT_AS_IS && strncmp(self->what->fstype, "ext", 3) == 0)
        journal_copy_ahead(self->what->fd, self->what->size, self->what->overlay);
    attempt_on_view(self, journal, outcome);
    if (!views_are_full(self))
        return false;
    fail_for_room(self, room, outcome);
    return true;
}

/* What replay-size.h says; 0: nothing. */
static uint64_t expected_size(const struct job *self)
{
    if (strncmp(self->what->fstype, "ext", 3) != 0 || *self->what->journal)
        return 0;
    return replay_size_read(self->what->fd, self->what->size, COW_OVERLAY_RAM);
}

/* Whether an xfs may have more to replay than a view has at first: only the driver knows how much.
 */
static bool has_large_log(const struct job *self)
{
    struct filesystem_xfs xfs;
    return strcmp(self->what->fstype, "xfs") == 0 && filesystem_state_xfs(self->what->fd, &xfs) &&
           !xfs.external_log && xfs.log > COW_OVERLAY_RAM;
}

/* How large the views are at first; 0: it cannot be replayed in any, which is said. */
static uint64_t first_room(struct job *self, uint64_t all, enum mount_journal journal,
                           struct mount_outcome *outcome)
{
    uint64_t expected = journal == MOUNT_AS_IS ? 0 : expected_size(self);
    if (expected == REPLAY_SIZE_ENDLESS) {
        fail(self, outcome, STATUS_CORRUPT, "its log leads round in a circle");
        return 0;
    }
    if (expected > all && volume_table_lacks_memory(self->all)) {
        fail_for_room(self, all, outcome);
        return 0;
    }
    if (expected > COW_OVERLAY_RAM || (journal != MOUNT_AS_IS && has_large_log(self)))
        return all;
    return all < COW_OVERLAY_RAM ? all : COW_OVERLAY_RAM;
}

/* In views that stay where it is mounted, and only there. */
static void mount_on_view(struct job *self, enum mount_journal journal,
                          struct mount_outcome *outcome)
{
    uint64_t all = room_for_each(self), since, room = first_room(self, all, journal, outcome);
    if (room == 0 && all > 0)
        return;
    for (unsigned tries = 1;; tries++) {
        since = clock_now();
        bool full = try_room(self, room, journal, outcome);
        if (outcome->mounted)
            return;
        close_views(self);
        if (full && room < all)
            room = all;
        else if (full && volume_table_lacks_memory(self->all))
            return;
        else if (!again(self, tries, since, outcome))
            return;
    }
}

/* ---- without ---- */

static void mount_as_is(struct job *self, enum mount_journal journal, struct mount_outcome *outcome)
{
    uint64_t since;
    unsigned tries = 0;
    introduce(self, false);
    do {
        since = clock_now();
        attempt(self, self->what->node, journal, self->options, outcome);
    } while (again(self, ++tries, since, outcome));
}

/* ---- */

#define WITHOUT_JOURNAL "its journal cannot be replayed, so it was read without"

static void say_without(struct mount_outcome *outcome, enum status status, const char *what,
                        const char *why)
{
    outcome->status = status;
    snprintf(outcome->message, sizeof outcome->message, "%s: %.*s", what,
             (int)sizeof outcome->message - 80, why);
}

/* Reads without recovery what could not be recovered, and says both. */
static void fall_back(struct job *self, bool journal, struct mount_outcome *outcome)
{
    const struct mount_outcome failed = *outcome;
    if (volume_table_needs(self->all) != NEED_NOTHING)
        return; /* it is mounted elsewhere */
    mount_as_is(self, MOUNT_AS_IS, outcome);
    if (!outcome->mounted)
        return;
    self->what->as_is = true; /* the next time, too */
    /* What took too much memory took it of the journal. */
    say_without(outcome, failed.status == STATUS_CRASHED ? STATUS_UNSUPPORTED : failed.status,
                journal ? WITHOUT_JOURNAL : "it was read where it cannot be written",
                failed.message);
}

/* Where the driver would not mount what it has only looked at, it may have been the journal. */
static void read_without(struct job *self, struct mount_outcome *outcome)
{
    if (outcome->mounted || outcome->must_replay)
        return;
    fall_back(self, true, outcome);
    if (outcome->mounted)
        outcome->recovered = RECOVERY_LEFT;
}

/* Whether the journal has to be replayed; *outcome where that was found out by mounting. */
static bool needs_replay(struct job *self, enum filesystem_state state,
                         struct mount_outcome *outcome)
{
    bool journal = state == FILESYSTEM_JOURNAL || state == FILESYSTEM_FAST_COMMITS;
    if (journal || self->how->writable || is_in_parts(self))
        return journal;
    bool looks = state == FILESYSTEM_UNKNOWN && self->how->no_replay && self->made;
    if (looks && (self->what->as_is || !begin(self, &self->what->looked)))
        return true; /* it may have to be */
    mount_as_is(self, state == FILESYSTEM_UNKNOWN ? MOUNT_REPLAY : MOUNT_AS_IS, outcome);
    if (looks) {
        end(self, &self->what->looked);
        read_without(self, outcome);
    }
    return outcome->must_replay;
}

/* A journal that is left alone needs no view, but where the figures need one. */
static void mount_journaled(struct job *self, bool journal, enum mount_journal replay,
                            struct mount_outcome *outcome)
{
    bool parts = is_in_parts(self), logged = journal || parts;
    bool may = self->made && !volume_table_reads_as_is(self->all) && !self->what->as_is;
    bool replays = may && logged && begin(self, &self->what->replayed);
    bool as_is = !may || (logged && !replays);
    bool on_view = self->made && !self->what->as_is && (self->how->writable || parts || !as_is);
    enum mount_journal mode = logged && as_is ? MOUNT_AS_IS : replay;
    if (on_view)
        mount_on_view(self, mode, outcome);
    if (replays)
        end(self, &self->what->replayed);
    bool replayed = journal && outcome->mounted && mode != MOUNT_AS_IS;
    if (!on_view)
        mount_as_is(self, MOUNT_AS_IS, outcome);
    else if (!outcome->mounted)
        fall_back(self, mode != MOUNT_AS_IS && journal, outcome);
    if (journal || self->what->late)
        outcome->recovered = replayed ? RECOVERY_DONE : RECOVERY_LEFT;
    if (self->what->late && outcome->mounted && outcome->status == STATUS_OK)
        say_without(outcome, STATUS_TIMEOUT, WITHOUT_JOURNAL,
                    "replaying the guest's journals takes longer than it has time (--timeout)");
}

static void run(struct job *self, struct mount_outcome *outcome)
{
    memset(outcome, 0, offsetof(struct mount_outcome, message) + 1);
    enum filesystem_state state = filesystem_state_read(self->how->type, self->what->fd);
    enum mount_journal replay = state == FILESYSTEM_FAST_COMMITS ? MOUNT_WRITABLE : MOUNT_REPLAY;
    if (self->what->overlay) { /* it is mounted there already */
        bool as_is = volume_table_reads_as_is(self->all) || self->what->late;
        attempt_on_view(self, as_is ? MOUNT_AS_IS : replay, outcome);
        return;
    }
    bool journal = needs_replay(self, state, outcome);
    if (journal || self->how->writable || is_in_parts(self))
        mount_journaled(self, journal, replay, outcome);
    outcome->clean = !journal && outcome->recovered != RECOVERY_LEFT && state != FILESYSTEM_UNCLEAN;
}

void recovery_view_measure(volume_table *all, struct content *what, const struct mount_type *how,
                           const struct mount_ops *ops, const struct mount_visitor *visitor,
                           struct mount_outcome *outcome)
{
    struct job self = {.all = all,
                       .made = volume_table_stack(all),
                       .what = what,
                       .how = how,
                       .options = "",
                       .measuring = ops,
                       .visitor = visitor,
                       .mounted = -1};
    run(&self, outcome);
    close_views(&self);
}

int recovery_view_graft(volume_table *all, struct content *what, const struct mount_type *how,
                        const char *options, const struct detached_mounts_ops *ops,
                        struct mount_outcome *outcome)
{
    struct job self = {.all = all,
                       .made = volume_table_stack(all),
                       .what = what,
                       .how = how,
                       .options = options,
                       .grafting = ops,
                       .mounted = -1};
    run(&self, outcome);
    return self.mounted;
}
