/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "requests.h"
#include <string.h>
#include <sys/utsname.h>

struct requests {
    devices *disks;
    modules *loaded;
    scanner *scan;
    bool busy;     /* current is a request without its answer */
    bool stranger; /* the last HELLO was of another version: nothing else can be understood */
    uint64_t since;
    request current;
    struct utsname kernel;
    char message[MAX_MESSAGE];
};

requests *requests_new(devices *disks, modules *loaded, scanner *scan)
{
    requests *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    queue->disks = disks;
    queue->loaded = loaded;
    queue->scan = scan;
    uname(&queue->kernel);
    return queue;
}

void requests_drop(requests *queue)
{
    if (queue->busy)
        xdr_free((xdrproc_t)xdr_request, &queue->current);
    memset(&queue->current, 0, sizeof queue->current);
    queue->busy = queue->stranger = false;
}

void requests_free(requests *queue)
{
    if (!queue)
        return;
    requests_drop(queue);
    free(queue);
}

static bool valid(const requests *queue, const request *asked)
{
    const struct gone_args *gone = &asked->body.request_body_u.gone;
    if (queue->stranger && asked->body.op != OP_HELLO)
        return false;
    if (asked->body.op == OP_SCAN)
        return scan_args_valid(&asked->body.request_body_u.scan);
    if (asked->body.op != OP_GONE)
        return true;
    for (u_int i = 0; i < gone->slots.slots_len; i++)
        if (gone->slots.slots_val[i] >= SLOT_COUNT)
            return false;
    return true;
}

/* Whether what the request waits for has come. */
static bool answerable(const requests *queue)
{
    const struct gone_args *gone = &queue->current.body.request_body_u.gone;
    if (queue->current.body.op == OP_SCAN)
        return scanner_ready(queue->scan, &queue->current.body.request_body_u.scan);
    if (queue->current.body.op == OP_GONE)
        for (u_int i = 0; i < gone->slots.slots_len; i++)
            if (!devices_absent(queue->disks, gone->slots.slots_val[i]))
                return false;
    return true;
}

static void hello(requests *queue, struct hello_ret *reply)
{
    queue->stranger = queue->current.body.request_body_u.protocol_version != PROTOCOL_VERSION;
    reply->protocol_version = PROTOCOL_VERSION;
    reply->kernel.kernel_val = queue->kernel.release;
    reply->kernel.kernel_len = (u_int)strlen(queue->kernel.release);
    reply->prepared = modules_locked(queue->loaded);
}

/* A module that does not load is worth a message, and not the appliance: the mount will fail. It is
 * locked in any case. */
static void prepare(requests *queue, struct done_ret *reply)
{
    const char *failed = "";
    int result = modules_need_all(queue->loaded, &failed);
    queue->message[0] = '\0';
    if (result < 0)
        snprintf(queue->message, sizeof queue->message, "module %.512s: %s", failed,
                 strerror(-result));
    result = modules_lock(queue->loaded);
    if (result < 0)
        snprintf(queue->message, sizeof queue->message, "lock modules: %s", strerror(-result));
    reply->message.message_val = queue->message;
    reply->message.message_len = (u_int)strlen(queue->message);
}

static int reply(requests *queue, channel *link)
{
    answer out;
    memset(&out, 0, sizeof out);
    out.serial = queue->current.serial;
    out.body.op = queue->current.body.op;
    switch (out.body.op) {
    case OP_HELLO:
        hello(queue, &out.body.answer_body_u.hello);
        break;
    case OP_SCAN:
        scanner_run(queue->scan, &queue->current.body.request_body_u.scan,
                    scan_now() - queue->since, &out.body.answer_body_u.scan);
        break;
    case OP_GONE:
        break;
    case OP_PREPARE:
        prepare(queue, &out.body.answer_body_u.prepare);
        break;
    }
    xdr_free((xdrproc_t)xdr_request, &queue->current);
    memset(&queue->current, 0, sizeof queue->current);
    queue->busy = false;
    return channel_send(link, &out);
}

int requests_run(requests *queue, channel *link)
{
    for (;;) {
        /* A host that does not take its answers gets no more of them. */
        int result = channel_flush(link);
        if (result != 0)
            return result < 0 ? result : 0;
        if (!queue->busy) {
            result = channel_receive(link, &queue->current);
            if (result <= 0)
                return result;
            queue->busy = true;
            queue->since = scan_now();
            if (!valid(queue, &queue->current))
                return -EBADMSG;
        }
        if (!answerable(queue))
            return 0;
        result = reply(queue, link);
        if (result < 0)
            return result;
    }
}
