/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A question: what a run asks the agent about each of its guests, as a table of operations.
 *
 * Workers and the supervisor know this table and nothing of what is asked. A question is a file of
 * its own that has such a table (question-df.c, question-ls.c), and a command names it in one line:
 *
 *     options->config.question = (struct question){&question_df, NULL};
 *
 * The worker puts the guest's disks and the keys of the run into a request and passes the agent's
 * answers on as they come. The supervisor checks each answer again, because an image may have taken
 * over the worker as well as the agent, and takes from it what is to be kept until the guest's turn
 * to be printed has come. */
#ifndef VLT_QUESTION_H
#define VLT_QUESTION_H

#include "appliance/agent-client.h"
#include "spool.h"

/* Bytes of a request in XDR, at most, without its disks and keys: then the requests about
 * WORKER_GUESTS_MAX guests fit into what the agent's client queues (question.c). */
#define QUESTION_MAX 65536

/* The disks of a guest, as the appliance has them, and the keys of the run. Borrowed. */
struct question_disks {
    disk *disks;
    u_int count; /* 1 to SLOT_COUNT */
    key_list keys;
    bool alone;    /* no other guest was in the appliance, nor will be */
    bool larger;   /* there are appliances with more memory */
    bool last;     /* the appliance is asked nothing else */
    u_int replays; /* as in scan_args */
};

/* What has come of a guest's answer. Begins as all zero bytes. */
struct question_answer {
    need
        need; /* not NEED_NOTHING: the guest is for another appliance, and the rest means nothing */
    enum status status;
    char *message; /* bytes as they came, not terminated; NULL: none */
    u_int message_length;
    scan_times times;
    void *content;                       /* the question's own; NULL: none */
    void (*free_content)(void *content); /* set where content is */
    uint64_t bytes;                      /* of content in memory, as far as no spool counts them */
};

struct question_ops {
    /* The request, and what its answers must be like. */
    struct agent_client_kind request;
    /* Fills the request's body, whose op is set, with what it borrows from both. `asked` is that
     * of struct question. */
    void (*encode)(const void *asked, const struct question_disks *disks, request_body *body);
    /* In the supervisor, of each answer in its order, when request.check() has let it through. May
     * take memory out of *told: what it takes is NULL there afterwards. With the last answer it
     * sets need, status, message and times. Longer contents go into spools of `room`. 0; -1 and
     * *err: of ERROR_APPLIANCE, and the agent is believed no more; of another kind, and that is
     * what the guest is answered with. */
    int (*take)(const void *asked, struct spool_room *room, answer_body *told,
                struct question_answer *answer, error **err);
};

/* The question of a run. */
struct question {
    const struct question_ops *ops;
    const void *asked; /* what exactly: as ops says; must last as long as the run. NULL: nothing */
};

/* Asks the agent. 0 or -1 and *err. */
int question_ask(const struct question *self, const struct question_disks *disks,
                 agent_client *agent, error **err);
/* Whether further answers about the same guest follow this one, as they do OP_REPLAY. */
bool question_continues(const struct question *self, const answer_body *told);

/* Frees what it has; it is all zero bytes afterwards. */
void question_answer_clear(struct question_answer *self);

#endif
