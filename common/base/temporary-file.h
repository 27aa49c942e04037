/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files without a name, for what does not fit into memory. */
#ifndef VLT_TEMPORARY_FILE_H
#define VLT_TEMPORARY_FILE_H

/* Where they are: $TMPDIR, else /var/tmp, which is on a disk. Valid as long as the environment. */
const char *temporary_file_directory(void);

/* A new one, open for reading and writing; -1 and errno. */
int temporary_file_open(void);

#endif
