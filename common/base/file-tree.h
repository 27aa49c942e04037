/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own directories, in which less trusted processes may have written. */
#ifndef VLT_FILE_TREE_H
#define VLT_FILE_TREE_H

/* Removes name below the directory and all that is in it, however deep. Never follows a symbolic
 * link, never leaves the file system it is on. After a failure it goes on with the rest. 0, or
 * -errno of the first failure; 0 too where the name does not exist. */
int file_tree_remove(int directory_fd, const char *name);

/* Copies a regular file's bytes (shared extents where the file system can). 0 or -errno. */
int file_tree_copy_file(const char *from, int to_fd);

#endif
