/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-probe.h"

#include <string.h>

int image_backing_add(struct image_backing *backing, const char *path, enum image_format format,
                      error **err)
{
    /* The image itself is a layer, too. */
    if (backing->count + 1 >= IMAGE_CHAIN_MAX)
        return error_set(err, ERROR_REFUSED, "its chain of backing files has more than %d layers",
                         IMAGE_CHAIN_MAX);
    struct image_name *layers =
        reallocarray(backing->layers, backing->count + 1, sizeof *backing->layers);
    if (!layers)
        return error_no_memory(err);
    backing->layers = layers;
    layers[backing->count] = (struct image_name){.path = strdup(path), .format = format};
    if (!layers[backing->count].path)
        return error_no_memory(err);
    backing->count++;
    return 0;
}

void image_backing_free(struct image_backing *backing)
{
    if (!backing)
        return;
    for (size_t i = 0; i < backing->count; i++)
        free(backing->layers[i].path);
    free(backing->layers);
    free(backing);
}
