/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted agent's answer to a request for a listing: the truth in several parts, half of it, or
 * a lie. Names are "gGUEST-eNUMBER", so a reader can tell which are missing. */
#ifndef VLT_TEST_FAKE_LISTER_H
#define VLT_TEST_FAKE_LISTER_H

#include "wire/protocol.h"
#include <stdint.h>

enum fake_ls {
    FAKE_LS_OK,
    FAKE_LS_STATUS, /* all of it, and that the guest is unsupported */

    /* After half of the parts: */
    FAKE_LS_DIE,
    FAKE_LS_HANG,
    FAKE_LS_CLOSE,

    FAKE_LS_FIRST_LIE,
    FAKE_LS_LIE_NO_DIRECTORY = FAKE_LS_FIRST_LIE, /* an entry before a directory */
    FAKE_LS_LIE_DIRECTORY,                        /* one that was not asked for */
    FAKE_LS_LIE_TWICE,                            /* a directory again */
    FAKE_LS_LIE_KIND,
    FAKE_LS_LIE_ABSOLUTE, /* paths that lead elsewhere … */
    FAKE_LS_LIE_UP,
    FAKE_LS_LIE_SLASH, /* … or below, where names were asked for */
    FAKE_LS_LIE_NUL,
    FAKE_LS_LIE_NAMELESS,
    FAKE_LS_LIE_TARGET, /* of a regular file */
    FAKE_LS_LIE_DIGEST, /* that was not asked for */
    FAKE_LS_LIE_NANOSECONDS,
    FAKE_LS_LIE_CUT,     /* an item that goes on in the next part */
    FAKE_LS_LIE_CLAIM,   /* claims a path of 4 GiB */
    FAKE_LS_LIE_STATUS,  /* one that does not exist */
    FAKE_LS_LIE_SERIAL,  /* a part of another answer */
    FAKE_LS_LIE_OP,      /* … of another kind */
    FAKE_LS_LIE_PROBLEM, /* with a path that leads elsewhere */
    FAKE_LS_LIE_MORE,    /* a part behind the last one */
    FAKE_LS_LAST_LIE = FAKE_LS_LIE_MORE
};

struct fake_listing {
    enum fake_ls how;
    unsigned parts;   /* before the last one, which has no items */
    unsigned entries; /* a part; fewer than FAKE_LS_ENTRIES */
    unsigned pause;   /* before each part, microseconds */
    unsigned after;   /* so many others: fake_script->listings */
};

/* A part that is as full as it may be has some more; each entry of it takes so many bytes. */
#define FAKE_LS_ENTRIES 1024
#define FAKE_LS_BYTES 256

/* `honest`: whatever `listing` says. */
void fake_answer_ls(int fd, const request *asked, const struct fake_listing *listing, int honest,
                    uint64_t number);

#endif
