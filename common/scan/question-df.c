/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "question-df.h"

#include "wire/volume-name.h"
#include <string.h>

static void encode(const void *asked, const struct question_disks *disks, request_body *body)
{
    scan_args *args = &body->request_body_u.scan;
    *args = asked ? *(const scan_args *)asked : (scan_args){0};
    args->disks.disks_len = disks->count;
    args->disks.disks_val = disks->disks;
    args->keys = disks->keys;
    if (disks->alone && args->fragile == FRAGILE_ELSEWHERE)
        args->fragile = FRAGILE_HERE;
    args->larger = disks->larger;
    args->replays = disks->replays;
    args->last = disks->last;
}

/* --- checks --- */

static int check_usage(const volume *v, error **err)
{
    const usage *u = &v->usage;
    uint64_t bytes;
    if ((v->mounted != 0 && v->mounted != 1) || (v->clean != 0 && v->clean != 1))
        return agent_client_distrust(err, "sent an invalid boolean");
    if (!v->mounted)
        return 0;
    if (u->block_size == 0 || u->block_size > MAX_BLOCK_SIZE ||
        __builtin_mul_overflow(u->blocks, u->block_size, &bytes) || u->blocks_free > u->blocks ||
        u->blocks_available > u->blocks || u->files_free > u->files)
        return agent_client_distrust(err, "gave figures that contradict each other");
    return 0;
}

static bool is_volume_name(const volume *v)
{
    if (v->kind <= VOLUME_PARTITION)
        return v->name.name_len == 0;
    for (u_int i = 0; i < v->name.name_len; i++)
        if (!volume_name_has(v->name.name_val[i]) && v->name.name_val[i] != '/')
            return false;
    return v->name.name_len > 0;
}

/* An absolute path, or a drive's letter and a colon. */
static bool is_mountpoint(const char *text, size_t length)
{
    bool drive = length == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] == ':';
    return length == 0 || ((*text == '/' || drive) && !memchr(text, '\0', length));
}

static int check_volume(const volume *v, size_t disks, error **err)
{
    if ((unsigned)v->kind > VOLUME_LOGICAL || (unsigned)v->content > CONTENT_ENCRYPTED ||
        (unsigned)v->status > STATUS_CRASHED || (unsigned)v->recovered > RECOVERY_LEFT)
        return agent_client_distrust(err, "used a word that does not exist");
    if (v->disk >= disks)
        return agent_client_distrust(err, "named a disk that it was not asked about");
    if (!is_volume_name(v))
        return agent_client_distrust(err, "gave a volume a name that none can have");
    if (!is_mountpoint(v->mountpoint.mountpoint_val, v->mountpoint.mountpoint_len))
        return agent_client_distrust(err, "gave a mount point that is none");
    return check_usage(v, err);
}

static int check(const answer_body *told, size_t disks, error **err)
{
    const scan_ret *result = &told->answer_body_u.scan;
    if ((unsigned)result->status > STATUS_CRASHED || (unsigned)result->need > NEED_MEMORY)
        return agent_client_distrust(err, "used a word that does not exist");
    for (u_int i = 0; i < result->volumes.volumes_len; i++)
        if (check_volume(&result->volumes.volumes_val[i], disks, err) < 0)
            return -1;
    return 0;
}

/* --- the answer --- */

static uint64_t bytes_of(const scan_ret *result)
{
    uint64_t bytes = 0;
    for (u_int i = 0; i < result->volumes.volumes_len; i++) {
        const volume *one = &result->volumes.volumes_val[i];
        bytes += sizeof *one + one->name.name_len + one->fstype.fstype_len + one->label.label_len +
                 one->uuid.uuid_len + one->mountpoint.mountpoint_len + one->message.message_len;
    }
    return bytes;
}

static void free_result(void *content)
{
    xdr_free((xdrproc_t)xdr_scan_ret, content);
    free(content);
}

static int take(const void *asked, struct spool_room *room, answer_body *told,
                struct question_answer *answer, error **err)
{
    scan_ret *from = &told->answer_body_u.scan, *result = malloc(sizeof *result);
    (void)asked;
    (void)room;
    if (!result)
        return error_no_memory(err);
    answer->need = from->need;
    answer->status = from->status;
    answer->message_length = from->message.message_len;
    answer->message = STEAL(from->message.message_val);
    answer->times = from->times;
    *result = *from;
    *from = (scan_ret){0};
    answer->content = result;
    answer->free_content = free_result;
    answer->bytes = bytes_of(result);
    return 0;
}

scan_ret question_df_result(const struct question_answer *answer)
{
    scan_ret result = {0};
    if (answer->content)
        result = *(const scan_ret *)answer->content;
    result.status = answer->status;
    result.message.message_val = answer->message;
    result.message.message_len = answer->message_length;
    return result;
}

const struct question_ops question_df = {
    .request = {.op = OP_SCAN, .check = check, .replays = true},
    .encode = encode,
    .take = take,
};
