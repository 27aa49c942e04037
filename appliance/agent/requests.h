/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers requests, one after the other: it reads the next one after it has answered the present
 * one. */
#ifndef VLT_AGENT_REQUESTS_H
#define VLT_AGENT_REQUESTS_H

#include "agent/device/device-table.h"
#include "agent/device/disk-names.h"
#include "agent/list/list-files.h"
#include "agent/mount/kernel-modules.h"
#include "agent/util/channel.h"
#include "agent/util/renewal.h"
#include "scan-volumes.h"

typedef struct requests requests;

/* Who does what is asked. */
struct requests_parts {
    device_table *disks;
    kernel_modules *loaded;
    scan_volumes *scan;
    list_files *files;
    disk_names *stock;
    renewal *fresh;
    void (*prepare)(void); /* before OP_PREPARE is answered; or NULL */
    void (*keep)(void);    /* before OP_KEEP is answered for the first time; or NULL */
};

/* Borrows them all; parts->scan and parts->files tell it of journals. NULL: no memory. */
requests *requests_new(const struct requests_parts *parts);

/* Reads and answers requests until it has to wait. To be called after every event. 0; -EPIPE where
 * the stream has ended; -EBADMSG where the host broke the protocol. */
int requests_run(requests *queue, channel *link);

/* To be called when the host has gone: drops the present request. */
void requests_drop(requests *queue);

/* Whether a host has said OP_KEEP, and the last one's *idle. */
bool requests_kept(const requests *queue, unsigned *idle);

#endif
