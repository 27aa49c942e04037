/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A question that no command asks: how many bytes has each disk of a guest? It uses only the table
 * of question.h, as a new command's question would. The agent is asked which disks there are
 * (OP_LIST), so each guest has to have an appliance for itself. */
#ifndef VLT_TEST_QUESTION_SIZES_H
#define VLT_TEST_QUESTION_SIZES_H

#include "scan/question.h"

extern const struct question_ops question_sizes; /* `asked` is NULL */

/* The answer: bytes of each disk, in the order of their slots. They stay the answer's. */
struct question_sizes_result {
    const uint64_t *sizes;
    size_t count;
};

/* All zero bytes where the guest has failed. */
struct question_sizes_result question_sizes_result(const struct question_answer *answer);

#endif
