/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VLT_UNIX_SOCKET_H
#define VLT_UNIX_SOCKET_H

/* A stream socket, connected to the Unix socket at that path; the caller's. -1 and errno:
 * ENAMETOOLONG where the path does not fit into an address; ETIMEDOUT where the listener's backlog
 * stays full for 30 s, as that of a stopped process may. */
int unix_socket_connect(const char *path);

/* The same with an existing socket. 0, or -1 and errno. */
int unix_socket_connect_on(int fd, const char *path);

#endif
