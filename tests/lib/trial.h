/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the supervisor over a scripted hypervisor, in a process of its own, and keeps the results.
 * Use as a cmocka fixture: trial_set_up, trial_tear_down; the latter fails when the run left a
 * process or a file behind. */
#ifndef VLT_TEST_TRIAL_H
#define VLT_TEST_TRIAL_H

#include "fake-hypervisor.h"
#include "scan/supervisor.h"

#define TRIAL_ANSWERS 4096

struct trial_answer {
    uint64_t guest;
    enum status status;
    uint64_t elapsed;
    unsigned volumes;
    unsigned entries; /* of its listing … */
    bool ordered;     /* which are all there from the first, in order, once each */
    char notes[64];   /* of a listing, or what a test's own question has */
    char label[64];
    char message[200];
};

struct trial {
    /* In. */
    struct supervisor_config config; /* asks question_df */
    /* Reads an answer, besides status and message: trial_read_volumes() by default, for
     * question_df. */
    void (*read)(struct trial_answer *seen, const struct question_answer *answer);
    unsigned stop_at;   /* the client fails at so many answers; 0: never */
    unsigned signal_at; /* SIGTERM at so many answers; 0: never */
    bool starved;       /* between its first and sixth answer no file can be opened */
    unsigned slow;      /* microseconds that the client takes for the first answer */
    int patience;       /* milliseconds that trial_wait() waits; 0: 120000 */
    char directory[64];
    guest_list *guests; /* the run's */

    /* Out; in shared memory. */
    bool ended; /* supervisor_run() came back */
    enum supervisor_end end;
    int signal;
    char error[400];
    char log[400];      /* the last line, of any level */
    char verbose[4000]; /* the lines of LOG_VERBOSE, as far as there is room */
    struct supervisor_stats stats;
    size_t memory;      /* KiB that were resident at most (VmHWM) */
    uint64_t processor; /* nanoseconds that the supervisor itself used of one */
    uint64_t user_time; /* … of them not in the kernel */
    atomic_uint answer_count;
    struct trial_answer answers[TRIAL_ANSWERS];

    pid_t pid;
};

void trial_read_volumes(struct trial_answer *seen, const struct question_answer *answer);
/* … for question_ls, with what fake-lister.h says. */
void trial_read_listing(struct trial_answer *seen, const struct question_answer *answer);

int trial_set_up(void **state);
int trial_tear_down(void **state);

/* Makes `count` guests of one image each, numbered from the last. */
void trial_guests(struct trial *self, unsigned count);
/* The same, in a directory below; NULL: none. */
void trial_guests_in(struct trial *self, unsigned count, const char *below);
/* One guest with so many images. */
void trial_big_guest(struct trial *self, unsigned images);
/* One that is number `number` for the script: an export of the NBD server at that socket. */
void trial_remote_guest(struct trial *self, const char *socket, unsigned number);
/* A guest whose image is that path. */
void trial_guest(struct trial *self, const char *path);
/* The path of a guest's (first) image; the buffer is overwritten by the next call. */
const char *trial_image(struct trial *self, unsigned guest, const char *below);
unsigned trial_count(const struct trial *self); /* guests so far */

void trial_start(struct trial *self);
/* Waits until it has ended; fails after two minutes, or what `patience` says. */
void trial_wait(struct trial *self);
void trial_run(struct trial *self); /* both */

/* Fails unless each guest was answered for exactly once, in order, and the run was done. */
void trial_assert_complete(const struct trial *self);
/* … and all well, but for the guests of which `but` (NULL: none) says otherwise. */
void trial_assert_all_ok(const struct trial *self, bool (*but)(unsigned guest));

/* Appliances that disks were attached to. */
unsigned trial_appliances(void);
/* Whether the two ever were in one appliance. */
bool trial_shared(unsigned a, unsigned b);

/* Direct children of `parent` with that name (fake-qemu, vlt-worker; NULL: any): how many, and up
 * to `room` of their pids. */
size_t trial_children(pid_t parent, const char *name, pid_t *pids, size_t room);

#endif
