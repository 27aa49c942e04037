/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that keeps backups (backup.h). Private to backup*.c. */
#ifndef VLT_BACKUP_KEEPER_H
#define VLT_BACKUP_KEEPER_H

#include "backup.h"

/* Runs until all other ends of the socket and all leases are closed. The exit code. */
int backup_keeper_run(const struct backup_ops *ops, const char *uri, int socket);

#endif
