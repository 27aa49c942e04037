/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes what the first worker needs: the appliance's files where QEMU may read them, an accelerator
 * that has been seen to work, and a template. Once a run, when the first guest needs it. */
#ifndef VLT_TEMPLATE_BUILDER_H
#define VLT_TEMPLATE_BUILDER_H

#include "process/run-directory.h"
#include "supervisor.h"
#include "worker.h"

struct template_builder {
    struct appliance_config appliance; /* files and accel as workers use them */
    char *template_dir;                /* its state and capabilities; never NULL after success */
    char *memory_path; /* its memory, or this run's copy of it; with `hotplug`, that is not made */
    bool memory_read_only; /* it is the template's, which no process may write */
    bool booted;           /* it had to be built */
    bool discarded;        /* no saved one is looked for: that was tried */
    unsigned probes;       /* builders that were started: each probes the host */
    /* Called, where it is not NULL, when a template has been found and the fields above stand, but
     * for its sums and the copy of its memory, which take some time: a worker that waits may be
     * started. If that template turns out to be damaged, template_dir or `booted` is another one in
     * the end, or there is none. */
    void (*glimpsed)(void *data);
    void *data;
    struct appliance_files files; /* owned */
};

enum template_builder_end {
    TEMPLATE_BUILDER_DONE,
    TEMPLATE_BUILDER_FAILED,
    TEMPLATE_BUILDER_SIGNALLED
};

/* Blocks until it is done, or signal_fd (a signalfd of those that ask for an end) is readable. *err
 * for TEMPLATE_BUILDER_FAILED. */
enum template_builder_end template_builder_make(const struct supervisor_config *config,
                                                const struct supervisor_client *client,
                                                run_directory *run, const struct sandbox *box,
                                                int signal_fd, struct template_builder *result,
                                                error **err);

/* What it has made does not come up: sets the template aside, and the verdict on the accelerator
 * with it, so that both are made anew, and clears it. */
void template_builder_discard(struct template_builder *provision);
void template_builder_clear(struct template_builder *provision);

#endif
