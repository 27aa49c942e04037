/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares what two ways say of a file. */
#ifndef VLT_TEST_SAME_STATUS_H
#define VLT_TEST_SAME_STATUS_H

#include <sys/stat.h>

/* Fails the test where STATX_BASIC_STATS differ, but for the device of the file. */
void same_status_assert(const struct statx *got, const struct statx *wanted);

#endif
