/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted hypervisor: behind the operations table stands a process that plays QEMU and the agent
 * in it, and does what the script says at each point.
 *
 * A disk's image begins with a decimal number: the guest that it belongs to, whose behaviour the
 * script looks up. The script is shared memory and workers are forked, so that a test can read
 * afterwards what happened in all of them. */
#ifndef VLT_FAKE_HYPERVISOR_H
#define VLT_FAKE_HYPERVISOR_H

#include "fake-agent.h"
#include "hypervisor.h"
#include <stdatomic.h>

#define FAKE_GUESTS 4096
#define FAKE_RECORDS 65536

/* Where something can go otherwise than well. */
enum fake_point {
    FAKE_NEW,     /* making the hypervisor */
    FAKE_LAUNCH,  /* hypervisor_ops … */
    FAKE_CHANNEL, /* open_channel */
    FAKE_HELLO,   /* the agent's first answer */
    FAKE_ATTACH,
    FAKE_APPEAR, /* the agent sees the disk; failing is not seeing it */
    FAKE_DETACH,
    FAKE_REMOVE, /* the event that says that the disk is removed; failing is not saying so */
    FAKE_GONE,   /* the agent's answer to OP_GONE */
    FAKE_SAVE,
    FAKE_END,
    FAKE_POINT_COUNT
};

enum fake_act {
    FAKE_SUCCEED,
    FAKE_FAIL,   /* an error */
    FAKE_STAY,   /* for ever */
    FAKE_VANISH, /* the process at that point kills itself: the worker, or QEMU for agent points */
    FAKE_PAUSE   /* that process stops until somebody sends SIGCONT */
};

/* What to do at a point: from call `first` on, `count` times (0: always). */
struct fake_step {
    enum fake_act act;
    unsigned first, count;
};

/* What a worker that an image has taken over says to the supervisor, as soon as it is given the
 * guest's first disk. */
enum fake_worker {
    FAKE_WORKER_HONEST,
    FAKE_WORKER_EARLY,   /* an outcome for a guest that it has not been told to scan */
    FAKE_WORKER_STATUS,  /* an outcome with a status that does not exist */
    FAKE_WORKER_OTHER,   /* an outcome for a guest that it was never given */
    FAKE_WORKER_GARBAGE, /* a report that is none */
    FAKE_WORKER_HUGE,    /* a frame that is too long */
    FAKE_WORKER_READY,   /* ready, again */
    FAKE_WORKER_EMPTIED, /* emptied, unasked */
    FAKE_WORKER_SAVED,   /* a template, where none was wanted */
    FAKE_WORKER_FAILED,  /* failed, without a word */
    FAKE_WORKER_ENDED,   /* nothing: it exits */
    FAKE_WORKER_COUNT
};

struct fake_guest {
    enum fake_scan scan;
    enum fake_act attach; /* FAKE_PAUSE is not for this one */
    enum fake_worker worker;
    unsigned times; /* after so many times it is well-behaved; 0: never */
};

struct fake_record {
    unsigned appliance, slot, guest;
};

struct fake_script {
    struct fake_step steps[FAKE_POINT_COUNT];
    struct fake_guest guests[FAKE_GUESTS];
    unsigned delay;       /* of each answer, microseconds */
    unsigned start_delay; /* of launch */

    /* What happened. */
    atomic_uint calls[FAKE_POINT_COUNT];
    atomic_uint misbehaved[FAKE_GUESTS];
    atomic_uint scans[FAKE_GUESTS]; /* questions about the guest that an agent received */
    atomic_uint record_count;       /* of attached disks … */
    struct fake_record records[FAKE_RECORDS];
    atomic_uint mistakes; /* questions about disks that are not there, slots used twice, … */
};

/* What the factory's hypervisors follow; set before the factory is called. In shared memory. */
extern struct fake_script *fake_script;

/* A script in which all goes well. */
struct fake_script *fake_script_new(void);
void fake_script_free(struct fake_script *script);

/* A hypervisor_factory. */
hypervisor *fake_hypervisor_new(const char *root, hypervisor_trace trace, void *data, error **err);

/* For the fake's own files: counts a call, and does what has to be done there. Whether it succeeds.
 */
bool fake_step(enum fake_point point);
/* Whether the guest misbehaves this time. */
bool fake_misbehaves(unsigned guest);
/* A disk as the pretended QEMU is told of it. */
struct fake_disk {
    bool attach; /* false: detach */
    unsigned slot, guest;
    uint64_t size;
    char serial[MAX_SERIAL + 1];
};
/* The process that plays QEMU. */
_Noreturn void fake_qemu(int channel, int events);
/* The worker's lies; `reports` is its socket to the supervisor. */
void fake_worker_lie(int reports, unsigned guest, enum fake_worker how);

#endif
