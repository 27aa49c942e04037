/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends OP_LS to an agent that runs on the host, and reads its answers as text. */
#ifndef VLT_TEST_AGENT_LISTING_H
#define VLT_TEST_AGENT_LISTING_H

#include "agent-process.h"
#include "wire/listing.h"

struct agent_listing {
    struct ls_args args;
    disk disks[2];
    ls_mount mounts[2];
    ls_directory directories[4];
};

/* A disk's image has this size. */
#define QUESTION_DISK_SIZE (1 << 20)

/* An opaque of XDR: that text, which must stay. */
#define SET(field, text)                                                                           \
    do {                                                                                           \
        field##_val = (char *)(uintptr_t)(text);                                                   \
        field##_len = (u_int)strlen(text);                                                         \
    } while (0)

void agent_listing_begin(struct agent_listing *q, enum ls_order order);
void agent_listing_disk(struct agent_listing *q, unsigned slot);
void agent_listing_mount(struct agent_listing *q, const char *device, const char *where,
                         const char *options);
void agent_listing_directory(struct agent_listing *q, const char *path);
void agent_listing_ask(struct agent_process *f, const struct agent_listing *q);

struct heard {
    unsigned answers, entries, problems;
    size_t length;
    char text[65536]; /* "[0] a b !path: message", a space between items; as much as fits */
    enum status status;
    char message[MAX_MESSAGE + 1];
    char notes[4096];
};

/* All answers to the last request. */
void agent_listing_hear(struct agent_process *f, struct heard *heard);

#endif
