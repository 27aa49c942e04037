/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests in, answers out, in the same order. The supervisor owns the workers, the deadlines and the
 * order. It answers for every guest exactly once, also when workers or appliances die. */
#ifndef VLT_SUPERVISOR_H
#define VLT_SUPERVISOR_H

#include "appliance/hypervisor.h"
#include "guest/guest-list.h"
#include "question.h"
#include "remote/backup.h"

/* Appliances that work at once, at most. */
#define SUPERVISOR_PARALLEL_MAX 64

/* Which guests may share an appliance. */
enum isolation {
    ISOLATE_NONE,      /* all */
    ISOLATE_OWNER,     /* those whose images belong to the same user and group */
    ISOLATE_DIRECTORY, /* … and lie in the same directory */
    ISOLATE_GUEST      /* each has one to itself */
};

/* The answer for one guest. */
struct guest_answer {
    const struct guest *guest;
    const struct question_answer *answer; /* the question's functions read its content */
    uint64_t elapsed; /* microseconds, from its turn to its answer; 0 where it had no turn */
    bool owned;       /* all of its images are files here, and belong to this user and group */
    uid_t uid;
    gid_t gid;
    const char *directory; /* of all of them, as named; "": none was named. NULL: there is no one */
};

enum supervisor_log {
    LOG_WARNING, /* the user has to know; said once */
    LOG_VERBOSE, /* -v */
    LOG_TRACE    /* -x: calls to libvirt */
};

/* What calls back. Called in this process, never from a signal handler; text is bytes as they came
 * (text_escape() before a terminal sees them). */
struct supervisor_client {
    void *data;
    /* In the order of the list. 0; 1: the guest has failed, in whole or in part; -1 and *err ends
     * the run (stdout is gone). */
    int (*answer)(void *data, const struct guest_answer *answer, error **err);
    void (*log)(void *data, enum supervisor_log level, const char *text);
    /* May be NULL. total is 0 while it is not known. */
    void (*progress)(void *data, uint64_t answered, uint64_t total);
    /* The user wants to know now, by SIGUSR1. */
    void (*progress_asked)(void *data, uint64_t answered, uint64_t total);
};

struct supervisor_config {
    enum isolation isolation;
    enum backing_policy backing;
    const char *snapshot; /* of each image, which is a qcow2; NULL: as they are */
    unsigned wave;        /* disks in an appliance at once, 1-SLOT_COUNT */
    /* Appliances at once, at most SUPERVISOR_PARALLEL_MAX; 0: from cores and memory. */
    unsigned parallel;
    /* Seconds for one guest, from its turn to the last of its answer; 0: no limit. */
    unsigned timeout;
    unsigned memory_mib;      /* of an appliance; 0: the default, and it needs less */
    bool memory_fixed;        /* no appliance has more, whatever a guest takes */
    const char *accel;        /* "kvm", "tcg", or NULL: what works */
    const char *appliance;    /* directory, or NULL: the built-in one */
    bool hotplug;             /* the appliance that commands can run in (appliance.h) */
    bool trace;               /* log calls to the hypervisor */
    struct question question; /* asked about each guest */
    const key_list *keys;     /* for what is encrypted; NULL: none */
    /* Who makes backups of guests that are live, and of which hypervisor (NULL: the default one).
     * NULL: no backups are made. */
    const struct backup_ops *backups;
    const char *backups_uri;
    /* What the appliances run on. With one that saves nothing no appliance is looked for and no
     * template made. */
    const struct hypervisor_driver *driver;
};

/* What a run took: --stats, docs/performance.md. Times are microseconds, summed over guests or
 * appliances. */
struct supervisor_stats {
    uint64_t guests, images, failed;
    uint64_t waves; /* appliances, or their emptied reuse, that scanned something */
    uint64_t boots, restores, emptied;
    uint64_t probes; /* appliances that had to find out what the hypervisor can do */
    char accel[8];   /* "" while no appliance was needed */
    uint64_t wall;
    uint64_t prepare;            /* until the template was there */
    uint64_t start;              /* appliances, until they answered */
    uint64_t attach;             /* host side */
    uint64_t wait, probe, mount; /* in the appliance (scan_times) */
    /* Of spools that waited for their guest's turn to be printed; not in stats_json(). */
    uint64_t spool_memory; /* bytes, at most */
    uint64_t spools_filed; /* that went to the file */
};

enum supervisor_end {
    SUPERVISOR_DONE,         /* every guest has been answered for */
    SUPERVISOR_NO_APPLIANCE, /* *err says why; the guests so far were answered for */
    SUPERVISOR_STOPPED,      /* the client's answer() failed: *err */
    SUPERVISOR_SIGNALLED     /* SIGINT, SIGTERM, SIGHUP: *signal; everything is cleaned up */
};

/* Runs until the list ends. Takes guests from the list; the list stays the caller's. Call it once
 * in a process that has no threads: it becomes a child subreaper, and every child that it does not
 * have before is taken to be its own. */
enum supervisor_end supervisor_run(const struct supervisor_config *config, guest_list *guests,
                                   const struct supervisor_client *client,
                                   struct supervisor_stats *stats, int *signal, error **err);

#endif
