/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds an image's header in memory, and checks image_probe() on it. The asserting functions are
 * cmocka's kind: they do not return where they fail. */
#ifndef VLT_TEST_IMAGE_MAKER_H
#define VLT_TEST_IMAGE_MAKER_H

#include "image/image-probe.h"

#define MIB (UINT64_C(1) << 20)

extern uint8_t header[IMAGE_PROBE_BYTES];

void put(size_t offset, const void *bytes, size_t size);
void be32(size_t offset, uint32_t value);
void be64(size_t offset, uint64_t value);
void le32(size_t offset, uint32_t value);
void le64(size_t offset, uint64_t value);

/* A header of a qcow2 of 10 MiB, with clusters of 64 KiB. Version 3's is 112 bytes long, and its
 * extensions begin there; version 2's is 72. */
void make_qcow2(uint32_t version);
/* The name stands at that offset; size is what the header claims of it. */
void qcow2_backing(size_t offset, const char *name, uint32_t size);
/* Returns the offset behind it. */
size_t qcow2_extension(size_t offset, uint32_t type, const char *text);

#define QCOW2_BACKING_FORMAT 0xe2792aca
#define QCOW2_DATA_FILE 0x44415441

/* image_probe() on the header's first `length` bytes, as of a file of 1 MiB, or of those bytes
 * where they are not all of the header. */
int probe_length(size_t length, enum image_format format, struct image_info *info, error **err);
int probe(struct image_info *info, error **err);

/* It is that, and names no other file. */
void assert_info(enum image_format format, uint64_t size);
void assert_backing(const char *name, enum image_format format);
/* The message contains `part`. */
void assert_fails_at(size_t length, enum image_format format, enum error_kind kind,
                     const char *part);
void assert_fails(enum error_kind kind, const char *part);

#endif
