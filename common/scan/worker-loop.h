/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker does, inside its process. */
#ifndef VLT_WORKER_LOOP_H
#define VLT_WORKER_LOOP_H

#include "worker.h"

/* Brings the appliance up and works until it is told to finish, or the supervisor or the appliance
 * has ended. `refused`, which is taken over: if it is not NULL, it is only reported. Returns the
 * process's exit code. */
int worker_loop(const struct worker_config *config, int orders, int reports, error *refused);

#endif
