/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question of virt-df-live: what volumes a guest has, and how full each is (OP_SCAN). */
#ifndef VLT_QUESTION_DF_H
#define VLT_QUESTION_DF_H

#include "question.h"

extern const struct question_ops
    question_df; /* `asked`: a scan_args without disks and keys; NULL: all zeros */

/* The answer to it: status, message and volumes, none where the guest has failed. What it points to
 * stays the answer's. */
scan_ret question_df_result(const struct question_answer *answer);

#endif
