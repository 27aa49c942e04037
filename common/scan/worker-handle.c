/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-handle.h"

#include "base/clock.h"
#include "disk-order.h"
#include <string.h>

#define DEFAULT_BLOCK_SIZE 512

static int send_disk(struct worker_handle *worker, const struct guest_image *image,
                     const struct image_chain *chain)
{
    const struct guest_encryption *encryption = image->encryption;
    struct disk_order_message message;
    key own = {0};
    const key *const keys[] = {&own};
    struct hypervisor_disk disk = {
        .chain = chain,
        .block_size = image->block_size ? image->block_size : DEFAULT_BLOCK_SIZE,
        .keys = keys,
    };
    if (encryption && encryption->passphrase) {
        own.passphrase.passphrase_val = encryption->passphrase;
        own.passphrase.passphrase_len = (u_int)encryption->length;
        disk.key_count = 1;
    }
    disk_order_encode(&disk, worker->handover.entry->guest->number, &message);
    return worker_order(&worker->process, &message.order, message.fds, message.fd_count);
}

/* 0: they are sent, or there are none. */
static int send_keys(struct worker_handle *worker)
{
    const struct guest *guest = worker->handover.entry->guest;
    order message = {.kind = ORDER_GUEST_KEYS};
    message.order_u.guest_keys = (guest_keys){guest->number, guest->keys};
    if (worker->handover.keys_sent || guest->keys.key_list_len == 0)
        return 0;
    int result = worker_order(&worker->process, &message, NULL, 0);
    worker->handover.keys_sent = result == 0;
    return result;
}

static int send_ask(struct worker_handle *worker)
{
    order message = {.kind = ORDER_ASK};
    message.order_u.ask = (ask_order){
        .guest = worker->handover.entry->guest->number,
        .alone = worker->handover.entry->alone,
        .larger = worker->grows && worker->handover.entry->memory == MEMORY_USUAL,
        .replays =
            worker->handover.entry->hurried ? worker->handover.entry->replays_in_time : ALL_REPLAYS,
        .last = worker->last};
    return worker_order(&worker->process, &message, NULL, 0);
}

bool worker_handle_sending(const struct worker_handle *worker)
{
    const struct handover *on = &worker->handover;
    return on->entry && !on->connecting && (!on->grows || worker->given[0] == on->entry);
}

int worker_handle_hand_over(struct worker_handle *worker)
{
    struct handover *on = &worker->handover;
    if (!worker_handle_sending(worker))
        return 0;
    int result = send_keys(worker);
    while (result == 0 && on->sent < on->count) {
        const struct guest_image *image = &on->entry->guest->images[on->sent];
        result = send_disk(worker, image, on->chains[on->sent]);
        if (result == 0) {
            image_chain_free(STEAL(on->chains[on->sent]));
            on->sent++;
        }
    }
    if (result == 0)
        result = send_ask(worker);
    if (result == -EAGAIN)
        return 0;
    worker_handle_drop_handover(worker);
    return result == 0 ? 1 : -1;
}

void worker_handle_drop_handover(struct worker_handle *worker)
{
    for (size_t i = 0; i < worker->handover.count; i++)
        image_chain_free(worker->handover.chains[i]);
    worker->handover = (struct handover){0};
}

/* Another file may have been put there since the owner was looked at. Then the guest would share an
 * appliance with guests that it must not share with. */
static int check_owner(const struct entry *entry, const struct image_chain *chain, error **err)
{
    if (entry->far || entry->mixed || (chain->uid == entry->uid && chain->gid == entry->gid))
        return 0;
    return error_set(err, ERROR_REFUSED, "the image's owner changed while it waited for its turn");
}

static int open_image(const struct entry *entry, size_t index, enum backing_policy policy,
                      const char *snapshot, struct image_chain **chain, error **err)
{
    struct guest_image *image = &entry->guest->images[index];
    int result = guest_image_open(image, policy, snapshot, chain, err);
    image->packed = result < 0 && err && error_kind(*err) == ERROR_PACKED;
    /* It was not encrypted when it was looked at, or there is no key for it. */
    if (result == 0 && !entry->sealed)
        result = guest_image_check_open(image, *chain, err);
    if (result < 0)
        return entry->guest->image_count > 1 ? error_prefix(err, "%s", image->path) : -1;
    return check_owner(entry, *chain, err);
}

int worker_handle_take_on(struct worker_handle *worker, struct entry *entry,
                          enum backing_policy policy, const char *snapshot, error **err)
{
    struct handover *on = &worker->handover;
    *on = (struct handover){
        .entry = entry, .connecting = entry->far, .count = entry->guest->image_count};
    int result = entry->far ? remote_request(entry->connections, err) : 0;
    for (size_t i = 0; result == 0 && i < on->count; i++)
        if (!guest_image_is_far(&entry->guest->images[i]))
            result = open_image(entry, i, policy, snapshot, &on->chains[i], err);
    for (size_t i = 0; result == 0 && i < on->count; i++)
        on->grows = on->grows || (on->chains[i] && image_chain_grows(on->chains[i]));
    if (result < 0)
        worker_handle_drop_handover(worker);
    return result;
}

int worker_handle_connect(struct worker_handle *worker, error **err)
{
    struct handover *on = &worker->handover;
    int got = remote_hear(on->entry->connections, err);
    if (got <= 0)
        return got;
    for (size_t i = 0; i < on->count; i++)
        if (guest_image_is_far(&on->entry->guest->images[i]))
            on->chains[i] = remote_take(on->entry->connections, i);
    on->connecting = false;
    return 1;
}

struct entry *worker_handle_find(const struct worker_handle *worker, uint64_t guest)
{
    for (size_t i = 0; i < worker->given_count; i++)
        if (worker->given[i]->guest->number == guest)
            return worker->given[i] == worker->handover.entry ? NULL : worker->given[i];
    return NULL;
}

void worker_handle_answered(struct worker_handle *worker, const struct entry *entry)
{
    size_t i = 0;
    while (i < worker->given_count && worker->given[i] != entry)
        i++;
    if (i == worker->given_count)
        return;
    worker->given_count--;
    memmove(&worker->given[i], &worker->given[i + 1],
            (worker->given_count - i) * sizeof *worker->given);
}

bool worker_handle_working(const struct worker_handle *worker)
{
    return worker->state != WORKER_HANDLE_ENDED && worker->given_count > 0;
}

int worker_handle_set_trust(struct worker_handle *worker, const struct entry *entry)
{
    char *directory = entry->directory ? strdup(entry->directory) : NULL;
    if (entry->directory && !directory)
        return -1;
    free(worker->trust.directory);
    worker->trust = (struct entry){
        .far = entry->far,
        .sealed = entry->sealed,
        .alone = entry->alone,
        .mixed = entry->mixed,
        .scattered = entry->scattered,
        .uid = entry->uid,
        .gid = entry->gid,
        .directory = directory,
        .quarantine = entry->quarantine,
    };
    worker->has_trust = true;
    return 0;
}

void worker_handle_begin_turn(struct worker_handle *worker)
{
    struct entry *first = worker->given_count > 0 ? worker->given[0] : NULL;
    if (first && first->turn == 0)
        /* Connecting to its images was part of it. */
        first->turn = first->timed = clock_now() - first->connecting;
}

uint64_t worker_handle_since_turn(const struct entry *entry)
{
    return entry->turn ? clock_now() - entry->turn : 0;
}

bool worker_handle_undisturbed(const struct worker_handle *worker)
{
    return worker->event.kind == WORKER_EVENT_NONE;
}

void worker_handle_raise(struct worker_handle *worker, enum worker_event_kind kind, const char *why)
{
    if (!worker_handle_undisturbed(worker))
        return;
    worker->event.kind = kind;
    snprintf(worker->event.why, sizeof worker->event.why, "%s", why ? why : "");
}

void worker_handle_raise_guest(struct worker_handle *worker, struct entry *guest,
                               enum status status, const char *why)
{
    if (!worker_handle_undisturbed(worker))
        return;
    worker_handle_raise(worker, WORKER_EVENT_GUEST, why);
    worker->event.guest = guest;
    worker->event.status = status;
}
