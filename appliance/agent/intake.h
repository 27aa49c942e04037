/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input of a command: it waits here until the program takes it, and the host sends no more than
 * there is room for. */
#ifndef VLT_AGENT_INTAKE_H
#define VLT_AGENT_INTAKE_H

#include "loop.h"
#include "process.h"

typedef struct intake intake;

/* `moved` is called when the program has taken some, or wants no more. NULL: no memory. */
intake *intake_new(loop *events, void (*moved)(void *owner), void *owner);
void intake_free(intake *self);

/* For another program: process->input is closed here, and is then -1. */
void intake_begin(intake *self, struct process *process);
/* What waits is forgotten. */
void intake_close(intake *self);

/* The host has sent that. False: more than it was allowed to. */
bool intake_take(intake *self, const char *bytes, size_t length);
/* The host will send no more: so it is for the program when it has taken what waits. */
void intake_end(intake *self);

/* So many bytes more may be sent from now on; 0 where it is not worth a message. */
uint32_t intake_more(intake *self);

#endif
