/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VLT_UNIX_CONNECT_H
#define VLT_UNIX_CONNECT_H

/* A stream socket that is connected to the Unix socket at that path; the caller's. -1 and errno,
 * ENAMETOOLONG where no address has room for the path. */
int unix_connect(const char *path);

#endif
