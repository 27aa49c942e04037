/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content of a volume, by libblkid: signatures are read, nothing is mounted. */
#ifndef VLT_AGENT_FILESYSTEM_PROBE_H
#define VLT_AGENT_FILESYSTEM_PROBE_H

#include "base/cleanup.h"
#include "wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

/* So that MAX_VOLUMES volumes always fit into one frame: at most 900 bytes each. */
#define VOLUME_MESSAGE_MAX 256

/* Strings may have any bytes, and are valid until the prober's next call. */
struct finding {
    enum volume_content content;
    enum status status;  /* STATUS_OK, or why the content is not to be mounted */
    const char *type;    /* never NULL; "" where nothing was found */
    const char *label;   /* … */
    const char *uuid;    /* … */
    const char *sub;     /* UUID of the one member, where `uuid` is that of the whole */
    const char *version; /* of the superblock */
    const char *journal; /* UUID of the device that its journal is on */
    char message[VOLUME_MESSAGE_MAX];
};

typedef struct filesystem_probe filesystem_probe;

filesystem_probe *filesystem_probe_new(void); /* NULL: no memory */
void filesystem_probe_free(filesystem_probe *probe);

/* Looks at the open volume of `size` bytes. Always fills in *found. */
void filesystem_probe_look(filesystem_probe *probe, int fd, uint64_t size, struct finding *found);

/* The same for the whole of a disk that has partitions: finds only what such a disk may be in spite
 * of them. */
void filesystem_probe_look_beside(filesystem_probe *probe, int fd, uint64_t size,
                                  struct finding *found);

/* The same for what none of that has found anything in: finds the RAID of PC firmware. */
void filesystem_probe_look_firmware(filesystem_probe *probe, int fd, uint64_t size,
                                    struct finding *found);

/* Where libblkid finds nothing: the filesystem whose signature is there all the same, which is
 * damaged then; NULL: none that is known. */
const char *filesystem_probe_trace(int fd);

/* Whether the bytes from `start` to before `end` are zeros: all, or of a large stretch so many
 * pieces (at least 2) of 64 KiB, evenly spaced, the first and the last among them. *sampled: how
 * many bytes were read. */
bool filesystem_probe_is_blank(filesystem_probe *probe, int fd, uint64_t start, uint64_t end,
                               unsigned pieces, uint64_t *sampled);

#endif
