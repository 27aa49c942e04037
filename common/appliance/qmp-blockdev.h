/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP arguments for a disk: QEMU gets only descriptors that we opened. Pure. Sources: QEMU 7.2
 * qapi/block-core.json (BlockdevOptions), hw/scsi/scsi-disk.c (properties). */
#ifndef VLT_QMP_BLOCKDEV_H
#define VLT_QMP_BLOCKDEV_H

#include "image/image-probe.h"
#include <jansson.h>

/* "s7": the id of the device and of the topmost block node at slot 7. */
#define QMP_BLOCKDEV_NAME_MAX 16
char *qmp_blockdev_name(unsigned slot, char buffer[QMP_BLOCKDEV_NAME_MAX]);
/* The inverse, strict; -1 for anything else (ids of devices that are not ours). */
int qmp_blockdev_slot(const char *name);

/* add-fd's arguments for a layer of the disk at `slot`: "s7", and with a record "s7 RECORD". NULL:
 * no memory, or the record is not UTF-8. The caller's reference. */
json_t *qmp_blockdev_tag(unsigned slot, const char *record);
/* The slot in such a tag, -1 where it is none. *record points into it, or is NULL. */
int qmp_blockdev_read_tag(const char *tag, const char **record);

/* The text of a VMDK descriptor that names the fd sets of the extents of layer `index`: QEMU reads
 * it instead of the image's own. NULL: no memory. The caller's. */
bool qmp_blockdev_has_extents(const struct image_chain *chain, size_t index);
char *qmp_blockdev_descriptor(const struct image_chain *chain, size_t index, const int64_t *fdsets);

/* blockdev-add's arguments for a chain whose layer i is in fd set fdsets[i] (of a layer with
 * extents: its qmp_blockdev_descriptor()): one nested object; every level names its backing
 * explicitly (null at the end), so that QEMU opens no file by itself; read-only, and with locking
 * off, so that an image in use is neither locked nor disturbed. writable: the topmost layer may be
 * written, and QEMU locks the image as usual, unless it is an overlay: that is ours alone.
 * io_uring: whether this host has it. secret: the id of QEMU's secret object for the encrypted
 * layers; NULL where there are none. A chain that is an NBD export has no fd sets: its socket was
 * given to QEMU (getfd) under the name of the slot. A connection that is lost is not made again.
 * NULL: no memory. The caller's reference. */
json_t *qmp_blockdev_chain(const struct image_chain *chain, const int64_t *fdsets, unsigned slot,
                           bool io_uring, bool writable, const char *secret);

/* Whether it is what blockdev-add answers where QEMU may not use io_uring. Before QEMU 11 the
 * reason was another ("Unable to use io_uring: …", block/file-posix.c). */
bool qmp_blockdev_lacks_io_uring(const char *complaint);

/* -blockdev's arguments for a reserved slot (hypervisor.h), before its first disk. NULL: no memory.
 * The caller's reference. */
json_t *qmp_blockdev_reserved(unsigned slot);
/* As qmp_blockdev_chain(), of the disk that is the number-th to replace the first one at the slot,
 * from 1: "n7.1". Takes the reference over. */
#define QMP_BLOCKDEV_SUCCESSOR_MAX 24
char *qmp_blockdev_successor_name(unsigned slot, unsigned number,
                                  char buffer[QMP_BLOCKDEV_SUCCESSOR_MAX]);
json_t *qmp_blockdev_successor(json_t *chain, unsigned slot, unsigned number);
/* qom-set's arguments: puts that one behind the slot's device. */
json_t *qmp_blockdev_replace(unsigned slot, unsigned number);

/* Whether QEMU has to be told what blockdev-add has no member for, only -drive an option: to take a
 * VHD's size from its footer, as all do but QEMU and Virtual PC (block/vpc.c, force_size_calc); not
 * to lock the parts of a snapshot's file (block/vmdk.c, extents.N). */
bool qmp_blockdev_wants_option(const struct image_chain *chain);

/* human-monitor-command's arguments that do what blockdev-add does with that node, as options.
 * Takes the node over (NULL: none). NULL: no memory. The caller's reference. */
json_t *qmp_blockdev_as_options(json_t *node);

/* object-add's arguments: a secret, which QEMU reads from its own descriptor `fd`. So it stands in
 * no command, and in no log of commands. */
json_t *qmp_blockdev_secret(const char *id, int64_t fd);

/* device_add's arguments, or those of -device: scsi-hd at target `slot`, lun 0, of the one SCSI
 * controller there is, on the node of that slot, with that serial (protocol.x) as its revision
 * level. */
json_t *qmp_blockdev_device(unsigned slot, const char *serial, unsigned block_size, bool writable);

#endif
