/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that keeps backups (backup.h). Private to backups*.c. */
#ifndef VLT_BACKUP_KEEPER_H
#define VLT_BACKUP_KEEPER_H

#include "backup.h"

/* Until nobody has the other end of the socket any more, and no lease. The exit code. */
int backup_keeper_run(const struct backup_ops *ops, const char *uri, int socket);

#endif
