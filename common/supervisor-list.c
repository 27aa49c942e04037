/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervision.h"

#include <sys/stat.h>

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
        if (guest->images[i].remote)
            continue;
        bool plausible =
            stat(guest->images[i].path, &st) == 0 && st.st_size > 0 && S_ISREG(st.st_mode);
        if (!plausible &&
            guest_image_open(&guest->images[i], self->config->backing, &chain, &err) < 0) {
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

int list_read(struct supervisor *self, error **err)
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

uint64_t list_deadline(const struct supervisor *self)
{
    return self->list_waits ? guestlist_deadline(self->guests) : CLOCK_NEVER;
}

int list_answer(struct supervisor *self, error **err)
{
    const struct entry *entry;
    while ((entry = waves_front(self->window))) {
        struct guest_answer answer = {
            .guest = entry->guest,
            .result = &entry->result,
            .elapsed = entry->elapsed,
            .listing = entry->listing,
            .notes = entry->notes,
            .notes_length = entry->notes_length,
        };
        uint64_t since = clock_now();
        self->stats->failed += entry->result.status != STATUS_OK;
        self->answered++;
        if (self->client->answer(self->client->data, &answer, err) < 0)
            return -1;
        crew_excuse(self, clock_now() - since); /* a pager takes its time */
        waves_pop(self->window);
        if (self->client->progress)
            self->client->progress(self->client->data, self->answered,
                                   guestlist_total(self->guests));
    }
    return 0;
}
