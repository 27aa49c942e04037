/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What we ask of a hypervisor, as a table of operations: libvirt (hypervisor-libvirt*.c) or,
 * in tests, a scripted one (tests/lib/fake-hypervisor.c).
 *
 * One object is one appliance's worth: it is launched once and ended once. Every operation but
 * event_fd() may block for as long as the hypervisor likes: a worker calls them, and a supervisor
 * that is another process has the deadlines. */
#ifndef VLT_HYPERVISOR_H
#define VLT_HYPERVISOR_H

#include "domain-xml.h"
#include "image/image-probe.h"
#include "wire/protocol.h"

typedef struct hypervisor hypervisor;

enum hypervisor_event_kind {
    HYPERVISOR_NOTHING,      /* no event is pending */
    HYPERVISOR_DISK_REMOVED, /* the guest let go of the disk at `slot`, and QEMU has closed it */
    HYPERVISOR_ENDED         /* the appliance is gone, whoever ended it */
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
    unsigned block_size;
    bool writable;    /* the top layer's descriptor was opened O_RDWR */
    const char *note; /* printable text that inspect() will find again, or NULL */
    /* To be tried, one after the other, where layers are encrypted: one must open them all. */
    const key *const *keys;
    size_t key_count;
};

/* What the hypervisor itself holds at a slot. Any but "both" and "nothing" is what a command left
 * that did not come to its end. */
struct hypervisor_slot {
    bool device; /* there is a disk */
    bool files;  /* there are descriptors for one */
    char *note;  /* the disk's, or NULL; the table's owner frees it */
};

struct hypervisor_ops {
    /* Starts the appliance. state_fd ≥ 0: its saved state, to be restored (spec->incoming is set);
     * still the caller's. When this returns 0 the vCPU runs. */
    int (*launch)(hypervisor *self, const struct domain_spec *spec, int state_fd, error **err);

    /* Instead of launch(): the running appliance of that UUID, of which nothing is asked: it may
     * stand still. Its ports can be opened, and it can be ended. 0; 1: there is none; -1 and *err.
     */
    int (*find)(hypervisor *self, const char *uuid, error **err);

    /* Takes over the one that find() has found. 0; 1: it has ended; -1 and *err. */
    int (*take_over)(hypervisor *self, error **err);

    /* Its domain XML as it is now; new memory, or NULL and *err. */
    char *(*describe)(hypervisor *self, error **err);

    /* A connected stream socket to the port of that name (domain-xml.h); the caller's. -1 and *err.
     */
    int (*open_port)(hypervisor *self, const char *name, error **err);

    /* Stops the vCPU and writes the state to fd; the memory stays in spec->memory_path.
     * Only end() may follow. */
    int (*save)(hypervisor *self, int fd, error **err);

    /* Attaches a disk. On failure nothing is left of it; STATUS_CORRUPT where the image is to
     * blame, STATUS_ENCRYPTED where no key fits, STATUS_CRASHED where the appliance is to blame. */
    int (*attach)(hypervisor *self, const struct hypervisor_disk *disk, error **err);

    /* What there is at each slot: fills all SLOT_COUNT of them. 0 or -1 and *err. */
    int (*inspect)(hypervisor *self, struct hypervisor_slot table[], error **err);

    /* Takes away what inspect() found at a slot where there is no device. 0 or -1 and *err. */
    int (*clear)(hypervisor *self, unsigned slot, error **err);

    /* Asks the guest to let go of the disk at `slot`, and does not wait: HYPERVISOR_DISK_REMOVED
     * tells. */
    int (*detach)(hypervisor *self, unsigned slot, error **err);

    /* Readable while next_event() has something. */
    int (*event_fd)(hypervisor *self);
    struct hypervisor_event (*next_event)(hypervisor *self);

    /* Ends the appliance at once, without waiting for what is left of it. May be called at any
     * time, twice too. */
    void (*end)(hypervisor *self);
    /* Ends it, and frees what no thread of the hypervisor may still use; not NULL. */
    void (*free)(hypervisor *self);
};

/* Every implementation begins with this. */
struct hypervisor {
    const struct hypervisor_ops *ops;
};

/* Called after each call to libvirt when tracing: `what` is "virDomainCreateXML" …,
 * seconds is the time that it took. */
typedef void (*hypervisor_trace)(void *data, const char *what, double seconds);

/* libvirt's QEMU driver inside this process, with its files under `root` (created; absolute, short:
 * the paths of Unix sockets below it must fit into sockaddr_un). One per process, and it lasts as
 * long as the process. NULL and *err. */
hypervisor *hypervisor_libvirt_new(const char *root, hypervisor_trace trace, void *data,
                                   error **err);

/* The same; or, with a URI, through the libvirt daemon that answers there: `root` is then only
 * where the appliance's own files are. */
hypervisor *hypervisor_libvirt_at(const char *uri, const char *root, hypervisor_trace trace,
                                  void *data, error **err);

/* hypervisor_libvirt_new(), or a test's. */
typedef hypervisor *(*hypervisor_factory)(const char *root, hypervisor_trace trace, void *data,
                                          error **err);

/* The path of the libvirt library that is in use: a saved appliance depends on it and on QEMU. Asks
 * nothing of libvirt itself. NULL where it cannot be told. */
const char *hypervisor_libvirt_library(void);

static inline void cleanup_hypervisor(hypervisor **self)
{
    if (*self)
        (*self)->ops->free(*self);
}
#define AUTO_HYPERVISOR CLEANUP(cleanup_hypervisor)

#endif
