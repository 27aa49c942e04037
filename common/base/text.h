/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Untrusted bytes, made fit for a terminal, a table and CSV. Pure. */
#ifndef VLT_TEXT_H
#define VLT_TEXT_H

#include "error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* For messages and tables: control characters (C0, DEL, and C1 in UTF-8), backslashes and bytes
 * that are not UTF-8 become \n, \t, \\, \xHH; all other UTF-8 stays. New memory, or NULL: no
 * memory. */
char *text_escape(const void *bytes, size_t length);

/* Writes a cell of CSV: in quotes if it contains one of the characters `quoted`, else unchanged.
 * Bytes stay bytes. */
#define TEXT_CSV ",\"\r\n" /* RFC 4180 */
void text_put_csv(const void *bytes, size_t length, const char *quoted, FILE *to);

/* Bytes in base64, strictly: the standard alphabet, padded, and nothing else. Writes *length bytes
 * to `bytes`, which must have room for text_length. 0; -1: not valid base64. */
int text_base64_decode(const char *text, size_t text_length, char *bytes, size_t *length);

/* Powers of 1024, one decimal below 10: "1023", "1.0K", "10K". Returns buffer. */
enum text_rounding {
    TEXT_UP,     /* as df: a disk is never shown fuller than full, nor smaller than it is */
    TEXT_NEAREST /* half to even */
};
#define TEXT_SIZE_MAX 24
char *text_human_size(uint64_t bytes, enum text_rounding rounding, char buffer[TEXT_SIZE_MAX]);

/* Strict numbers: the whole word, decimal, minimum ≤ n ≤ maximum. `what` names it in the message.
 */
int text_parse_number(const char *word, const char *what, uint64_t minimum, uint64_t maximum,
                      uint64_t *number, error **err);

#endif
