/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cells of a file's line, as virt-ls and ls print them. Pure, but for the time zone. */
#ifndef VLS_CELL_H
#define VLS_CELL_H

#include "wire/listing.h"
#include "wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One of "-dcbpls", or "u": none of those. */
char cell_type(unsigned mode);

/* "drwxr-xr-x", as ls has it. Returns buffer. */
#define CELL_MODE_MAX 11
char *cell_mode(unsigned mode, char buffer[CELL_MODE_MAX]);

/* "2026-11-23 10:26:09" in the host's time zone; the seconds since 1970 where there is no such
 * date. Returns buffer. */
#define CELL_DATE_MAX 64
char *cell_date(int64_t seconds, char buffer[CELL_DATE_MAX]);
/* "Nov 23 10:26", or "May 23  2026" where it is more than half a year before now, or after it; in
 * UTC. Returns buffer. */
char *cell_ls_date(int64_t seconds, int64_t now, char buffer[CELL_DATE_MAX]);

/* now - then; at the limits of int64_t it saturates. */
int64_t cell_age(int64_t now, int64_t then);

/* In hexadecimal, or, LS_CRC, in decimal; "" where there is none. Returns buffer. */
#define CELL_DIGEST_MAX (2 * LISTING_DIGEST + 1)
char *cell_digest(enum ls_checksum kind, const listing_entry *entry, char buffer[CELL_DIGEST_MAX]);

/* One path of *length bytes, NUL behind them: "/etc" or "/etc/" and "passwd", with "GUEST:" before
 * it where guest is not NULL. Nothing is added for name "". New memory, or NULL: no memory. */
char *cell_path(const char *guest, const char *directory, const char *name, size_t name_length,
                size_t *length);

#endif
