/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker does, inside its process. */
#ifndef VLT_WORKER_LOOP_H
#define VLT_WORKER_LOOP_H

#include "worker.h"

/* Brings the appliance up and works until told to finish, the supervisor has gone, or the appliance
 * has. Takes `refused`: if it is not NULL, it is reported and that is all. The process's exit code.
 */
int worker_loop(const struct worker_config *config, int orders, int reports, error *refused);

#endif
