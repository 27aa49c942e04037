/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-agent.h"

#include "wire/frame.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_bytes(int fd, const void *bytes, size_t length)
{
    const char *from = bytes;
    while (length > 0) {
        ssize_t sent = send(fd, from, length, MSG_NOSIGNAL);
        if (sent < 0)
            return;
        from += sent;
        length -= (size_t)sent;
    }
}

void fake_send(int fd, const void *body, size_t length)
{
    uint32_t header = htonl((uint32_t)length);
    send_bytes(fd, &header, sizeof header);
    send_bytes(fd, body, length);
}

static void send_answer(int fd, const answer *reply)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    if (frame_encode((xdrproc_t)xdr_answer, reply, &frame, &length) == 0)
        send_bytes(fd, frame, length);
}

#define ESCAPES "\033]0;owned\007\033[2J\r\n\"<&\xff"

static volume honest_volume(u_int index, char *label)
{
    volume v = {
        .kind = VOLUME_DISK,
        .disk = index,
        .content = CONTENT_FILESYSTEM,
        .size = 4096000,
        .mounted = true,
        .clean = true,
        .usage = {4096, 1000, 500, 450, 256, 200},
    };
    v.fstype.fstype_val = (char *)"ext4";
    v.fstype.fstype_len = 4;
    v.label.label_val = label;
    v.label.label_len = (u_int)strlen(label);
    return v;
}

/* Values that decode well and are not true. */
static void falsify(answer *reply, volume *v, u_int disks, enum fake_scan how)
{
    switch (how) {
    case FAKE_LIE_SERIAL:
        reply->serial++;
        break;
    case FAKE_LIE_DISK:
        v->disk = disks;
        break;
    case FAKE_LIE_STATUS:
        reply->body.answer_body_u.scan.status = 99;
        break;
    case FAKE_LIE_NEED:
        reply->body.answer_body_u.scan.need = 99;
        break;
    case FAKE_LIE_VOLUME_STATUS:
        v->status = -1;
        break;
    case FAKE_LIE_KIND:
        v->kind = 77;
        break;
    case FAKE_LIE_NAME:
        v->name.name_len = 1;
        v->name.name_val = (char *)"x";
        break;
    case FAKE_LIE_NO_NAME:
        v->kind = VOLUME_LOGICAL;
        break;
    case FAKE_LIE_BAD_NAME:
        v->kind = VOLUME_LOGICAL;
        v->name.name_len = 5;
        v->name.name_val = (char *)"vg/\033c";
        break;
    case FAKE_LIE_MOUNTPOINT:
        v->mountpoint.mountpoint_len = 4;
        v->mountpoint.mountpoint_val = (char *)"home";
        break;
    case FAKE_LIE_CONTENT:
        v->content = -2;
        break;
    case FAKE_LIE_FREE:
        v->usage.blocks_free = v->usage.blocks + 1;
        break;
    case FAKE_LIE_AVAILABLE:
        v->usage.blocks_available = UINT64_MAX;
        break;
    case FAKE_LIE_FILES:
        v->usage.files_free = v->usage.files + 1;
        break;
    case FAKE_LIE_BLOCK_SIZE:
        v->usage.block_size = 0;
        break;
    case FAKE_LIE_BLOCK_HUGE:
        v->usage.block_size = ((uint64_t)1 << 30) + 1;
        break;
    case FAKE_LIE_OVERFLOW:
        v->usage.blocks = (uint64_t)1 << 52;
        break;
    default:
        break;
    }
}

/* A body that begins as an answer to a scan and then claims what is not there. */
static void send_claim(int fd, unsigned serial, const uint32_t *words, size_t count)
{
    uint32_t body[16] = {htonl(serial), htonl(OP_SCAN)};
    for (size_t i = 0; i < count; i++)
        body[2 + i] = htonl(words[i]);
    fake_send(fd, body, (2 + count) * sizeof *body);
}

/* Bytes that are no answer. Whether they were sent. */
static bool send_nonsense(int fd, const request *asked, enum fake_scan how)
{
    uint32_t huge = htonl(PROTOCOL_MAX_FRAME + 1);
    char garbage[300];
    memset(garbage, 0xa5, sizeof garbage);
    switch (how) {
    case FAKE_HALF:
        send_bytes(fd, "\0\0\0\x40\0\0", 6);
        return true;
    case FAKE_LIE_MILLION: /* status, no message, not truncated, volumes */
        send_claim(fd, asked->serial, (uint32_t[]){0, 0, 0, 1000000, 0}, 5);
        return true;
    case FAKE_LIE_LABEL: /* … one volume: kind, disk, partition, content, status, fstype, label */
        send_claim(fd, asked->serial,
                   (uint32_t[]){0, 0, 0, 1, 0, 0, 0, 0, 0, 0, UINT32_MAX, 0x41414141}, 12);
        return true;
    case FAKE_LIE_FRAME:
        send_bytes(fd, &huge, sizeof huge);
        return true;
    case FAKE_LIE_GARBAGE:
        fake_send(fd, garbage, sizeof garbage);
        return true;
    case FAKE_LIE_EMPTY:
        fake_send(fd, "", 0);
        return true;
    default:
        return false;
    }
}

static void send_trailing(int fd, const answer *reply)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    char longer[8192] = {0};
    if (frame_encode((xdrproc_t)xdr_answer, reply, &frame, &length) < 0 || length > 8000)
        return;
    memcpy(longer, (char *)frame + FRAME_HEADER, length - FRAME_HEADER);
    fake_send(fd, longer, length - FRAME_HEADER + 4);
}

static void send_enormous(int fd, answer *reply, const volume *like)
{
    static volume volumes[MAX_VOLUMES];
    static char message[MAX_MESSAGE];
    memset(message, 'm', sizeof message);
    for (u_int i = 0; i < MAX_VOLUMES; i++) {
        volumes[i] = *like;
        volumes[i].message.message_val = message;
        volumes[i].message.message_len = 600;
    }
    reply->body.answer_body_u.scan.volumes.volumes_val = volumes;
    reply->body.answer_body_u.scan.volumes.volumes_len = MAX_VOLUMES;
    send_answer(fd, reply);
}

static void send_replay(int fd, unsigned serial, bool_t begins)
{
    answer reply = {.serial = serial, .body = {.op = OP_REPLAY}};
    reply.body.answer_body_u.replay.begins = begins;
    send_answer(fd, &reply);
}

/* What it says of journals before its answer. It may be the last that this process does. */
static void replay(int fd, const request *asked, enum fake_scan how)
{
    bool first = asked->body.request_body_u.scan.replays == 1;
    if (how == FAKE_LIE_REPLAY)
        send_replay(fd, asked->serial + 1, true);
    if (how == FAKE_LIE_REPLAY_END)
        send_replay(fd, asked->serial, false);
    if (how != FAKE_REPLAY && how != FAKE_REPLAY_EVER && how != FAKE_REPLAYED)
        return;
    send_replay(fd, asked->serial, true);
    send_replay(fd, asked->serial, false);
    if (first && how == FAKE_REPLAY)
        return;
    if (!first)
        send_replay(fd, asked->serial, true);
    if (!first && how == FAKE_REPLAYED)
        send_replay(fd, asked->serial, false);
    for (;;)
        pause();
}

/* Whether that is all that is to be done. */
static bool fall_silent(int fd, enum fake_scan how)
{
    if (how == FAKE_DIE)
        fake_panic();
    if (how == FAKE_CLOSE)
        shutdown(fd, SHUT_RDWR);
    return how == FAKE_CLOSE || how == FAKE_HANG;
}

void fake_answer_scan(int fd, const request *asked, enum fake_scan how, uint64_t number)
{
    u_int disks = asked->body.request_body_u.scan.disks.disks_len;
    volume volumes[SLOT_COUNT];
    char label[64] = ESCAPES;
    answer reply = {.serial = asked->serial, .body = {.op = OP_SCAN}};
    if (fall_silent(fd, how) || send_nonsense(fd, asked, how))
        return;
    replay(fd, asked, how);
    if (how != FAKE_ESCAPES)
        snprintf(label, sizeof label, "guest-%ju", (uintmax_t)number);
    for (u_int i = 0; i < disks; i++)
        volumes[i] = honest_volume(i, label);
    reply.body.answer_body_u.scan.volumes.volumes_val = volumes;
    reply.body.answer_body_u.scan.volumes.volumes_len = disks;
    falsify(&reply, &volumes[disks - 1], disks, how);
    if (how == FAKE_GREEDY ||
        (how == FAKE_ALONE && asked->body.request_body_u.scan.fragile != FRAGILE_HERE))
        reply.body.answer_body_u.scan.need = NEED_ALONE;
    if (how == FAKE_MORE || (how == FAKE_MEMORY && asked->body.request_body_u.scan.larger))
        reply.body.answer_body_u.scan.need = NEED_MEMORY;
    if (how == FAKE_ENORMOUS)
        send_enormous(fd, &reply, &volumes[0]);
    else if (how == FAKE_LIE_TRAILING)
        send_trailing(fd, &reply);
    else if (how == FAKE_LIE_OP)
        send_answer(fd, &(answer){.serial = asked->serial, .body = {.op = OP_GONE}});
    else
        send_answer(fd, &reply);
    if (how == FAKE_LIE_UNSOLICITED)
        reply.serial++;
    if (how == FAKE_LIE_TWICE || how == FAKE_LIE_UNSOLICITED)
        send_answer(fd, &reply);
}

void fake_answer_list(int fd, const request *asked, struct listed *disks, u_int count)
{
    answer reply = {.serial = asked->serial, .body = {.op = OP_LIST}};
    reply.body.answer_body_u.list.disks.disks_val = disks;
    reply.body.answer_body_u.list.disks.disks_len = count;
    send_answer(fd, &reply);
}

void fake_answer_other(int fd, const request *asked, const char *message)
{
    answer reply = {.serial = asked->serial, .body = {.op = asked->body.op}};
    if (asked->body.op == OP_HELLO) {
        reply.body.answer_body_u.hello = (hello_ret){.protocol_version = PROTOCOL_VERSION};
    } else {
        done_ret *done = &reply.body.answer_body_u.gone; /* the others' is the same */
        done->message.message_val = (char *)(uintptr_t)message;
        done->message.message_len = (u_int)strlen(message);
    }
    send_answer(fd, &reply);
}
