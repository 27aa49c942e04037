/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running guests as of one point in time (--consistent), by backups: the hypervisor serves a
 * guest's disks over NBD, as they were when the backup began. Every backup is ended.
 *
 * A separate process, the keeper, begins and ends them. It is no child of ours, for the same
 * reasons as the process of guest-lookup.h. A backup lasts until its lease, a descriptor, is
 * closed, so it also ends when the process that holds the lease dies. A keeper that is killed
 * leaves its backups running; the next keeper that wants the same guest knows such a backup by its
 * socket's directory, and ends it. */
#ifndef VLT_BACKUP_H
#define VLT_BACKUP_H

#include "guest/guest.h"

/* --- the hypervisor's operations --- */

/* A backup to be begun. */
struct backup_wish {
    const char *uuid;           /* of the guest */
    const char *const *targets; /* its disks, as the guest has them: also the exports' names */
    size_t count;
    /* Absolute; for this backup alone. So far only we can enter it. */
    const char *directory;
    const char *socket; /* in that directory: serves the disks */
};

struct backup_ops {
    /* NULL and *err. */
    void *(*connect)(const char *uri, error **err);
    /* 0, and the disks can be read; -1 and *err, and there is nothing to end. Where the guest has a
     * backup already, is_stale() says by its socket whether the keeper that would end it is gone:
     * then it is ended first. */
    int (*begin)(void *connection, const struct backup_wish *wish,
                 bool (*is_stale)(const char *socket), error **err);
    /* Ends the backup that is served on that socket, and waits for its end, but not for ever. */
    void (*end)(void *connection, const char *uuid, const char *socket);
};

extern const struct backup_ops backup_libvirt; /* backup-libvirt.c */

/* --- for the process that wants backups --- */

typedef struct backup backup;

/* Starts the keeper; it connects to the hypervisor (NULL: the default one) when a backup is first
 * asked for. NULL and *err. Call it before this process becomes a child subreaper. */
backup *backup_start(const struct backup_ops *ops, const char *uri, error **err);

/* A process that asks for backups needs this descriptor. */
int backup_fd(const backup *self);

/* Waits, with a time limit, until all backups have ended whose leases are closed. NULL is fine. */
void backup_free(backup *self);

/* Asks the keeper at that descriptor for a backup of the guest's disks that have a target, and
 * waits. Returns the lease, a descriptor; *socket is new memory. -1 and *err: ERROR_UNSUPPORTED
 * where the hypervisor makes no backups. */
int backup_ask(int keeper, const struct guest *guest, char **socket, error **err);

static inline void cleanup_backup(backup **self)
{
    backup_free(*self);
}
#define AUTO_BACKUP CLEANUP(cleanup_backup)

#endif
