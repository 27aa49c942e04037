/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of JSON Lines that all commands share. Functions return 0 or -1: no memory. */
#ifndef VLT_JSON_LINES_H
#define VLT_JSON_LINES_H

#include "scan/supervisor.h"
#include <jansson.h>

/* Takes the value over; a NULL value means that there was no memory for it. */
int json_lines_set(json_t *object, const char *key, json_t *value);
/* The bytes as a string. Bytes that are not UTF-8, and U+0000, become U+FFFD, and key + "_b64" has
 * the whole value in base64. */
int json_lines_set_string(json_t *object, const char *key, const void *bytes, size_t length);
/* The same rule for an array: where any is not UTF-8, key + "_b64" is all of them in base64. */
int json_lines_set_strings(json_t *object, const char *key, const char *const *strings,
                           size_t count);
/* As json_lines_set_string(); null where length is 0. */
int json_lines_set_bytes(json_t *object, const char *key, const void *bytes, size_t length);
/* "guest", "index" (its number in the list) and "images". */
int json_lines_set_guest(json_t *object, const struct guest *guest);
/* "status" and "message". */
int json_lines_set_status(json_t *object, enum status status, const void *message, size_t length);
/* "elapsed_s". */
int json_lines_set_elapsed(json_t *object, uint64_t microseconds);

/* JSON integers of jansson end at INT64_MAX. */
json_t *json_lines_unsigned(uint64_t value);

/* Takes object over. `failed`: a member could not be added, so the line is not written. */
int json_lines_write_line(json_t *object, int failed, FILE *to);

#endif
