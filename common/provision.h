/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must be there before the first worker can start: the appliance's files where QEMU may read
 * them, an accelerator that has been seen to work, and a template. Done once a run, when the first
 * guest needs it. */
#ifndef VLT_PROVISION_H
#define VLT_PROVISION_H

#include "rundir.h"
#include "supervisor.h"
#include "worker.h"

struct provision {
    struct appliance_config appliance; /* files and accel as workers use them */
    char *template_dir;                /* its state and capabilities; never NULL after success */
    char *memory_path;                 /* this run's copy of its memory */
    bool booted;                       /* it had to be built */
    struct appliance_files files;      /* owned */
};

enum provision_end { PROVISION_DONE, PROVISION_FAILED, PROVISION_SIGNALLED };

/* Blocks until it is done, or signal_fd (a signalfd of those that ask for an end) is readable. *err
 * for PROVISION_FAILED. */
enum provision_end provision_make(const struct supervisor_config *config,
                                  const struct supervisor_client *client, rundir *run,
                                  const struct sandbox *box, int signal_fd,
                                  struct provision *result, error **err);
void provision_clear(struct provision *provision);

#endif
