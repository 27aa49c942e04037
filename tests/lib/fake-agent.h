/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted agent's answers about disks: the truth, nothing, or one of many lies. */
#ifndef VLT_TEST_FAKE_AGENT_H
#define VLT_TEST_FAKE_AGENT_H

#include "wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

enum fake_scan {
    FAKE_OK,
    FAKE_ESCAPES,  /* the truth, with terminal escapes in every string */
    FAKE_ENORMOUS, /* the truth, and nearly as long as a frame can be */
    FAKE_ALONE,    /* that the guest needs an appliance for itself; where it has one, the truth */
    FAKE_MEMORY,   /* that it takes more memory; where there is no more, the truth */
    FAKE_MORE,     /* … also where there is no more */
    FAKE_GREEDY,   /* … also where it has one */
    FAKE_REPLAY, /* that it replays a second journal, for ever; where that is left alone, the truth
                  */
    FAKE_REPLAY_EVER, /* … for ever in any case */
    FAKE_REPLAYED,    /* that both are replayed; then nothing */

    FAKE_DIE,   /* QEMU vanishes */
    FAKE_HANG,  /* no answer, for ever */
    FAKE_CLOSE, /* closes the channel and lives on */
    FAKE_HALF,  /* half an answer, then nothing */

    FAKE_FIRST_LIE,
    FAKE_LIE_SERIAL = FAKE_FIRST_LIE, /* answers another request */
    FAKE_LIE_REPLAY,                  /* replays a journal for another request */
    FAKE_LIE_OP,                      /* … of another kind */
    FAKE_LIE_DISK,                    /* a disk that it was not asked about */
    FAKE_LIE_STATUS,                  /* a status that does not exist, of the guest */
    FAKE_LIE_NEED,                    /* a need that does not exist */
    FAKE_LIE_VOLUME_STATUS,           /* … of a volume */
    FAKE_LIE_KIND,
    FAKE_LIE_NAME,       /* a partition with a name */
    FAKE_LIE_NO_NAME,    /* a logical volume without */
    FAKE_LIE_BAD_NAME,   /* … with one that would be more than a name on a terminal */
    FAKE_LIE_MOUNTPOINT, /* one that is no path */
    FAKE_LIE_CONTENT,
    FAKE_LIE_FREE, /* more free than there is */
    FAKE_LIE_AVAILABLE,
    FAKE_LIE_FILES,
    FAKE_LIE_BLOCK_SIZE, /* 0 */
    FAKE_LIE_BLOCK_HUGE,
    FAKE_LIE_OVERFLOW, /* more bytes than fit into 64 bits */
    FAKE_LIE_MILLION,  /* claims a million volumes */
    FAKE_LIE_LABEL,    /* claims a label of 4 GiB */
    FAKE_LIE_FRAME,    /* a frame longer than any may be */
    FAKE_LIE_GARBAGE,
    FAKE_LIE_EMPTY,       /* a frame of no bytes */
    FAKE_LIE_TRAILING,    /* an answer with more bytes behind it */
    FAKE_LIE_TWICE,       /* the answer, and again */
    FAKE_LIE_UNSOLICITED, /* the answer, and one to a question yet to come */
    FAKE_LIE_REPLAY_END,  /* ends to replay what it has not begun */
    FAKE_LAST_LIE = FAKE_LIE_REPLAY_END
};

/* In the process that plays QEMU: its kernel panics, on its console, and QEMU ends. */
#define FAKE_LAST_WORDS "Kernel panic - not syncing: \033[31mthe script says so"
_Noreturn void fake_panic(void);

/* Sends the answer to an OP_SCAN, to fd, about the guest that calls itself by that number. Ends
 * this process for FAKE_DIE; closes the fd for FAKE_CLOSE. */
void fake_answer_scan(int fd, const request *asked, enum fake_scan how, uint64_t number);

/* Sends that list as the answer to an OP_LIST. */
void fake_answer_list(int fd, const request *asked, struct listed *disks, u_int count);

/* Sends the answer to anything else; `message` where the answer has one. */
void fake_answer_other(int fd, const request *asked, const char *message);

/* Sends a frame with that body. */
void fake_send(int fd, const void *body, size_t length);

#endif
