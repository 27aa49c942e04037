/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that keeps backups (backups.h). Private to backups*.c. */
#ifndef VLT_BACKUPS_KEEPER_H
#define VLT_BACKUPS_KEEPER_H

#include "backups.h"

/* Until nobody has the other end of the socket any more, and no lease. The exit code. */
int backups_keep(const struct backup_ops *ops, const char *uri, int socket);

#endif
