/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-lister.h"

#include "fake-agent.h"
#include "wire/frame.h"
#include "wire/listing.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* The items of a part as they are made. */
struct part_maker {
    char bytes[MAX_LS_ITEMS];
    XDR xdr;
};

static void put(struct part_maker *self, listing_item *item)
{
    if (!xdr_listing_item(&self->xdr, item))
        _exit(1);
}

static void put_directory(struct part_maker *self, unsigned index)
{
    listing_item item = {.kind = LISTING_DIRECTORY};
    item.listing_item_u.directory = index;
    put(self, &item);
}

static listing_item entry_of(char *path, size_t length)
{
    listing_item item = {.kind = LISTING_ENTRY};
    listing_entry *entry = &item.listing_item_u.entry;
    *entry = (listing_entry){.mode = S_IFREG | 0644, .size = 5, .links = 1, .ino = 7};
    entry->path.path_val = path;
    entry->path.path_len = (u_int)length;
    return item;
}

static void put_entry(struct part_maker *self, uint64_t guest, unsigned number)
{
    char path[FAKE_LS_BYTES];
    int length = snprintf(path, sizeof path, "g%ju-e%u", (uintmax_t)guest, number);
    listing_item item = entry_of(path, (size_t)length);
    unsigned before = xdr_getpos(&self->xdr);
    put(self, &item);
    /* A digest that was not asked for would be a lie: the name is what is longer. */
    unsigned missing = FAKE_LS_BYTES - (xdr_getpos(&self->xdr) - before);
    memset(path + length, 'x', missing);
    xdr_setpos(&self->xdr, before);
    item = entry_of(path, (size_t)length + missing);
    put(self, &item);
}

static void put_path_lie(struct part_maker *self, const char *path, size_t length)
{
    listing_item item = entry_of((char *)(uintptr_t)path, length);
    put(self, &item);
}

static void put_problem_lie(struct part_maker *self)
{
    listing_item item = {.kind = LISTING_PROBLEM};
    item.listing_item_u.problem.path.path_val = (char *)(uintptr_t) "../x";
    item.listing_item_u.problem.path.path_len = 4;
    put(self, &item);
}

static void put_words(struct part_maker *self, const unsigned *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        u_int word = words[i];
        if (!xdr_u_int(&self->xdr, &word))
            _exit(1);
    }
}

/* Entries whose values cannot be. */
static void put_value_lie(struct part_maker *self, enum fake_ls how)
{
    listing_item item = entry_of((char *)(uintptr_t) "lie", 3);
    listing_entry *entry = &item.listing_item_u.entry;
    if (how == FAKE_LS_LIE_TARGET) {
        entry->target.target_val = (char *)(uintptr_t) "/etc";
        entry->target.target_len = 4;
    } else if (how == FAKE_LS_LIE_DIGEST) {
        entry->digest.digest_val = (char *)(uintptr_t) "0123456789abcdef";
        entry->digest.digest_len = 16;
    } else {
        entry->modified.nanoseconds = 1000000000;
    }
    put(self, &item);
}

static void put_lie(struct part_maker *self, enum fake_ls how)
{
    switch (how) {
    case FAKE_LS_LIE_DIRECTORY:
        put_directory(self, 1);
        break;
    case FAKE_LS_LIE_TWICE:
        put_directory(self, 0);
        break;
    case FAKE_LS_LIE_KIND:
        put_words(self, (unsigned[]){9, 0}, 2);
        break;
    case FAKE_LS_LIE_ABSOLUTE:
        put_path_lie(self, "/x", 2);
        break;
    case FAKE_LS_LIE_UP:
        put_path_lie(self, "..", 2);
        break;
    case FAKE_LS_LIE_SLASH:
        put_path_lie(self, "a/b", 3);
        break;
    case FAKE_LS_LIE_NUL:
        put_path_lie(self, "a\0b", 3);
        break;
    case FAKE_LS_LIE_NAMELESS:
        put_path_lie(self, "", 0);
        break;
    case FAKE_LS_LIE_TARGET:
    case FAKE_LS_LIE_DIGEST:
    case FAKE_LS_LIE_NANOSECONDS:
        put_value_lie(self, how);
        break;
    case FAKE_LS_LIE_CUT:
        put_words(self, (unsigned[]){LISTING_ENTRY, 4}, 2);
        break;
    case FAKE_LS_LIE_CLAIM:
        put_words(self, (unsigned[]){LISTING_ENTRY, UINT32_MAX, 0x41414141}, 3);
        break;
    case FAKE_LS_LIE_PROBLEM:
        put_problem_lie(self);
        break;
    default:
        break;
    }
}

static void send_part(int fd, const answer *reply)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    if (frame_encode((xdrproc_t)xdr_answer, reply, &frame, &length) == 0)
        fake_send(fd, (char *)frame + FRAME_HEADER, length - FRAME_HEADER);
}

static void send_items(int fd, const request *asked, struct part_maker *made, enum fake_ls how)
{
    answer reply = {.serial = asked->serial, .body = {.op = OP_LS}};
    reply.body.answer_body_u.ls.items.items_val = made->bytes;
    reply.body.answer_body_u.ls.items.items_len = xdr_getpos(&made->xdr);
    if (how == FAKE_LS_LIE_SERIAL)
        reply.serial++;
    if (how == FAKE_LS_LIE_OP)
        reply = (answer){.serial = asked->serial, .body = {.op = OP_GONE}};
    send_part(fd, &reply);
}

static void send_last(int fd, const request *asked, enum fake_ls how)
{
    static const char notes[] = "/etc/fstab:3: passed over\n";
    answer reply = {.serial = asked->serial, .body = {.op = OP_LS}};
    ls_ret *last = &reply.body.answer_body_u.ls;
    last->last = 1;
    last->notes.notes_val = (char *)(uintptr_t)notes;
    last->notes.notes_len = sizeof notes - 1;
    if (how == FAKE_LS_STATUS) {
        last->status = STATUS_UNSUPPORTED;
        last->message.message_val = (char *)(uintptr_t) "half of it is missing";
        last->message.message_len = 21;
    }
    if (how == FAKE_LS_LIE_STATUS)
        last->status = 99;
    send_part(fd, &reply);
    if (how == FAKE_LS_LIE_MORE)
        send_part(fd, &reply);
}

/* Whether it says nothing more. */
static int fall_silent(int fd, enum fake_ls how)
{
    if (how == FAKE_LS_DIE)
        _exit(0);
    if (how == FAKE_LS_CLOSE)
        shutdown(fd, SHUT_RDWR);
    return how == FAKE_LS_CLOSE || how == FAKE_LS_HANG;
}

void fake_answer_ls(int fd, const request *asked, const struct fake_listing *listing, int honest,
                    uint64_t number)
{
    static struct part_maker maker;
    enum fake_ls how = honest ? FAKE_LS_OK : listing->how;
    for (unsigned part = 0; part < listing->parts; part++) {
        if (part == listing->parts / 2 && fall_silent(fd, how))
            return;
        if (listing->pause)
            usleep(listing->pause);
        xdrmem_create(&maker.xdr, maker.bytes, sizeof maker.bytes, XDR_ENCODE);
        if (part == 0 && how != FAKE_LS_LIE_NO_DIRECTORY)
            put_directory(&maker, 0);
        for (unsigned i = 0; i < listing->entries; i++)
            put_entry(&maker, number, part * listing->entries + i);
        if (part == listing->parts / 2)
            put_lie(&maker, how);
        send_items(fd, asked, &maker, part == listing->parts / 2 ? how : FAKE_LS_OK);
    }
    send_last(fd, asked, how);
}
