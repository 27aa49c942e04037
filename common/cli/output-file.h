/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that an option names, and that programs of other users read. */
#ifndef VLT_OUTPUT_FILE_H
#define VLT_OUTPUT_FILE_H

#include "base/error.h"

#include <stddef.h>

/* Writes the text to a temporary file beside path, mode 0644, and renames it. 0; or -1 and *err,
 * which begins with the option, and what was there before is still there. */
int output_file_write(const char *option, const char *path, const char *text, size_t length,
                      error **err);

#endif
