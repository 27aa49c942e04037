/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an agent says, to a real host's end: the first byte is the question that was asked (op), the
 * rest is its answer's body after the serial; or, with the byte's highest bit, the stream as it is.
 * What is let through is what an honest agent could say. clang -fsanitize=fuzzer, or with replay.c.
 */
#include "appliance/agent-client.h"
#include "scan/question-df.h"
#include "scan/question-ls.h"
#include "wire/frame.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DISKS 2
#define BODY_MAX 65536

static int ask(agent_client *host, unsigned op)
{
    static disk asked[DISKS];
    static const struct question_ls_asked list;
    const struct question scan = {&question_df, NULL}, ls = {&question_ls, &list};
    const struct question_disks disks = {asked, DISKS, {0}, false, false, false, ALL_REPLAYS};
    switch (op) {
    case OP_SCAN:
        return question_ask(&scan, &disks, host, NULL);
    case OP_PREPARE:
        return agent_client_prepare(host, NULL);
    case OP_LIST:
        return agent_client_list(host, NULL);
    case OP_LS:
        return question_ask(&ls, &disks, host, NULL);
    case OP_RENEW:
        return agent_client_renew(host, NULL);
    default:
        return agent_client_hello(host, NULL);
    }
}

/* The question's serial, as it is on the wire: behind the call, if there is one, and the length. */
static int hear_serial(int agent, uint32_t *serial)
{
    AUTO_FREE uint8_t *bytes = malloc(BODY_MAX);
    ssize_t got = bytes ? read(agent, bytes, BODY_MAX) : -1;
    size_t at = got > 4 && memcmp(bytes, "\xff", 1) == 0 ? FRAME_CALL_LENGTH : 0;
    if (got < 0 || (size_t)got < at + 2 * FRAME_HEADER)
        return -1;
    memcpy(serial, bytes + at + FRAME_HEADER, sizeof *serial);
    return 0;
}

static void check(const answer *reply)
{
    if (reply->body.op == OP_SCAN) {
        const scan_ret *result = &reply->body.answer_body_u.scan;
        for (u_int i = 0; i < result->volumes.volumes_len; i++)
            if (result->volumes.volumes_val[i].disk >= DISKS ||
                memchr(result->volumes.volumes_val[i].name.name_val, 0,
                       result->volumes.volumes_val[i].name.name_len))
                abort();
    } else if (reply->body.op == OP_LIST) {
        const list_ret *result = &reply->body.answer_body_u.list;
        for (u_int i = 0; i < result->disks.disks_len; i++)
            if (result->disks.disks_val[i].disk.slot >= SLOT_COUNT)
                abort();
    }
}

static void say(int agent, uint32_t serial, const uint8_t *data, size_t size)
{
    uint32_t length = htonl((uint32_t)(size + sizeof serial));
    if (write(agent, &length, sizeof length) < 0 || write(agent, &serial, sizeof serial) < 0 ||
        write(agent, data, size) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2], got;
    uint32_t serial;
    if (size == 0 || size > BODY_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 0;
    AUTO_FD int agent = pair[1];
    AUTO_AGENT_CLIENT agent_client *host = agent_client_new(pair[0], NULL);
    if (!host || ask(host, data[0] & 0x7f) < 0 || agent_client_flush(host, NULL) < 0 ||
        hear_serial(agent, &serial) < 0)
        abort();
    if (!(data[0] & 0x80))
        say(agent, serial, data + 1, size - 1);
    else if (write(agent, data + 1, size - 1) < 0)
        abort();
    shutdown(agent, SHUT_WR);
    while (agent_client_fill(host, NULL) == 0) {
        answer reply;
        while ((got = agent_client_next(host, &reply, NULL)) > 0) {
            check(&reply);
            agent_client_answer_clear(&reply);
        }
        if (got < 0)
            return 0;
    }
    return 0;
}
