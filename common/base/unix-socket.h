/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VLT_UNIX_SOCKET_H
#define VLT_UNIX_SOCKET_H

/* A stream socket that is connected to the Unix socket at that path; the caller's. -1 and errno,
 * ENAMETOOLONG where no address has room for the path; ETIMEDOUT where nobody takes the connection
 * for 30 s, as with a process that stands still and has as many waiting as it listens for. */
int unix_socket_connect(const char *path);

/* The same with a socket that there is already. 0, or -1 and errno. */
int unix_socket_connect_on(int fd, const char *path);

#endif
