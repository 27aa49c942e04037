/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command that attaches a disk leaves with the hypervisor, so that the next command finds
 * it: one printable line. Pure. */
#ifndef VLT_DISK_NOTE_H
#define VLT_DISK_NOTE_H

#include "image.h"
#include "protocol.h"

struct disk_note {
    char serial[MAX_SERIAL + 1];
    char label[MAX_SLOT_LABEL + 1]; /* "" where it has none */
    bool writable;
    enum image_format format;
    uint64_t size; /* bytes; 0 where only QEMU knows */
    char *image;   /* the path, bytes as the user gave them; owned */
};

/* New memory, or NULL: no memory. */
char *disk_note_write(const struct disk_note *note);

/* 0; -1 where it is none (the hypervisor may have been taken over), with *note cleared. */
int disk_note_read(const char *text, struct disk_note *note);
void disk_note_clear(struct disk_note *note);

/* 1-MAX_SLOT_LABEL ASCII letters, and no disk's name ("sdb"). */
bool disk_label_valid(const char *label, size_t length);

static inline void cleanup_disk_note(struct disk_note *note)
{
    disk_note_clear(note);
}
#define AUTO_DISK_NOTE CLEANUP(cleanup_disk_note)

#endif
