/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent as a process of the host, over socketpairs. $AGENT is its program. Its sysfs and /proc
 * are a made-up tree, its uevents come from here in the kernel's format, its disks are image files,
 * and it mounts nothing (mount_ops_pretend). Use as a cmocka fixture: agent_set_up,
 * agent_tear_down. What cannot be done fails the test. */
#ifndef VLT_TEST_AGENT_PROCESS_H
#define VLT_TEST_AGENT_PROCESS_H

#include "wire/frame.h"
#include <stdint.h>

#define AGENT_SESSIONS 2
#define AGENT_PATH_MAX 512

/* The made-up virtio-scsi host, below sys. */
#define AGENT_DEVICES "devices/pci0000:00/0000:00:02.0/virtio1/host0"

struct agent_process {
    char directory[64]; /* has sys, dev, proc, modules */
    int channel;
    int sessions[AGENT_SESSIONS];
    int uevents;
    pid_t pid;
    frame_reader *reader; /* the channel's */
    unsigned serial;      /* of the last request */
};

int agent_set_up(void **state);
/* One that has not been renewed (OP_RENEW), as from a template. */
int agent_set_up_stale(void **state);
int agent_tear_down(void **state);

/* Closes its channel, waits for its end, and returns how it ended. */
int agent_ended(struct agent_process *self);

/* ---- the made-up machine ---- */

void agent_path(const struct agent_process *self, char path[AGENT_PATH_MAX], const char *format,
                ...) __attribute__((format(printf, 3, 4)));
/* All of them, below the fixture's directory. */
void agent_make_directories(const struct agent_process *self, const char *below);
void agent_write_bytes(const char *path, off_t offset, const void *bytes, size_t length);
/* A file below the fixture's directory, with the directories above it. */
void agent_write(const struct agent_process *self, const char *below, const char *text);

/* An image file as the node; `signature`: enough of an ext2 superblock for libblkid. */
void agent_make_image(const struct agent_process *self, const char *node, off_t size,
                      bool signature);
void agent_make_serial(const struct agent_process *self, unsigned slot, const char *serial);
/* As sysfs has it. */
void agent_make_size(const struct agent_process *self, unsigned slot, uint64_t bytes);

/* A disk is 8:16k, its n-th partition 8:(16k + n). */
#define AGENT_DISK_MINOR(slot) ((slot)*16)

void agent_say(const struct agent_process *self, const char *action, const char *path,
               const char *more, size_t more_length);
void agent_say_device(const struct agent_process *self, const char *action, unsigned slot);
void agent_say_disk(const struct agent_process *self, const char *action, unsigned slot);
void agent_say_partition(const struct agent_process *self, const char *action, unsigned slot,
                         unsigned number);
/* All uevents of a disk without partitions. */
void agent_appear(const struct agent_process *self, unsigned slot);

/* ---- the channel ---- */

/* As each host does first; agent_set_up() has done it. */
void agent_call(const struct agent_process *self);
void agent_ask(struct agent_process *self, request *asked);
void agent_ask_hello(struct agent_process *self, unsigned version);
/* Request 0, and that it was answered with `message`. */
void agent_renew(struct agent_process *self, const char *message);
/* The next answer; it must be to request `serial`. */
answer agent_expect(struct agent_process *self, unsigned serial, op kind);
void agent_free_answer(answer *reply);

#endif
