/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run asks the agent about each of its guests. A worker puts in the guest's disks. */
#ifndef VLT_QUESTION_H
#define VLT_QUESTION_H

#include "wire/protocol.h"

struct question {
    op op;      /* OP_SCAN or OP_LS */
    ls_args ls; /* OP_LS; its disks are not looked at */
};

/* The longest that the ls_args may be, in XDR, without disks and keys: as many questions as a
 * worker has open at once, with KEYS_MAX (keys.h) each, fit into what the rpc queues
 * (WORKER_GUESTS_MAX of them in PROTOCOL_MAX_FRAME). */
#define QUESTION_MAX 65536

#endif
