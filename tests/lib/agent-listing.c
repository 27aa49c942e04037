/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent-listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

void agent_listing_begin(struct agent_listing *q, enum ls_order order)
{
    memset(q, 0, sizeof *q);
    q->args.order = order;
    q->args.disks.disks_val = q->disks;
    q->args.mounts.mounts_val = q->mounts;
    q->args.directories.directories_val = q->directories;
}

void agent_listing_disk(struct agent_listing *q, unsigned slot)
{
    q->disks[q->args.disks.disks_len++] = (disk){.slot = slot, .size = QUESTION_DISK_SIZE};
}

void agent_listing_mount(struct agent_listing *q, const char *device, const char *where,
                         const char *options)
{
    ls_mount *mount = &q->mounts[q->args.mounts.mounts_len++];
    SET(mount->device.device, device);
    SET(mount->mountpoint.mountpoint, where);
    SET(mount->options.options, options);
}

void agent_listing_directory(struct agent_listing *q, const char *path)
{
    SET(q->directories[q->args.directories.directories_len].path.path, path);
    q->args.directories.directories_len++;
}

void agent_listing_ask(struct agent_process *f, const struct agent_listing *q)
{
    request asked = {.body.op = OP_LS};
    asked.body.request_body_u.ls = q->args;
    agent_ask(f, &asked);
}

/* ---- hearing ---- */

static void say(struct heard *heard, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct heard *heard, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof heard->text - heard->length;
    int length = vsnprintf(heard->text + heard->length, room, format, arguments);
    va_end(arguments);
    heard->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void take_item(struct heard *heard, const struct listing_item *item)
{
    const char *space = heard->length > 0 ? " " : "";
    const listing_entry *entry = &item->listing_item_u.entry;
    const listing_problem *problem = &item->listing_item_u.problem;
    if (item->kind == LISTING_DIRECTORY) {
        say(heard, "%s[%u]", space, item->listing_item_u.directory);
    } else if (item->kind == LISTING_ENTRY) {
        heard->entries++;
        say(heard, "%s%.*s", space, (int)entry->path.path_len, entry->path.path_val);
    } else {
        assert_int_equal(item->kind, LISTING_PROBLEM);
        heard->problems++;
        say(heard, "%s!%.*s: %.*s", space, (int)problem->path.path_len, problem->path.path_val,
            (int)problem->message.message_len, problem->message.message_val);
    }
}

static void take_items(struct heard *heard, const ls_ret *result)
{
    XDR stream;
    xdrmem_create(&stream, result->items.items_val, result->items.items_len, XDR_DECODE);
    while (xdr_getpos(&stream) < result->items.items_len) {
        struct listing_item item;
        memset(&item, 0, sizeof item);
        assert_true(xdr_listing_item(&stream, &item));
        take_item(heard, &item);
        xdr_free((xdrproc_t)xdr_listing_item, &item);
    }
    xdr_destroy(&stream);
}

static void take_text(char *to, size_t size, const char *bytes, size_t length)
{
    assert_true(length < size);
    if (length > 0)
        memcpy(to, bytes, length);
    to[length] = '\0';
}

void agent_listing_hear(struct agent_process *f, struct heard *heard)
{
    bool last = false;
    memset(heard, 0, sizeof *heard);
    while (!last) {
        answer reply = agent_expect(f, f->serial, OP_LS);
        const ls_ret *result = &reply.body.answer_body_u.ls;
        heard->answers++;
        take_items(heard, result);
        last = result->last;
        heard->status = result->status;
        take_text(heard->message, sizeof heard->message, result->message.message_val,
                  result->message.message_len);
        take_text(heard->notes, sizeof heard->notes, result->notes.notes_val,
                  result->notes.notes_len);
        agent_free_answer(&reply);
    }
}
