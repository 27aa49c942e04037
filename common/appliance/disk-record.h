/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of an attached disk: one printable line that the hypervisor stores with the disk, so
 * that the next command finds it. Pure. */
#ifndef VLT_DISK_RECORD_H
#define VLT_DISK_RECORD_H

#include "image/image-probe.h"
#include "wire/protocol.h"

/* What becomes of writes. */
enum disk_mode {
    DISK_READ_ONLY,
    DISK_WRITABLE, /* they go into the image */
    DISK_TRANSIENT /* they go with the disk (image/image-overlay.h) */
};

/* "ro", "rw", "transient" */
const char *disk_record_mode_name(enum disk_mode mode);

struct disk_record {
    char serial[MAX_SERIAL + 1];
    char label[MAX_SLOT_LABEL + 1]; /* "" where it has none */
    enum disk_mode mode;
    enum image_format format;
    uint64_t size; /* bytes; 0 where only QEMU knows */
    char *image;   /* the path, bytes as the user gave them; owned */
};

/* New memory, or NULL: no memory. */
char *disk_record_write(const struct disk_record *record);

/* 0; -1 where it is not valid (the hypervisor may have been taken over), with *record cleared. */
int disk_record_read(const char *text, struct disk_record *record);
void disk_record_clear(struct disk_record *record);

/* Whether it is 1-MAX_SLOT_LABEL ASCII letters, and no disk's name ("sdb"). */
bool disk_record_label_valid(const char *label, size_t length);

static inline void cleanup_disk_record(struct disk_record *record)
{
    disk_record_clear(record);
}
#define AUTO_DISK_RECORD CLEANUP(cleanup_disk_record)

#endif
