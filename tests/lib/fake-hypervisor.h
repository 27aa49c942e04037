/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted hypervisor: behind the operations table a process plays QEMU and its agent, and acts
 * as the script says at each point.
 *
 * A disk's image begins with a decimal number: the guest that it belongs to, whose behaviour the
 * script looks up; of a remote one its export's name is that. The script is shared memory and
 * workers are forked, so that a test can read afterwards what happened in all of them.
 *
 * One that is launched with spec->settings outlives the process that launched it, once its agent
 * has been asked to (OP_KEEP), and other processes find() it: it listens on Unix sockets, and what
 * it holds at its slots is in the script. A test has each command in a child process (a host),
 * which it kills or stops at one of the points below. */
#ifndef VLT_TEST_FAKE_HYPERVISOR_H
#define VLT_TEST_FAKE_HYPERVISOR_H

#include "appliance/hypervisor.h"
#include "fake-agent.h"
#include "fake-lister.h"
#include <stdatomic.h>
#include <sys/socket.h>

#define FAKE_GUESTS 4096
#define FAKE_RECORDS 65536

/* Points at which the script can make something fail. At an "after" point something has been done
 * already: failing there means that the next step fails. */
enum fake_point {
    /* The process that uses the hypervisor. */
    FAKE_NEW,     /* making the hypervisor */
    FAKE_LAUNCH,  /* hypervisor_ops … */
    FAKE_FIND,    /* failing is an error; a missing machine is returned as such */
    FAKE_CHANNEL, /* open_port */
    FAKE_INSPECT,
    FAKE_CLEAR,
    FAKE_CLEARED, /* after clear */
    FAKE_ATTACH,  /* before anything of the disk is there */
    FAKE_FILES,   /* after add-fd */
    FAKE_NODE,    /* after blockdev-add */
    FAKE_DEVICE,  /* after device_add; cannot fail */
    FAKE_REPLACE, /* before qom-set; the point of attach() comes first */
    FAKE_DETACH,  /* before device_del */
    FAKE_DELETED, /* after device_del; cannot fail */
    FAKE_EVENT,   /* after it has heard that the disk is removed; these two cannot fail */
    FAKE_DROPPED, /* after blockdev-del and remove-fd */
    FAKE_SAVE,
    FAKE_END,

    /* QEMU and the agent in it; where the agent's answer has a message, failing is answering with
     * one. */
    FAKE_HELLO,  /* the agent's first answer; failing is giving none */
    FAKE_RENEW,  /* the answer to OP_RENEW */
    FAKE_APPEAR, /* the agent sees the disk; failing is not seeing it */
    FAKE_REMOVE, /* the event that says that the disk is removed; failing is not saying so */
    FAKE_GONE,   /* the answer to OP_GONE … */
    FAKE_KEEP,
    FAKE_NAME,
    FAKE_RELEASE, /* failing: something holds the disk; not when it is forced */
    FAKE_LIST,    /* failing is listing slots in the wrong order */

    /* The host while the agent has its request: VANISH and PAUSE act on the host, FAIL leaves it
     * without an answer. The first point of each pair is before the agent acts, and it acts then
     * only after PAUSE; the second is after it has acted, before its answer. */
    FAKE_HOST_NAMES,
    FAKE_HOST_NAMED,
    FAKE_HOST_RELEASES,
    FAKE_HOST_RELEASED,
    FAKE_HOST_ASKS_GONE,
    FAKE_HOST_KNOWS_GONE,
    FAKE_POINT_COUNT
};

enum fake_act {
    FAKE_SUCCEED,
    FAKE_FAIL,   /* an error */
    FAKE_STAY,   /* for ever */
    FAKE_VANISH, /* the process at that point kills itself: the worker, or QEMU for agent points */
    FAKE_PAUSE   /* that process stops until it gets SIGCONT */
};

/* What to do at a point: from call `first` on, `count` times (0: always). */
struct fake_step {
    enum fake_act act;
    unsigned first, count;
};

/* What a worker that an image has taken over reports to the supervisor, when it gets the guest's
 * first disk. */
enum fake_worker {
    FAKE_WORKER_HONEST,
    FAKE_WORKER_EARLY,   /* an answer for a guest that it has not been told to ask about */
    FAKE_WORKER_STATUS,  /* an answer with a status that does not exist */
    FAKE_WORKER_OTHER,   /* an answer for a guest that it was never given */
    FAKE_WORKER_GARBAGE, /* not a valid report */
    FAKE_WORKER_HUGE,    /* a frame that is too long */
    FAKE_WORKER_READY,   /* ready, again */
    FAKE_WORKER_EMPTIED, /* emptied, unasked */
    FAKE_WORKER_SAVED,   /* a template, where none was wanted */
    FAKE_WORKER_FAILED,  /* failed, without a message */
    FAKE_WORKER_PART,    /* a part of a listing that was not asked for */
    FAKE_WORKER_REFUSAL, /* that the agent was not asked, although nothing is wrong */
    FAKE_WORKER_ENDED,   /* nothing: it exits */
    FAKE_WORKER_COUNT,
    /* … and these do not end by themselves. */
    FAKE_WORKER_FLOOD = FAKE_WORKER_COUNT, /* takes no orders, and sends lines for -x for ever */
    FAKE_WORKER_LINGER                     /* nothing; but it does not end after its last report */
};

struct fake_guest {
    enum fake_scan scan;
    enum fake_act attach; /* FAKE_PAUSE is not for this one */
    enum fake_act appear; /* QEMU has the disk, and vanishes, or stays as it is for ever */
    enum fake_worker worker;
    struct fake_listing ls;
    unsigned times; /* it misbehaves that often; 0: always */
};

struct fake_record {
    unsigned appliance, slot, guest;
};

#define FAKE_MACHINES 8
#define FAKE_RECORD_MAX 4096

/* A slot, as QEMU's monitor sees it. */
struct fake_held {
    bool files, node, device;
    bool recorded;
    bool writable;
    char record[FAKE_RECORD_MAX];
};

/* A QEMU that has been launched. */
struct fake_machine {
    atomic_bool used;
    char uuid[64];     /* of the domain */
    char console[128]; /* "": none */
    struct launch_settings settings;
    pid_t pid;
    atomic_bool kept;  /* lives without a host: OP_KEEP was answered */
    unsigned idle;     /* … with this */
    unsigned reserved; /* slots that have a device from the start */
    struct fake_held held[SLOT_COUNT];
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
    atomic_uint lasts;              /* … as the last that the agent is asked */
    atomic_uint listings;           /* that were sent, or are being sent */
    atomic_uint appliances;
    atomic_uint prepared;     /* hypervisors, before they were to launch */
    atomic_uint record_count; /* of attached disks … */
    struct fake_record records[FAKE_RECORDS];
    atomic_uint mistakes; /* questions about disks that are not there, slots used twice, … */
    struct fake_machine machines[FAKE_MACHINES]; /* those that were launched to be kept */
};

/* What the factory's hypervisors follow; set before the factory is called. In shared memory. */
extern struct fake_script *fake_script;

/* A script in which all goes well. */
struct fake_script *fake_script_new(void);
void fake_script_free(struct fake_script *script);

/* The machine of that UUID that is running, or was; the latest one. NULL: none. */
struct fake_machine *fake_machine_find(const char *uuid);
/* Kills those that are kept, and waits until they have gone. For a tear-down: the caller is their
 * subreaper. */
void fake_machines_end(void);

/* Its driver, and what that creates where no option matters. */
extern const struct hypervisor_driver fake_hypervisor_driver;
hypervisor *fake_hypervisor_create(error **err);

/* For the fake's own files: counts a call, and does what has to be done there. Whether it succeeds.
 */
bool fake_step(enum fake_point point);
/* The same for the points that are the host's, whose pid that is. */
bool fake_step_of_host(enum fake_point point, pid_t host);
/* Whether the guest misbehaves this time. */
bool fake_misbehaves(unsigned guest);
/* A disk as the pretended QEMU is told of it. */
struct fake_disk {
    bool attach;  /* false: detach */
    bool replace; /* with attach: behind the device that is there */
    unsigned replaced;
    unsigned slot, guest;
    uint64_t size;
    char serial[MAX_SERIAL + 1];
};
/* The sockets of a machine: Unix sockets without a name in the file system. The address's length.
 */
enum fake_socket { FAKE_SOCKET_MONITOR, FAKE_SOCKET_AGENT };
struct sockaddr_un;
socklen_t fake_address(pid_t machine, enum fake_socket which, struct sockaddr_un *address);
/* The process that plays QEMU; `listens`: others may come to it. */
_Noreturn void fake_qemu(struct fake_machine *machine, int channel, int events, bool listens);
/* A worker that is being started has two sockets, SOCK_SEQPACKET for orders and SOCK_STREAM for
 * reports: the one of that type. -1: none. */
int fake_worker_socket(int type);
/* The worker's lies, by these. */
void fake_worker_lie(int orders, int reports, unsigned guest, enum fake_worker how);

#endif
