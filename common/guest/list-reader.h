/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of one list, as --images-from names it: a file, a FIFO, stdin. It reads only as far
 * as the next entry, never waits, and holds at most `longest` bytes of an entry. */
#ifndef VLT_LIST_READER_H
#define VLT_LIST_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list_reader {
    int fd;         /* -1: none is open. It is polled for POLLIN after LIST_READ_WAIT */
    uint64_t entry; /* how many have been read */
    bool regular;   /* never makes us wait */
    bool ended;     /* end of file */
    bool dropping;  /* the entry was too long: its rest is read and forgotten */
    size_t longest; /* of an entry, in bytes */
    char delimiter; /* behind each entry; the last one may lack it */
    char *buffer;   /* bytes start to end are not used yet, start to scanned have no delimiter */
    size_t room, start, scanned, end;
};

enum list_reader_result {
    LIST_READ_ENTRY,
    LIST_READ_TOO_LONG, /* an entry of more than `longest` bytes */
    LIST_READ_WAIT,     /* there will be more */
    LIST_READ_END,
    LIST_READ_FAILED, /* errno says why */
    LIST_READ_NO_MEMORY
};

/* What a struct is before list_reader_open() and after list_reader_close(). */
#define LIST_READER_CLOSED ((struct list_reader){.fd = -1})

/* path "-" is stdin. 0 or errno; in both cases list_reader_close() is called later. */
int list_reader_open(struct list_reader *reader, const char *path, char delimiter, size_t longest);

/* Closes the list, but for stdin, which is not ours. */
void list_reader_close(struct list_reader *reader);

/* After LIST_READ_ENTRY *entry is without its delimiter, and good until the next call. */
enum list_reader_result list_reader_next(struct list_reader *reader, const char **entry,
                                         size_t *length);

#endif
