/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-queue.h"

#include <string.h>

/* How often a guest may be in a worker that is killed before it has answered for any guest. After
 * that the guest is taken for the cause. */
#define MAX_EXCUSES 3

struct guest_queue {
    enum isolation isolation;
    uint64_t last_quarantine;
    size_t first, count;     /* a ring */
    size_t hint;             /* no guest before this one, counted from the first, waits */
    uint64_t names, answers; /* bytes */
    unsigned waiting;
    unsigned far;         /* guests of that kind */
    unsigned large;       /* … with MEMORY_LARGE */
    unsigned connections; /* … that have some */
    struct entry entries[GUEST_QUEUE_WINDOW];
};

guest_queue *guest_queue_new(enum isolation isolation)
{
    guest_queue *self = calloc(1, sizeof *self);
    if (self)
        self->isolation = isolation;
    return self;
}

static struct entry *at(const guest_queue *self, size_t index)
{
    return (struct entry *)&self->entries[(self->first + index) % GUEST_QUEUE_WINDOW];
}

/* Whatever was left of them goes. */
static void disconnect(guest_queue *self, struct entry *entry)
{
    self->connections -= entry->connections != NULL;
    remote_free(STEAL(entry->connections));
}

static uint64_t bytes_of_names(const struct guest *guest)
{
    uint64_t bytes = guest->name ? strlen(guest->name) : 0;
    for (size_t i = 0; i < guest->image_count; i++)
        bytes += sizeof guest->images[i] + strlen(guest->images[i].path);
    return bytes;
}

static void clear(guest_queue *self, struct entry *entry)
{
    disconnect(self, entry);
    self->names -= bytes_of_names(entry->guest);
    self->answers -= entry->bytes;
    self->far -= entry->far;
    self->large -= entry->memory == MEMORY_LARGE;
    question_answer_clear(&entry->answer);
    guest_free(entry->guest);
    free(entry->directory);
    *entry = (struct entry){0};
}

void guest_queue_free(guest_queue *self)
{
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        clear(self, at(self, i));
    free(self);
}

bool guest_queue_full(const guest_queue *self)
{
    return self->count == GUEST_QUEUE_WINDOW ||
           (self->count > 0 && self->names + self->answers > GUEST_QUEUE_BYTES);
}

bool guest_queue_empty(const guest_queue *self)
{
    return self->count == 0;
}

unsigned guest_queue_waiting(const guest_queue *self)
{
    return self->waiting;
}

struct entry *guest_queue_add(guest_queue *self, struct guest *guest)
{
    if (guest_queue_full(self)) {
        guest_free(guest);
        return NULL;
    }
    struct entry *entry = at(self, self->count++);
    bool far = guest_is_far(guest);
    *entry = (struct entry){.guest = guest, .state = far ? ENTRY_FAR : ENTRY_WAITING, .far = far};
    self->names += bytes_of_names(guest);
    self->waiting += !far;
    self->far += far;
    return entry;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
}

int guest_queue_set_owner(struct entry *entry, size_t index, uid_t uid, gid_t gid)
{
    AUTO_FREE char *directory = directory_of(entry->guest->images[index].path);
    if (!directory)
        return -1;
    if (index == 0) {
        entry->uid = uid;
        entry->gid = gid;
        entry->directory = STEAL(directory);
    } else {
        entry->mixed |= entry->uid != uid || entry->gid != gid;
        entry->scattered |= !entry->directory || strcmp(entry->directory, directory) != 0;
    }
    return 0;
}

static bool trust_each_other(const guest_queue *self, const struct entry *a, const struct entry *b)
{
    bool same_owner = !a->mixed && !b->mixed && a->uid == b->uid && a->gid == b->gid;
    switch (self->isolation) {
    case ISOLATE_NONE:
        return true;
    case ISOLATE_OWNER:
        return same_owner;
    case ISOLATE_DIRECTORY:
        return same_owner && !a->scattered && !b->scattered && a->directory && b->directory &&
               strcmp(a->directory, b->directory) == 0;
    case ISOLATE_GUEST:
        return false;
    }
    return false;
}

bool guest_queue_may_share(const guest_queue *self, const struct entry *a, const struct entry *b)
{
    return a == b || (!a->far && !b->far && !a->sealed && !b->sealed && !a->alone && !b->alone &&
                      a->quarantine == b->quarantine && trust_each_other(self, a, b));
}

bool guest_queue_held_up(const guest_queue *self)
{
    return self->answers > GUEST_QUEUE_BYTES;
}

static struct entry *find_next(guest_queue *self, const struct entry *like, unsigned disks,
                               bool large)
{
    size_t end = guest_queue_held_up(self) ? 1 : self->count;
    while (self->hint < self->count && at(self, self->hint)->state != ENTRY_WAITING)
        self->hint++;
    for (size_t i = self->hint; i < end; i++) {
        struct entry *entry = at(self, i);
        if (entry->state == ENTRY_WAITING && entry->guest->image_count <= disks &&
            (entry->memory == MEMORY_LARGE) == large &&
            (!like || guest_queue_may_share(self, like, entry)))
            return entry;
    }
    return NULL;
}

struct entry *guest_queue_next(guest_queue *self, const struct entry *like, unsigned disks)
{
    return find_next(self, like, disks, false);
}

struct entry *guest_queue_next_large(guest_queue *self)
{
    return self->large > 0 ? find_next(self, NULL, SLOT_COUNT, true) : NULL;
}

unsigned guest_queue_waiting_large(const guest_queue *self)
{
    unsigned count = 0;
    for (size_t i = self->hint; self->large > 0 && i < self->count; i++)
        count += at(self, i)->memory == MEMORY_LARGE && at(self, i)->state == ENTRY_WAITING;
    return count;
}

bool guest_queue_one_by_one(const struct entry *like)
{
    return like->quarantine != 0;
}

void guest_queue_take(guest_queue *self, struct entry *entry)
{
    entry->state = ENTRY_TAKEN;
    self->waiting--;
}

struct entry *guest_queue_find(const guest_queue *self, enum entry_state state,
                               const struct entry *after)
{
    bool behind = after == NULL;
    /* Most runs have none of these, and ask for them all the time. */
    if ((state == ENTRY_FAR || state == ENTRY_OPENING) && self->far == 0)
        return NULL;
    for (size_t i = 0; i < self->count; i++) {
        struct entry *entry = at(self, i);
        if (behind && entry->state == state)
            return entry;
        behind = behind || entry == after;
    }
    return NULL;
}

static bool has_backup(const guest_queue *self, const struct guest *guest)
{
    unsigned left = guest->live ? self->connections : 0;
    for (size_t i = 0; left > 0 && i < self->count; i++) {
        const struct entry *other = at(self, i);
        if (!other->connections)
            continue;
        left--;
        if (other->guest->live && strcmp(other->guest->uuid, guest->uuid) == 0)
            return true;
    }
    return false;
}

struct entry *guest_queue_next_far(const guest_queue *self)
{
    for (size_t i = 0; self->far > 0 && i < self->count; i++) {
        struct entry *entry = at(self, i);
        if (entry->state == ENTRY_FAR && !has_backup(self, entry->guest))
            return entry;
    }
    return NULL;
}

bool guest_queue_is_first(const guest_queue *self, const struct entry *entry)
{
    return entry == at(self, 0);
}

void guest_queue_open(guest_queue *self, struct entry *entry, remote *connections)
{
    entry->state = ENTRY_OPENING;
    entry->connections = connections;
    self->connections++;
}

void guest_queue_opened(guest_queue *self, struct entry *entry)
{
    entry->state = ENTRY_WAITING;
    entry->connecting = remote_took(entry->connections);
    self->waiting++;
    self->hint = 0;
}

void guest_queue_unpack(guest_queue *self, struct entry *entry)
{
    self->waiting -= entry->state == ENTRY_WAITING;
    self->far += !entry->far;
    disconnect(self, entry); /* what was found out after it was connected to */
    entry->far = true;
    entry->state = ENTRY_FAR;
}

unsigned guest_queue_connections(const guest_queue *self)
{
    return self->connections;
}

bool guest_queue_owns(const guest_queue *self, pid_t pid)
{
    for (size_t i = 0; self->connections > 0 && i < self->count; i++)
        if (at(self, i)->connections && remote_pid(at(self, i)->connections) == pid)
            return true;
    return false;
}

void guest_queue_answer(guest_queue *self, struct entry *entry, uint64_t elapsed)
{
    self->waiting -= entry->state == ENTRY_WAITING;
    disconnect(self, entry);
    entry->state = ENTRY_ANSWERED;
    entry->elapsed = elapsed;
    entry->bytes = entry->answer.bytes + entry->answer.message_length;
    self->answers += entry->bytes;
}

void guest_queue_refuse(guest_queue *self, struct entry *entry, enum status status,
                        const char *message, uint64_t elapsed)
{
    question_answer_clear(&entry->answer);
    entry->answer.status = status;
    entry->answer.message = strndup(message, MAX_MESSAGE);
    if (entry->answer.message)
        entry->answer.message_length = (u_int)strlen(entry->answer.message);
    guest_queue_answer(self, entry, elapsed);
}

void guest_queue_give_back(guest_queue *self, struct entry *const *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        question_answer_clear(&entries[i]->answer); /* it comes again from the beginning */
        disconnect(self, entries[i]);               /* QEMU had them */
        entries[i]->state = entries[i]->far ? ENTRY_FAR : ENTRY_WAITING;
        entries[i]->turn = entries[i]->timed = 0;
        entries[i]->replays = 0;
        entries[i]->replaying = false;
        self->waiting += !entries[i]->far;
    }
    self->hint = 0;
}

void guest_queue_put_alone(guest_queue *self, struct entry *entry)
{
    entry->alone = true;
    guest_queue_give_back(self, &entry, 1);
}

void guest_queue_put_large(guest_queue *self, struct entry *entry)
{
    self->large += entry->memory != MEMORY_LARGE;
    entry->memory = MEMORY_LARGE;
    guest_queue_put_alone(self, entry);
}

void guest_queue_no_larger(guest_queue *self)
{
    for (size_t i = 0; self->large > 0 && i < self->count; i++) {
        if (at(self, i)->memory != MEMORY_LARGE || at(self, i)->state == ENTRY_ANSWERED)
            continue;
        at(self, i)->memory = MEMORY_NO_MORE;
        self->large--;
    }
    self->hint = 0;
}

bool guest_queue_excuse(guest_queue *self, struct entry *const *entries, size_t count,
                        bool progress)
{
    for (size_t i = 0; i < count; i++)
        if (!progress && entries[i]->excused == MAX_EXCUSES)
            return false;
    for (size_t i = 0; i < count; i++)
        entries[i]->excused += !progress;
    guest_queue_give_back(self, entries, count);
    return true;
}

bool guest_queue_excuse_connections(guest_queue *self, struct entry *entry)
{
    return entry->connections && remote_vanished(entry->connections) &&
           guest_queue_excuse(self, &entry, 1, false);
}

void guest_queue_put_apart(guest_queue *self, struct entry *const *entries, size_t count)
{
    self->last_quarantine++;
    for (size_t i = 0; i < count; i++) {
        entries[i]->quarantine = self->last_quarantine;
        entries[i]->excused = 0; /* it counted for the guests that it shared with */
    }
    guest_queue_give_back(self, entries, count);
}

bool guest_queue_hurry(guest_queue *self, struct entry *entry)
{
    if (!entry->replaying || entry->hurried)
        return false;
    entry->hurried = true;
    entry->replays_in_time = entry->replays - 1;
    guest_queue_put_apart(self, &entry, 1);
    return true;
}

int guest_queue_put_back(guest_queue *self, struct entry *const *entries, size_t count, bool alone)
{
    if (count == 0)
        return 0;
    if (count == 1) {
        if (alone)
            return 1;
        guest_queue_put_apart(self, entries, 1);
        return 0;
    }
    guest_queue_put_apart(self, entries, 1);
    guest_queue_put_apart(self, entries + 1, count - 1);
    return 0;
}

const struct entry *guest_queue_front(const guest_queue *self)
{
    return self->count > 0 && at(self, 0)->state == ENTRY_ANSWERED ? at(self, 0) : NULL;
}

void guest_queue_pop(guest_queue *self)
{
    clear(self, at(self, 0));
    self->first = (self->first + 1) % GUEST_QUEUE_WINDOW;
    self->count--;
    if (self->hint > 0)
        self->hint--;
}
