/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The output of the program that reads the databases of dynamic disks
 * (appliance/programs/dynamic-disks.c): records of one size, so the agent has nothing to parse. One
 * LDM_DISK for each of its arguments, in their order; each LDM_VOLUME, followed by its LDM_PIECEs
 * in their order; one LDM_END. */
#ifndef VLT_AGENT_LDM_RECORD_H
#define VLT_AGENT_LDM_RECORD_H

#include <stdint.h>

#define LDM_PROGRAM "/usr/sbin/dynamic-disks"

/* A database has 1 MiB, in entries of 128 bytes. */
#define LDM_RECORDS_MAX 8192

enum ldm_record_kind { LDM_DISK = 1, LDM_VOLUME, LDM_PIECE, LDM_END };

/* The result for a disk. */
enum ldm_disk_state {
    LDM_DISK_READ,
    LDM_DISK_REFUSED,    /* not a dynamic disk, or its database is not valid */
    LDM_DISK_CONTRADICTS /* another disk of its group */
};

enum ldm_volume_type { LDM_SIMPLE, LDM_SPANNED, LDM_STRIPED, LDM_MIRRORED, LDM_RAID5 };

struct ldm_record {
    uint32_t kind;
    uint32_t what;  /* LDM_DISK: its state; LDM_VOLUME: its type */
    int32_t disk;   /* LDM_DISK, LDM_PIECE: of the arguments, from 0; -1: none of them */
    uint32_t zero;  /* so that there is no hole */
    uint64_t start; /* LDM_PIECE: on the disk; sectors of 512 bytes, as all that follow */
    uint64_t size;  /* LDM_VOLUME, LDM_PIECE */
    uint64_t chunk; /* LDM_VOLUME: of LDM_STRIPED and LDM_RAID5 */
    char text[128]; /* why a disk is not used; a volume's name; the name of a piece's disk */
};

#endif
