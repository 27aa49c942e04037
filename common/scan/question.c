/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "question.h"

#include "worker.h"

/* Of a frame's header, and of a request's serial, op and number of disks and keys. */
#define REQUEST_OVERHEAD (5 * 4)
/* Of a disk: slot, size, and a serial with its length. */
#define DISK_XDR (4 + 8 + 4 + MAX_SERIAL)

_Static_assert(MAX_SERIAL % 4 == 0, "XDR pads bytes to words");
_Static_assert(
    WORKER_GUESTS_MAX *(REQUEST_OVERHEAD + SLOT_COUNT * DISK_XDR + KEYS_MAX + QUESTION_MAX) <=
        PROTOCOL_MAX_FRAME,
    "the questions about all guests of a worker fit into the queue of the agent's client");

int question_ask(const struct question *self, const struct question_disks *disks,
                 agent_client *agent, error **err)
{
    request_body body = {.op = self->ops->request.op};
    self->ops->encode(self->asked, disks, &body);
    return agent_client_ask(agent, &self->ops->request, &body, disks->count, err);
}

bool question_continues(const struct question *self, const answer_body *told)
{
    if (self->ops->request.replays && told->op == OP_REPLAY)
        return true;
    return self->ops->request.continues && self->ops->request.continues(told);
}

void question_answer_clear(struct question_answer *self)
{
    if (self->content)
        self->free_content(self->content);
    free(self->message);
    *self = (struct question_answer){0};
}
