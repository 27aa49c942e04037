/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An appliance that runs, seen from one command: its lock, libvirt, its agent, its slots. */
#ifndef VHP_LIVING_H
#define VHP_LIVING_H

#include "live.h"
#include "place.h"

struct living {
    hypervisor *hv;
    rpc *agent;
    live *disks;
};

/* What the appliance's domain is called. New memory; NULL: no memory. */
char *living_domain_name(const place *place);

/* The error that its QEMU lives no more. Always -1. */
int living_has_ended(const place *place, error **err);

/* libvirt, and the appliance's domain in it, of which nothing is asked. 0; 1: it has ended; -1 and
 * *err. *hv lasts as long as the process. */
int living_find(const place *place, hypervisor **hv, error **err);

/* Reaches the appliance at `place`, which is locked, and puts in order what killed commands left.
 * From then on this process has no rights but those of the sandbox: files are opened before.
 * 0; 1: it has ended; -1 and *err. living_close() is the caller's. */
int living_open(const place *place, const struct sandbox *box, struct living *living, error **err);
void living_close(struct living *living);

static inline void cleanup_living(struct living *living)
{
    living_close(living);
}
#define AUTO_LIVING CLEANUP(cleanup_living)

/* For commands that do no more than that: by its name, which is locked until the process ends. 0;
 * -1 and *err (STATUS_CRASHED: it has ended). */
int living_open_named(const char *name, struct living *living, error **err);

/* Ends the appliance, whatever it is doing, and waits for that. 0 or -1 and *err. */
int living_end(const place *place, const struct sandbox *box, error **err);

#endif
