/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes image files in a directory of their own, and checks image_chain_open() on them. The
 * asserting functions are cmocka's kind: they do not return where they fail. */
#ifndef VLT_TEST_IMAGE_FILES_H
#define VLT_TEST_IMAGE_FILES_H

#include "image/image-probe.h"

/* A group's fixture: the working directory is a new one, image_directory, with a directory "sub".
 */
extern char image_directory[];
int enter_image_directory(void **state);
int leave_image_directory(void **state);

/* A file of that many zeros. */
void make_raw(const char *path, off_t size);
/* A qcow2 of 1 MiB; backing and its format may be NULL. */
void make_qcow2_file(const char *path, const char *backing, const char *format);
void make_qcow2_with_data_file(const char *path, const char *data_file);

/* A file of that text, such as a VMDK's descriptor. */
void make_text(const char *path, const char *text);

/* A chain that must open. */
struct image_chain *open_chain(const char *path, enum backing_policy policy);
/* It does not open, leaves no descriptor, and the message contains `part`. */
void assert_refused_as(const char *path, enum image_format format, unsigned block_size,
                       enum backing_policy policy, enum error_kind kind, const char *part);
/* By every policy. */
void assert_refused(const char *path, enum error_kind kind, const char *part);
void assert_policy_refuses(const char *path, enum backing_policy policy, enum error_kind kind,
                           const char *part);

#endif
