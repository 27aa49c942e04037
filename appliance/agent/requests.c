/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "requests.h"
#include "agent/device/disk-queue.h"
#include "base/clock.h"
#include <string.h>

struct requests {
    struct requests_parts parts;
    struct replay_watch watch;
    channel *link; /* of the request that is answered */
    bool kept;
    unsigned idle;
    const char *released; /* what OP_RELEASE is answered */
    bool busy;            /* current is a request without its answer */
    bool prepared;        /* all modules have been loaded */
    bool settled;         /* module loading is locked, or stays open */
    bool over;            /* nothing else will be asked */
    bool stranger; /* the last HELLO was of another version: nothing else can be understood */
    uint64_t since;
    request current;
    char message[MAX_MESSAGE];
};

/* Of the present request. It has to be on its way before the driver begins, because then nothing
 * else may run here. That it cannot be sent is found out when the answer is. */
static void tell_replay(void *owner, bool begins)
{
    requests *queue = owner;
    answer out = {.serial = queue->current.serial, .body.op = OP_REPLAY};
    out.body.answer_body_u.replay.begins = begins;
    if (channel_send(queue->link, (xdrproc_t)xdr_answer, &out) == 0)
        channel_flush(queue->link);
}

requests *requests_new(const struct requests_parts *parts)
{
    requests *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    queue->parts = *parts;
    queue->watch = (struct replay_watch){tell_replay, queue};
    scan_volumes_watch(parts->scan, &queue->watch);
    list_files_watch(parts->files, &queue->watch);
    return queue;
}

/* The present request has its answer, or will have none. */
static void forget(requests *queue)
{
    if (queue->busy)
        xdr_free((xdrproc_t)xdr_request, &queue->current);
    memset(&queue->current, 0, sizeof queue->current);
    queue->busy = false;
}

void requests_drop(requests *queue)
{
    forget(queue);
    queue->stranger = false;
    list_files_drop(queue->parts.files);
    disk_names_drop(queue->parts.stock);
}

bool requests_kept(const requests *queue, unsigned *idle)
{
    *idle = queue->idle;
    return queue->kept;
}

static bool valid_gone(const struct gone_args *gone)
{
    for (u_int i = 0; i < gone->slots.slots_len; i++)
        if (gone->slots.slots_val[i] >= SLOT_COUNT)
            return false;
    return true;
}

/* Nothing is done with random numbers that other appliances have drawn, too. */
static bool is_early(const requests *queue, op kind)
{
    return kind != OP_HELLO && kind != OP_RENEW && !renewal_is_done(queue->parts.fresh);
}

static bool valid(const requests *queue, const request *asked)
{
    if (queue->over || (queue->stranger && asked->body.op != OP_HELLO))
        return false;
    if (is_early(queue, asked->body.op))
        return false;
    switch (asked->body.op) {
    case OP_SCAN:
        return asked->body.request_body_u.scan.fragile <= FRAGILE_HERE &&
               device_table_valid(asked->body.request_body_u.scan.disks.disks_val,
                                  asked->body.request_body_u.scan.disks.disks_len);
    case OP_GONE:
        return valid_gone(&asked->body.request_body_u.gone);
    case OP_NAME:
        return asked->body.request_body_u.name.disk.slot < SLOT_COUNT;
    case OP_RELEASE:
        return asked->body.request_body_u.release.slot < SLOT_COUNT;
    case OP_LS:
        return list_files_valid(&asked->body.request_body_u.ls);
    default:
        return true;
    }
}

static bool all_absent(const requests *queue, const struct gone_args *gone)
{
    for (u_int i = 0; i < gone->slots.slots_len; i++)
        if (!device_table_absent(queue->parts.disks, gone->slots.slots_val[i]))
            return false;
    return true;
}

/* Whether what the request waits for has come. */
static bool answerable(requests *queue)
{
    const request_body *body = &queue->current.body;
    switch (body->op) {
    case OP_SCAN:
        return scan_volumes_ready(queue->parts.scan, &body->request_body_u.scan);
    case OP_GONE:
        return all_absent(queue, &body->request_body_u.gone);
    case OP_NAME:
        return device_table_ready(queue->parts.disks, body->request_body_u.name.disk.slot);
    case OP_LS:
        return list_files_ready(queue->parts.files, &body->request_body_u.ls);
    case OP_RELEASE:
        queue->released = disk_names_release(queue->parts.stock, &body->request_body_u.release);
        return queue->released != NULL;
    default:
        return true;
    }
}

static void set_message(struct done_ret *reply, const char *message)
{
    reply->message.message_val = (char *)(uintptr_t)message;
    reply->message.message_len = (u_int)strlen(message);
}

static void hello(requests *queue, struct hello_ret *reply)
{
    queue->stranger = queue->current.body.request_body_u.protocol_version != PROTOCOL_VERSION;
    reply->protocol_version = PROTOCOL_VERSION;
}

/* A module that does not load is worth a message, and not the appliance: the mount will fail. */
static void load_all(requests *queue)
{
    const char *failed = "";
    int result = kernel_modules_need_all(queue->parts.loaded, &failed);
    queue->prepared = true;
    queue->message[0] = '\0';
    if (result < 0)
        snprintf(queue->message, sizeof queue->message, "module %.512s: %s", failed,
                 strerror(-result));
    result = scan_volumes_prepare(queue->parts.scan);
    if (result < 0)
        snprintf(queue->message, sizeof queue->message, "LVM: %s", strerror(-result));
}

static void prepare(requests *queue, channel *link, struct done_ret *reply)
{
    load_all(queue);
    /* Here, and not in each appliance that is restored: loading modules announces hundreds. */
    device_table_read_events(queue->parts.disks);
    for (unsigned target = 0; target < TARGET_COUNT; target++)
        disk_queue_simplify(queue->parts.disks, target);
    if (queue->parts.prepare)
        queue->parts.prepare();
    /* The appliance will be saved. The host that calls next has restored it; the agent never hears
     * there that this host has gone. */
    renewal_expire(queue->parts.fresh);
    channel_dismiss(link);
    set_message(reply, queue->message);
}

static bool wants_fragile(const request_body *body)
{
    return (body->op == OP_SCAN && body->request_body_u.scan.fragile == FRAGILE_HERE) ||
           (body->op == OP_LS && body->request_body_u.ls.fragile == FRAGILE_HERE);
}

/* Before the agent has read a byte of a disk no module can be loaded any more; not in the template,
 * because only the first question of the appliance that comes of it says whether fragile drivers
 * are for its guest. Those are loaded when they are needed, and their guest can harm itself only.
 * 0 or -errno. */
static int settle_modules(requests *queue)
{
    const request_body *body = &queue->current.body;
    if (queue->settled || body->op == OP_HELLO || body->op == OP_RENEW || body->op == OP_PREPARE)
        return 0;
    queue->settled = true;
    if (!queue->prepared) { /* it has been booted for this question */
        load_all(queue);
        if (queue->message[0])
            fprintf(stderr, "agent: %s\n", queue->message);
    }
    return wants_fragile(body) ? 0 : kernel_modules_lock(queue->parts.loaded);
}

static void renew(requests *queue, struct done_ret *reply)
{
    const char *what;
    int result = renewal_take(queue->parts.fresh, &queue->current.body.request_body_u.renew, &what);
    queue->message[0] = '\0';
    if (result < 0)
        snprintf(queue->message, sizeof queue->message, "%s: %s", what, strerror(-result));
    set_message(reply, queue->message);
}

/* What it changes holds before the next host can come. */
static void keep(requests *queue)
{
    if (!queue->kept && queue->parts.keep)
        queue->parts.keep();
    queue->kept = true;
    queue->idle = queue->current.body.request_body_u.keep.idle;
}

static int reply(requests *queue, channel *link)
{
    const request_body *asked = &queue->current.body;
    bool more = false; /* answers to it will follow this one */
    answer out;
    queue->link = link;
    memset(&out, 0, sizeof out);
    out.serial = queue->current.serial;
    out.body.op = asked->op;
    switch (asked->op) {
    case OP_HELLO:
        hello(queue, &out.body.answer_body_u.hello);
        break;
    case OP_SCAN:
        scan_volumes_run(queue->parts.scan, &asked->request_body_u.scan, clock_now() - queue->since,
                         &out.body.answer_body_u.scan);
        queue->over = asked->request_body_u.scan.last;
        break;
    case OP_GONE:
        break;
    case OP_PREPARE:
        prepare(queue, link, &out.body.answer_body_u.prepare);
        break;
    case OP_KEEP:
        keep(queue);
        break;
    case OP_NAME:
        set_message(&out.body.answer_body_u.name,
                    disk_names_assign(queue->parts.stock, &asked->request_body_u.name));
        break;
    case OP_RELEASE:
        set_message(&out.body.answer_body_u.release, queue->released);
        break;
    case OP_LIST:
        disk_names_list(queue->parts.stock, &out.body.answer_body_u.list);
        break;
    case OP_LS:
        list_files_part(queue->parts.files, &asked->request_body_u.ls, clock_now() - queue->since,
                        &out.body.answer_body_u.ls);
        more = !out.body.answer_body_u.ls.last;
        break;
    case OP_RENEW:
        renew(queue, &out.body.answer_body_u.renew);
        break;
    case OP_REPLAY: /* no request */
        break;
    }
    if (!more)
        forget(queue);
    return channel_send(link, (xdrproc_t)xdr_answer, &out);
}

int requests_run(requests *queue, channel *link)
{
    for (;;) {
        /* A host that does not take its answers gets no more of them. */
        int result = channel_flush(link);
        if (result != 0)
            return result < 0 ? result : 0;
        if (!queue->busy) {
            result = channel_receive(link, (xdrproc_t)xdr_request, &queue->current,
                                     sizeof queue->current);
            if (result <= 0)
                return result;
            queue->busy = true;
            queue->since = clock_now();
            if (!valid(queue, &queue->current))
                return -EBADMSG;
            result = settle_modules(queue);
            if (result < 0)
                return result;
        }
        if (!answerable(queue))
            return 0;
        result = reply(queue, link);
        if (result < 0)
            return result;
    }
}
