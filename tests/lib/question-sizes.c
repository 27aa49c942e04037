/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "question-sizes.h"

struct content {
    size_t count;
    uint64_t sizes[];
};

static void encode(const void *asked, const struct question_disks *disks, request_body *body)
{
    (void)asked;
    (void)disks;
    (void)body; /* OP_LIST has no arguments */
}

static int check(const answer_body *told, size_t disks, error **err)
{
    const list_ret *list = &told->answer_body_u.list;
    if (list->disks.disks_len != disks)
        return agent_client_distrust(err, "listed other disks than there are");
    for (u_int i = 0; i < list->disks.disks_len; i++)
        if (list->disks.disks_val[i].disk.slot >= SLOT_COUNT)
            return agent_client_distrust(err, "listed a slot that does not exist");
    return 0;
}

static int take(const void *asked, struct spool_room *room, answer_body *told,
                struct question_answer *answer, error **err)
{
    const list_ret *list = &told->answer_body_u.list;
    size_t count = list->disks.disks_len;
    struct content *content = malloc(sizeof *content + count * sizeof *content->sizes);
    (void)asked;
    (void)room;
    if (!content)
        return error_no_memory(err);
    content->count = count;
    for (size_t i = 0; i < count; i++)
        content->sizes[i] = list->disks.disks_val[i].disk.size;
    answer->status = STATUS_OK;
    answer->content = content;
    answer->free_content = free;
    answer->bytes = sizeof *content + count * sizeof *content->sizes;
    return 0;
}

struct question_sizes_result question_sizes_result(const struct question_answer *answer)
{
    const struct content *content = answer->content;
    if (!content)
        return (struct question_sizes_result){0};
    return (struct question_sizes_result){content->sizes, content->count};
}

const struct question_ops question_sizes = {
    .request = {.op = OP_LIST, .check = check},
    .encode = encode,
    .take = take,
};
