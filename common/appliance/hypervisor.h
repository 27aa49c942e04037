/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hypervisor: a factory (struct hypervisor_driver) and a table of operations on the objects that
 * it makes. libvirt's are in common/libvirt/ (hypervisor-libvirt.h); tests have a scripted one
 * (tests/lib/fake-hypervisor.c). The code that uses them does not know which it has.
 *
 * An object is one appliance: it is launched once and ended once. Every operation but event_fd()
 * may block for as long as the hypervisor likes. So a worker calls them, and the supervisor,
 * another process, has the deadlines. */
#ifndef VLT_HYPERVISOR_H
#define VLT_HYPERVISOR_H

#include "architecture.h"
#include "image/image-probe.h"
#include "wire/protocol.h"

typedef struct hypervisor hypervisor;

enum hypervisor_event_kind {
    HYPERVISOR_NOTHING,      /* no event is pending */
    HYPERVISOR_DISK_REMOVED, /* the guest let go of the disk at `slot`, and QEMU has closed it */
    HYPERVISOR_ENDED         /* the appliance has ended, by itself or because it was ended */
};

struct hypervisor_event {
    enum hypervisor_event_kind kind;
    unsigned slot;
};

/* A disk to be attached. The strings and the chain are the caller's. */
struct hypervisor_disk {
    unsigned slot;
    const struct image_chain
        *chain;         /* its descriptors are duplicated: they may be closed at once */
    const char *serial; /* at most MAX_SERIAL characters */
    bool replaceable;   /* replace() may follow; not where it is writable */
    unsigned block_size;
    bool writable;      /* the top layer's descriptor was opened O_RDWR */
    const char *record; /* printable text that inspect() will find again, or NULL */
    /* Tried one after the other, where layers are encrypted: one key must open them all. */
    const key *const *keys;
    size_t key_count;
};

/* What the hypervisor holds at a slot. If it has only one of device and files, the command that
 * attached or detached the disk was killed. */
struct hypervisor_slot {
    bool device;  /* there is a disk */
    bool files;   /* there are descriptors for one */
    char *record; /* the disk's, or NULL; the table's owner frees it */
};

/* A reserved slot has a device from the start, with this serial and blocks of that size. Behind it
 * is a disk that has nothing in it, and that waits for replace(). */
#define RESERVED_SERIAL "0000"
#define RESERVED_BLOCK_SIZE 512

/* Settings of an appliance that lives between commands, fixed at its launch. */
struct launch_settings {
    unsigned slots; /* 0 to slots - 1 are reserved; 1 to SLOT_COUNT */
    unsigned idle;  /* seconds without a command, after which it ends; 0: never */
};

/* The virtual machine that an appliance runs on. */
struct machine_spec {
    const char *name;  /* NULL: any; a driver whose machines are alone may ignore it */
    const char *uuid;  /* NULL: any */
    const char *accel; /* "kvm" or "tcg" */
    unsigned memory_mib;
    const struct architecture *architecture; /* with its kernel's command line */
    unsigned counter_khz; /* for its counter_option; 0: the kernel is to find out */
    const char *kernel, *initrd, *root_drive; /* absolute paths */
    const char *console_path;                 /* a file; NULL: what is said is not kept */
    const char *port_path;    /* the Unix socket of the agent's port; that of session port N is
                                 port_path and "-N". A driver may choose others: see open_port() */
    const char *monitor_path; /* the Unix socket of a monitor for one client; NULL: none */
    const char *memory_path;  /* the guest's memory is this file */
    bool memory_private;      /* mapped copy-on-write: a restored template */
    bool memory_read_only;    /* and opened only for reading: see maps_read_only() */
    bool incoming;            /* it waits for a saved state */
    bool sessions;            /* it has SESSION_PORTS ports more than the agent's (port-name.h) */
    unsigned reserved;        /* slots 0 to reserved - 1 are */
    const struct launch_settings *settings; /* of one that lives between commands, or NULL */
    /* The user that the machine runs as where the hypervisor is root's. 0: the hypervisor's choice.
     */
    uid_t uid;
    gid_t gid;
};

struct hypervisor_ops {
    /* Does before launch() what would take time in it, and needs neither memory nor state. NULL:
     * there is nothing. */
    void (*prepare)(hypervisor *self, const struct architecture *architecture, const char *accel);

    /* Starts the appliance. state_fd ≥ 0: its saved state, to be restored (spec->incoming is set);
     * still the caller's. When this returns 0 the vCPU runs. */
    int (*launch)(hypervisor *self, const struct machine_spec *spec, int state_fd, error **err);

    /* Instead of launch(): finds the running appliance of that UUID, without waiting for its QEMU,
     * which may be stopped. Afterwards its ports can be opened, and it can be ended. 0; 1: there is
     * none; -1 and *err. */
    int (*find)(hypervisor *self, const char *uuid, error **err);

    /* Takes over the one that find() has found. 0; 1: it has ended; -1 and *err. */
    int (*take_over)(hypervisor *self, error **err);

    /* The settings of its launch. 0; -1 and *err (ERROR_REFUSED where it is not one that lives
     * between commands). */
    int (*settings)(hypervisor *self, struct launch_settings *settings, error **err);

    /* A connected stream socket to the port of that name (port-name.h); the caller's. -1 and *err.
     */
    int (*open_port)(hypervisor *self, const char *name, error **err);

    /* Stops the vCPU and writes the state to fd; the memory stays in spec->memory_path.
     * Only end() may follow. */
    int (*save)(hypervisor *self, int fd, error **err);

    /* Writes what it has probed on this host to `directory`, which it makes: the `capabilities` of
     * later objects. They probe again what could not be written. */
    void (*keep_capabilities)(hypervisor *self, const char *directory);

    /* Whether it had to probe this host although it had `capabilities`: they were stale. */
    bool (*probed)(hypervisor *self);

    /* Attaches a disk. On failure nothing is left of it; ERROR_CORRUPT, ERROR_UNREADABLE or
     * ERROR_REFUSED where the image is to blame, ERROR_ENCRYPTED where no key fits, any other kind
     * where the appliance is to blame. */
    int (*attach)(hypervisor *self, const struct hypervisor_disk *disk, error **err);

    /* Puts another disk behind the device at `slot`, which is reserved or whose last disk was
     * replaceable: the device, its serial and its block size stay. When this returns 0 the guest
     * reads the new one; what its kernel knows of the old one is the agent's to renew. Errors are
     * those of attach(); then the last disk is still there. */
    int (*replace)(hypervisor *self, const struct hypervisor_disk *disk, error **err);

    /* Fills in all SLOT_COUNT entries of the table. 0 or -1 and *err. */
    int (*inspect)(hypervisor *self, struct hypervisor_slot table[], error **err);

    /* Removes what inspect() found at a slot without a device. 0 or -1 and *err. */
    int (*clear)(hypervisor *self, unsigned slot, error **err);

    /* Asks the guest to release the disk at `slot`, and does not wait: HYPERVISOR_DISK_REMOVED
     * follows. */
    int (*detach)(hypervisor *self, unsigned slot, error **err);

    /* Readable while next_event() has something. */
    int (*event_fd)(hypervisor *self);
    struct hypervisor_event (*next_event)(hypervisor *self);

    /* Kills the appliance, and does not wait for its end. May be called at any time, and twice. */
    void (*end)(hypervisor *self);
    /* Ends it, and frees everything that no thread of the hypervisor may still use; not NULL. */
    void (*free)(hypervisor *self);
};

/* Every implementation begins with this. */
struct hypervisor {
    const struct hypervisor_ops *ops;
};

/* Called after each of the driver's own calls when tracing: `what` is its name
 * ("virDomainCreateXML"), seconds is the time that it took. */
typedef void (*hypervisor_trace)(void *data, const char *what, double seconds);

/* Parameters of the factory. The strings are the caller's. */
struct hypervisor_options {
    const char *root; /* the directory of its own files, and of its machines' (created; absolute,
                         short: socket_room) */
    const char *uri;  /* the daemon that has the machines; NULL: this process has */
    const char *capabilities; /* a directory that keep_capabilities() wrote, or NULL */
    hypervisor_trace trace;   /* or NULL */
    void *trace_data;
};

/* What a saved state depends on, beside the appliance's own files. */
#define HYPERVISOR_PROGRAMS 4
struct hypervisor_fingerprint {
    const char *programs[HYPERVISOR_PROGRAMS]; /* paths of files, static; NULL ends them */
    char *machine; /* all that the guest sees of the machine, as text; new memory */
};

struct hypervisor_driver {
    const char *name; /* for messages: "libvirt" */

    /* The factory. Called once in a process, and the object lasts as long as the process. NULL and
     * *err. */
    hypervisor *(*create)(const struct hypervisor_options *options, error **err);

    /* What a saved state of such a machine depends on, computed without an object. 0 or -1 and
     * *err. NULL, with save(): the driver saves nothing and needs no appliance's files (a test's).
     */
    int (*fingerprint)(const struct machine_spec *spec, struct hypervisor_fingerprint *print,
                       error **err);

    /* Whether the memory of a machine can be a file that it may only read, by what
     * keep_capabilities() has written to that directory. NULL: it cannot. */
    bool (*maps_read_only)(const char *capabilities);

    /* The process of the machine whose files are below that root, found without an object. That
     * machine may have changed the files. 0: it does not run; -1: it runs, but its process cannot
     * be identified. */
    pid_t (*find_process)(const char *root);

    /* The longest path of a Unix socket that it makes below a root, in bytes after the root's own
     * path; all must fit into sockaddr_un. */
    size_t socket_room;
};

static inline void cleanup_hypervisor(hypervisor **self)
{
    if (*self)
        (*self)->ops->free(*self);
}
#define AUTO_HYPERVISOR CLEANUP(cleanup_hypervisor)

#endif
