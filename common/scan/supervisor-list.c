/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text-format.h"
#include "guest/keys.h"
#include "supervisor-internal.h"
#include "wire/status.h"

#include <sys/stat.h>

/* --- the list --- */

static bool short_of_files(const error *err)
{
    return error_errno(err) == EMFILE || error_errno(err) == ENFILE;
}

/* Finds out who owns the image and, where there are keys, whether QEMU will need one. It is opened
 * only for that, or to say at once why it cannot be an image. */
static int look_at_image(const struct supervisor *self, struct entry *entry, size_t index,
                         error **err)
{
    const struct guest_image *image = &entry->guest->images[index];
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    struct stat st = {0};
    bool plausible = stat(image->path, &st) == 0 && st.st_size > 0 && S_ISREG(st.st_mode);
    bool has_keys = self->config->keys || entry->guest->keys.key_list_len > 0 ||
                    (image->encryption && image->encryption->passphrase);

    AUTO_ERROR error *why = NULL;
    if ((!plausible || has_keys) &&
        guest_image_open(image, self->config->backing, self->config->snapshot, &chain, &why) < 0 &&
        !short_of_files(why)) {
        entry->guest->images[index].packed = error_kind(why) == ERROR_PACKED;
        error_propagate(err, STEAL(why));
        return entry->guest->image_count > 1 ? error_prefix(err, "%s", image->path) : -1;
    }
    /* One that cannot be opened now is taken for one that needs a key. */
    if (has_keys && (!chain || image_chain_check_open(chain, NULL) < 0))
        entry->sealed = true;
    if (guest_queue_set_owner(entry, index, st.st_uid, st.st_gid) < 0)
        return error_no_memory(err);
    return 0;
}

/* Answers at once for what needs no appliance to be refused. */
static void look_at(struct supervisor *self, struct entry *entry)
{
    const struct guest *guest = entry->guest;
    AUTO_ERROR error *err = NULL;

    /* Who takes over an appliance learns the keys that are in it. */
    entry->sealed = guest->keys.key_list_len > 0;
    if (self->config->keys && !keys_fit(self->config->keys, &guest->keys))
        error_set(&err, ERROR_REFUSED,
                  "its keys and those of the command line are more than %d, or than %d bytes",
                  MAX_KEYS, KEYS_MAX);
    for (size_t i = 0; !guest->refused && !err && i < guest->image_count; i++) {
        if (!guest->images[i].remote)
            look_at_image(self, entry, i, &err);
        else if (self->config->snapshot)
            error_set(&err, ERROR_UNSUPPORTED,
                      "%s: --snapshot is for qcow2 images that are files here",
                      guest->images[i].path);
    }
    const error *why = guest->refused ? guest->refused : err;
    if (error_kind(why) == ERROR_PACKED)
        guest_queue_unpack(self->queue, entry);
    else if (why)
        guest_queue_refuse(self->queue, entry, status_of_error(error_kind(why)), error_message(why),
                           0);
}

/* As libvirt does where such a disk is missing: the guest's others are there, and are scanned. */
static void drop_missing(struct supervisor *self, struct guest *guest)
{
    for (size_t i = guest->image_count; i-- > 0;) {
        const struct guest_image *image = &guest->images[i];
        struct stat st;
        if (!image->optional || image->remote || stat(image->path, &st) == 0 || errno != ENOENT)
            continue;
        AUTO_FREE char *text = text_format(
            "%s: %s: it is not there; libvirt starts the guest without it (startupPolicy)",
            guest->name, image->path);
        if (text)
            self->client->log(self->client->data, LOG_WARNING, text);
        guest_drop_image(guest, i);
        if (guest->image_count == 0)
            error_set(&guest->refused, ERROR_EMPTY, "none of its disks is there");
    }
}

int supervisor_list_read(struct supervisor *self, error **err)
{
    self->list_waits = false;
    while (!self->list_ended && !self->list_waits && !guest_queue_full(self->queue)) {
        struct guest *guest = NULL;
        error *fatal = NULL;
        switch (guest_list_next(self->guests, &guest, &fatal)) {
        case GUEST_LIST_WAIT:
            self->list_waits = true;
            break;
        case GUEST_LIST_END:
            self->list_ended = true;
            if (fatal)
                return error_propagate(err, fatal);
            break;
        case GUEST_LIST_GUEST: {
            drop_missing(self, guest);
            self->stats->guests++;
            self->stats->images += guest->image_count;
            struct entry *entry = guest_queue_add(self->queue, guest);
            if (!entry)
                return error_no_memory(err);
            look_at(self, entry);
        }
        }
    }
    return 0;
}

/* When the list is to be read although nothing has come. */
static uint64_t deadline_of(const struct supervisor *self)
{
    return self->list_waits ? guest_list_deadline(self->guests) : CLOCK_NEVER;
}

void supervisor_list_watch(struct supervisor *self, struct poll_set *set, uint64_t *deadline)
{
    uint64_t own = deadline_of(self);
    *deadline = own < *deadline ? own : *deadline;
    poll_set_add(set, self->list_waits ? guest_list_fd(self->guests) : -1, POLLIN,
                 &self->list_ready);
}

void supervisor_list_look(struct supervisor *self)
{
    if (self->list_ready || deadline_of(self) <= clock_now())
        self->list_waits = false;
}

int supervisor_list_answer(struct supervisor *self, error **err)
{
    const struct entry *entry;
    while ((entry = guest_queue_front(self->queue))) {
        struct guest_answer answer = {
            .guest = entry->guest,
            .answer = &entry->answer,
            .elapsed = entry->elapsed,
            .owned = entry->directory && !entry->far && !entry->mixed,
            .uid = entry->uid,
            .gid = entry->gid,
            .directory = entry->far || entry->scattered ? NULL : entry->directory,
        };
        uint64_t since = clock_now();
        self->answered++;
        int failed = self->client->answer(self->client->data, &answer, err);
        if (failed < 0)
            return -1;
        self->stats->failed += (uint64_t)failed;
        supervisor_workers_extend(self, clock_now() - since); /* a pager may have made it wait */
        guest_queue_pop(self->queue);
        if (self->client->progress)
            self->client->progress(self->client->data, self->answered,
                                   guest_list_total(self->guests));
    }
    return 0;
}
