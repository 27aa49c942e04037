/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypervisor's operations by libvirt: the appliance's life and events (hypervisor-libvirt.c),
 * its saved state (hypervisor-libvirt-state.c), its disks (hypervisor-libvirt-disks.c), QEMU's
 * monitor, by which all three go (hypervisor-libvirt-monitor.c). Private to these files. */
#ifndef VLT_HYPERVISOR_LIBVIRT_INTERNAL_H
#define VLT_HYPERVISOR_LIBVIRT_INTERNAL_H

#include "hypervisor-libvirt.h"

#include "appliance/qmp-connection.h"
#include "capabilities-subset.h"
#include "wire/protocol.h"
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <pthread.h>

/* The fd sets of a slot, as far as this process made them, and what was there before. */
struct slot_files {
    size_t count;
    int64_t fdsets[IMAGE_CHAIN_MAX];
    bool occupied;        /* there is a device, behind which another disk may be put */
    unsigned replaced;    /* how many disks have taken the place of the first */
    size_t retired_count; /* fd sets of those that were replaced */
    int64_t *retired;
};

/* libvirt's thread adds events and ours takes them. At most one disk event for each slot and one
 * end can be pending, so the queue cannot overflow. */
struct event_queue {
    pthread_mutex_t lock;
    int fd;
    bool removed[SLOT_COUNT];
    bool ended;
};

typedef struct {
    hypervisor base;
    bool embedded; /* libvirt's driver is in this process; not a daemon */
    bool system;   /* a daemon of the whole system, not one of a user */
    char *root;
    virConnectPtr connection;
    virDomainPtr domain;
    char *monitor_path;      /* of our own monitor; NULL: libvirt's is asked */
    qmp_connection *monitor; /* NULL: not connected yet */
    int channel;             /* to the agent, until open_port() gives it away; -1 */
    bool io_uring;
    struct timespec provided;       /* when its capabilities were; 0: never */
    struct capabilities_subset use; /* of the machine that was launched, with constant strings */
    struct slot_files files[SLOT_COUNT];
    struct event_queue events;
    hypervisor_trace trace;
    void *trace_data;
} libvirt_hypervisor;

static inline libvirt_hypervisor *libvirt_self(hypervisor *base)
{
    return (libvirt_hypervisor *)(void *)base;
}

/* Sends one QMP command with at most one descriptor (-1: none); steals the reference to the
 * arguments (NULL: none). The result, a new reference, or NULL and *err. */
json_t *hypervisor_libvirt_monitor(libvirt_hypervisor *self, const char *command, json_t *arguments,
                                   int fd, error **err);
/* The same without the result. 0 or -1 and *err. */
int hypervisor_libvirt_monitor_do(libvirt_hypervisor *self, const char *command, json_t *arguments,
                                  int fd, error **err);

/* Asks QEMU through libvirt whether it is there: an embedded libvirt that finds a domain in its
 * directory connects to QEMU in a thread of its own, and this waits for that. 0 or -1 and *err. */
int hypervisor_libvirt_query_status(libvirt_hypervisor *self, error **err);

/* Reports that a call has ended which began at `since` (clock.h). */
void hypervisor_libvirt_traced(const libvirt_hypervisor *self, const char *what, uint64_t since);

/* *err is "what: " and libvirt's last error. -1. */
int hypervisor_libvirt_failed(error **err, const char *what);

/* Bounds the memory of a QEMU that has been started, and the files of one that lives between
 * commands; nothing is done where it cannot be. */
void hypervisor_libvirt_bound(const libvirt_hypervisor *self, const struct machine_spec *spec);

/* QEMU may write files as long as this disk's can become. 0 or -1 and *err. */
int hypervisor_libvirt_let_write(const libvirt_hypervisor *self, const struct image_chain *chain,
                                 error **err);

/* Has QEMU write the state to the file (`migrate`), or read it (`migrate-incoming`). 0 or -1 and
 * *err. */
int hypervisor_libvirt_state_pass(libvirt_hypervisor *self, const char *command, int fd,
                                  error **err);

/* Drops pending events of the slot: they are about its previous disk. */
void hypervisor_libvirt_forget_events(libvirt_hypervisor *self, unsigned slot);

/* hypervisor_ops of these names. */
int hypervisor_libvirt_attach(hypervisor *base, const struct hypervisor_disk *disk, error **err);
int hypervisor_libvirt_replace(hypervisor *base, const struct hypervisor_disk *disk, error **err);
int hypervisor_libvirt_inspect(hypervisor *base, struct hypervisor_slot table[], error **err);
int hypervisor_libvirt_clear(hypervisor *base, unsigned slot, error **err);
int hypervisor_libvirt_detach(hypervisor *base, unsigned slot, error **err);

/* To be called when QEMU has removed the slot's device: removes its block nodes and descriptors. */
void hypervisor_libvirt_disk_removed(libvirt_hypervisor *self, unsigned slot);

#endif
