/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points in time of running guests (--consistent): a backup that the hypervisor keeps up, whose
 * disks are read over NBD, and that ends whatever happens.
 *
 * A process of its own, the keeper, begins and ends them. It is no child of ours, as that of
 * guest-lookup.h is none, and for the same reasons. A backup lasts as long as its lease, a
 * descriptor: so it ends when the process that holds that ends, of whatever it dies. One that a
 * keeper left which was killed itself is known by its directory, and ended by the next that wants
 * that guest. */
#ifndef VLT_BACKUP_H
#define VLT_BACKUP_H

#include "guest/guest.h"

/* --- what a hypervisor must be able to do --- */

/* A backup to be begun. */
struct backup_wish {
    const char *uuid;           /* of the guest */
    const char *const *targets; /* its disks, as the guest has them: also the exports' names */
    size_t count;
    /* Absolute, and this backup's own; only we can look into it yet. */
    const char *directory;
    const char *socket; /* in it: where the disks are to be served */
};

struct backup_ops {
    /* NULL and *err. */
    void *(*connect)(const char *uri, error **err);
    /* 0, and the disks can be read; -1 and *err, and there is nothing to end. is_stale() says of
     * the socket of a backup that is under way already whether nobody is left who would end it:
     * that one is ended. */
    int (*begin)(void *connection, const struct backup_wish *wish,
                 bool (*is_stale)(const char *socket), error **err);
    /* The backup that is served there. When this returns, it has ended, as far as can be told. */
    void (*end)(void *connection, const char *uuid, const char *socket);
};

extern const struct backup_ops backup_libvirt; /* backup-libvirt.c */

/* --- who wants them --- */

typedef struct backup backup;

/* Starts the keeper; it connects to the hypervisor (NULL: the default one) when a backup is first
 * asked for. NULL and *err. Call it before this process becomes a child subreaper. */
backup *backup_start(const struct backup_ops *ops, const char *uri, error **err);

/* A process that asks for backups needs this descriptor. */
int backup_fd(const backup *self);

/* Waits until all have ended whose leases are closed, but not for ever. NULL is fine. */
void backup_free(backup *self);

/* Asks the keeper at that descriptor for a backup of the guest's disks that have a target, and
 * waits. A descriptor, the lease; *socket is new memory. -1 and *err: ERROR_UNSUPPORTED where the
 * hypervisor cannot. */
int backup_ask(int keeper, const struct guest *guest, char **socket, error **err);

static inline void cleanup_backup(backup **self)
{
    backup_free(*self);
}
#define AUTO_BACKUP CLEANUP(cleanup_backup)

#endif
