/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "temporary-tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int temporary_tree_set_up(void **state)
{
    struct temporary_tree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return -1;
    snprintf(tree->top, sizeof tree->top, "/tmp/vlt-tree.XXXXXX");
    *state = tree;
    if (!mkdtemp(tree->top))
        return -1;
    tree->fd = open(tree->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return tree->fd < 0;
}

int temporary_tree_tear_down(void **state)
{
    struct temporary_tree *tree = *state;
    char command[64];
    close(tree->fd);
    snprintf(command, sizeof command, "rm -rf %s", tree->top);
    int result = system(command);
    free(tree);
    return result;
}
