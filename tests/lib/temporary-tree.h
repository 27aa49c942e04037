/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory that a test fills. */
#ifndef VLT_TEST_TEMPORARY_TREE_H
#define VLT_TEST_TEMPORARY_TREE_H

struct temporary_tree {
    char top[32]; /* its path */
    int fd;       /* the directory, open for reading */
};

/* A test's fixture: its state is a new struct temporary_tree; the tree is removed after the test.
 */
int temporary_tree_set_up(void **state);
int temporary_tree_tear_down(void **state);

#endif
