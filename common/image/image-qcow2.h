/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the fields of a qcow2's header are; they are big-endian. Source: QEMU
 * docs/interop/qcow2.txt, "Header". Private to image*.c. */
#ifndef VLT_IMAGE_QCOW2_H
#define VLT_IMAGE_QCOW2_H

enum {
    QCOW2_VERSION = 4,
    QCOW2_BACKING_OFFSET = 8,
    QCOW2_BACKING_SIZE = 16,
    QCOW2_CLUSTER_BITS = 20,
    QCOW2_SIZE = 24,
    QCOW2_CRYPT_METHOD = 32,
    QCOW2_L1_SIZE = 36,
    QCOW2_L1_OFFSET = 40,
    QCOW2_REFCOUNT_OFFSET = 48,
    QCOW2_REFCOUNT_CLUSTERS = 56,
    QCOW2_SNAPSHOTS = 60,
    QCOW2_SNAPSHOT_OFFSET = 64,
    QCOW2_V2_LENGTH = 72,
    /* Version 3. */
    QCOW2_INCOMPATIBLE = 72,
    QCOW2_AUTOCLEAR = 88,
    QCOW2_HEADER_LENGTH = 100,
    QCOW2_V3_LENGTH = 104,
};

#endif
