/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question of virt-ls: what files there are in directories of a guest (OP_LS). */
#ifndef VLT_QUESTION_LS_H
#define VLT_QUESTION_LS_H

#include "question.h"

/* Bytes of one guest's listing. A hostile agent must not fill the disk; ten million files with
 * names of usual length are a third of it. */
#define QUESTION_LS_MAX ((uint64_t)4 << 30)

/* What `asked` points to. */
struct question_ls_asked {
    ls_args args;         /* at most QUESTION_MAX bytes in XDR; its disks and keys are not used */
    uint64_t listing_max; /* bytes of one guest's listing; 0: QUESTION_LS_MAX */
};

extern const struct question_ops question_ls;

/* The answer to it. */
struct question_ls_result {
    spool *listing;    /* what listing_reader reads: checked items; NULL: none */
    const char *notes; /* lines, for -v; not terminated */
    size_t notes_length;
};

/* All zero bytes where the guest has failed. What it points to stays the answer's. */
struct question_ls_result question_ls_result(const struct question_answer *answer);

#endif
