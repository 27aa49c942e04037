/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent-wire.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

int agent_wire_set_up(void **state)
{
    struct agent_wire *wire = calloc(1, sizeof *wire);
    int pair[2];
    signal(SIGPIPE, SIG_IGN);
    if (!wire || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    wire->host = agent_client_new(pair[0], NULL);
    wire->agent = pair[1];
    wire->reader = frame_reader_new();
    *state = wire;
    return wire->host && wire->reader ? 0 : -1;
}

int agent_wire_tear_down(void **state)
{
    struct agent_wire *wire = *state;
    agent_client_free(wire->host);
    frame_reader_free(wire->reader);
    if (wire->agent >= 0)
        close(wire->agent);
    free(wire);
    return 0;
}

request agent_wire_hear(struct agent_wire *wire)
{
    request asked = {0};
    const void *body;
    size_t length;
    while (frame_reader_next(wire->reader, &body, &length) == 0) {
        int got = frame_reader_fill(wire->reader, wire->agent);
        assert_true(got > 0);
        frame_reader_called(wire->reader, (size_t)got);
    }
    assert_int_equal(frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, length), 0);
    return asked;
}
