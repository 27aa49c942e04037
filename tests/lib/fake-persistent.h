/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted appliance that lives (fake-hypervisor.h), and what one command of virt-hotplug has of
 * it. Commands follow each other in one process, or are processes of their own (hosts.h). */
#ifndef VLT_TEST_FAKE_PERSISTENT_H
#define VLT_TEST_FAKE_PERSISTENT_H

#include "appliance/agent-client.h"
#include "appliance/persistent-slots.h"
#include "fake-hypervisor.h"

struct fake_persistent {
    hypervisor *hv;
    agent_client *agent;
    persistent_slots *disks;
};

/* Makes the script, and launches one that has so many slots. 0 or -1. */
int fake_persistent_launch(unsigned slots);
/* Ends it. How many mistakes its fakes have seen. */
unsigned fake_persistent_end(void);
struct fake_machine *fake_persistent_machine(void);

/* Finds it: from then on there are events to be heard. 0; -1 and *err. */
int fake_persistent_find(struct fake_persistent *self, error **err);
/* … if that is still to be done, and takes it over. */
int fake_persistent_open(struct fake_persistent *self, error **err);
/* The end of a command; the appliance lives on. */
void fake_persistent_close(struct fake_persistent *self);
#define AUTO_FAKE_PERSISTENT CLEANUP(fake_persistent_close)

/* Asks for an image of that name, in any slot. */
struct persistent_slots_request fake_persistent_request(const char *image);

/* The next call at that point, or so many, are to go like that. */
void fake_persistent_script(enum fake_point point, enum fake_act what, unsigned count);

/* Whether hypervisor and agent have those disks that the command believes in, and nothing else;
 * prints what is not so. */
bool fake_persistent_is_true(struct fake_persistent *self);

#endif
