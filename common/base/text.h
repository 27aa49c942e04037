/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that came from elsewhere, made fit for a terminal, a table, CSV and JSON. Pure. */
#ifndef VLT_TEXT_H
#define VLT_TEXT_H

#include "error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every function that returns char * returns new memory that the caller frees, or NULL: no memory.
 */

/* For messages and tables: control characters (C0, DEL, and C1 in UTF-8), backslashes and bytes
 * that are not UTF-8 become \n, \t, \\, \xHH; all other UTF-8 stays. */
char *text_escape(const void *bytes, size_t length);

/* RFC 4180: quoted when it has a comma, a quote, CR or LF; otherwise as it is. Bytes stay bytes. */
char *text_csv(const void *bytes, size_t length);

/* Sets object[key] to the bytes as a string. Bytes that are not UTF-8, and U+0000, become U+FFFD,
 * and the whole value stands again, base64, under key + "_b64". 0 or -1: no memory. */
int text_json_set(json_t *object, const char *key, const void *bytes, size_t length);
/* The same rule for an array of strings under key: where any is not UTF-8, key + "_b64" is the
 * array of all of them in base64. */
int text_json_set_array(json_t *object, const char *key, const char *const *strings, size_t count);

/* Bytes in base64, strictly: the standard alphabet, padded, and nothing else. *length bytes come to
 * `bytes`, which has room for as many as the text has. 0; -1: it is something else. */
int text_base64_decode(const char *text, size_t text_length, char *bytes, size_t *length);

/* 1K-blocks as df prints them with -h: powers of 1024, one decimal below 10, rounded up:
 * 0 → "0", 1023 → "1023", 1024 → "1.0K", 10240 → "10K". Returns buffer. */
#define TEXT_SIZE_MAX 24
char *text_human_size(uint64_t bytes, char buffer[TEXT_SIZE_MAX]);

/* Strict numbers: the whole word, decimal, minimum ≤ n ≤ maximum. `what` names it in the message.
 */
int text_parse_number(const char *word, const char *what, uint64_t minimum, uint64_t maximum,
                      uint64_t *number, error **err);

#endif
