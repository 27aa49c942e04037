/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An agent_client, and the other end of its wire, where a test plays the agent. */
#ifndef VLT_TEST_AGENT_WIRE_H
#define VLT_TEST_AGENT_WIRE_H

#include "appliance/agent-client.h"
#include "wire/frame.h"

struct agent_wire {
    agent_client *host;
    int agent; /* -1: closed */
    frame_reader *reader;
};

/* A test's fixture: its state is a new struct agent_wire. */
int agent_wire_set_up(void **state);
int agent_wire_tear_down(void **state);

/* The next question, as the agent reads it; the caller frees it (xdr_free()). */
request agent_wire_hear(struct agent_wire *wire);

#endif
