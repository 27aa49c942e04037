/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "question-ls.h"

#include "listing-reader.h"
#include <inttypes.h>

/* What is kept until the last answer is there: only then is it known that all of it is. */
struct content {
    spool *listing;
    struct listing_check checked;
    char *notes;
    size_t notes_length;
};

static void encode(const void *data, const struct question_disks *disks, request_body *body)
{
    const struct question_ls_asked *asked = data;
    ls_args *args = &body->request_body_u.ls;
    *args = asked->args;
    args->disks.disks_len = disks->count;
    args->disks.disks_val = disks->disks;
    args->keys = disks->keys;
    if (disks->alone && args->fragile == FRAGILE_ELSEWHERE)
        args->fragile = FRAGILE_HERE;
    args->larger = disks->larger;
    args->replays = disks->replays;
}

/* The items are checked by take(), which knows what came before them. */
static int check(const answer_body *told, size_t disks, error **err)
{
    const ls_ret *some = &told->answer_body_u.ls;
    (void)disks;
    if (some->last &&
        ((unsigned)some->status > STATUS_CRASHED || (unsigned)some->need > NEED_MEMORY))
        return agent_client_distrust(err, "used a word that does not exist");
    return 0;
}

static bool continues(const answer_body *told)
{
    return !told->answer_body_u.ls.last;
}

/* --- the answer --- */

static void free_content(void *data)
{
    struct content *content = data;
    spool_free(content->listing);
    free(content->notes);
    free(content);
}

static int begin(struct question_answer *answer, error **err)
{
    if (answer->content)
        return 0;
    answer->content = calloc(1, sizeof(struct content));
    answer->free_content = free_content;
    return answer->content ? 0 : error_no_memory(err);
}

static int keep_items(struct content *content, const struct question_ls_asked *asked,
                      struct spool_room *room, const ls_ret *some, error **err)
{
    uint64_t limit = asked->listing_max ? asked->listing_max : QUESTION_LS_MAX;
    if (!content->listing)
        content->listing = spool_new(room);
    if (!content->listing)
        return error_no_memory(err);
    if (spool_bytes(content->listing) + some->items.items_len > limit)
        return error_set(err, ERROR_HOST, "its listing has more than %" PRIu64 " bytes", limit);
    if (spool_add(content->listing, some->items.items_val, some->items.items_len, err) < 0)
        return error_prefix(err, "its listing cannot be kept");
    return 0;
}

static void finish(struct content *content, ls_ret *last, struct question_answer *answer)
{
    content->notes_length = last->notes.notes_len;
    content->notes = STEAL(last->notes.notes_val);
    answer->need = last->need;
    answer->status = last->status;
    answer->message_length = last->message.message_len;
    answer->message = STEAL(last->message.message_val);
    answer->times = last->times;
    answer->bytes = content->notes_length; /* the listing has its spool */
}

static int take(const void *data, struct spool_room *room, answer_body *told,
                struct question_answer *answer, error **err)
{
    const struct question_ls_asked *asked = data;
    ls_ret *some = &told->answer_body_u.ls;
    if (begin(answer, err) < 0)
        return -1;
    struct content *content = answer->content;
    if (listing_check_part(&content->checked, &asked->args, some->items.items_val,
                           some->items.items_len, err) < 0)
        return -1;
    if (some->items.items_len > 0 && keep_items(content, asked, room, some, err) < 0)
        return -1;
    if (some->last)
        finish(content, some, answer);
    return 0;
}

struct question_ls_result question_ls_result(const struct question_answer *answer)
{
    const struct content *content = answer->content;
    if (!content)
        return (struct question_ls_result){0};
    return (struct question_ls_result){content->listing, content->notes, content->notes_length};
}

const struct question_ops question_ls = {
    .request = {.op = OP_LS, .check = check, .continues = continues, .replays = true},
    .encode = encode,
    .take = take,
};
