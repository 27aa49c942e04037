/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories of ours that somebody less trusted may have written in. */
#ifndef VLT_FILE_TREE_H
#define VLT_FILE_TREE_H

/* Removes name below the directory and all that is in it, however deep, never following a symbolic
 * link, never leaving the file system it is on. What cannot be removed does not keep the rest.
 * 0, or -errno of the first failure; what is not there is removed (0). */
int file_tree_remove(int directory_fd, const char *name);

/* Copies a regular file's bytes (shared extents where the file system can). 0 or -errno. */
int file_tree_copy_file(const char *from, int to_fd);

#endif
