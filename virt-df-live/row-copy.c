/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "row-copy.h"

#include <rpc/xdr.h>
#include <string.h>

static int copy_image(struct guest *to, const struct guest_image *image)
{
    char *path = strdup(image->path);

    if (!path)
        return -1;
    to->images[to->image_count++] = (struct guest_image){.path = path};
    return 0;
}

static struct guest *copy_guest(const struct guest *guest)
{
    AUTO_GUEST struct guest *copy = guest_new(guest->number);

    if (!copy || guest_set_name(copy, guest->name, NULL) < 0)
        return NULL;
    memcpy(copy->uuid, guest->uuid, sizeof copy->uuid);
    copy->images = calloc(guest->image_count + 1, sizeof *copy->images);
    if (!copy->images)
        return NULL;
    for (size_t i = 0; i < guest->image_count; i++)
        if (copy_image(copy, &guest->images[i]) < 0)
            return NULL;
    return STEAL(copy);
}

/* Over the wire's encoding, so that no member is forgotten. */
static volume *copy_volume(const volume *v)
{
    size_t size = xdr_sizeof((xdrproc_t)xdr_volume, (void *)(uintptr_t)v);
    AUTO_FREE char *bytes = malloc(size);
    volume *copy = calloc(1, sizeof *copy);
    XDR xdr;

    if (bytes && copy) {
        xdrmem_create(&xdr, bytes, (u_int)size, XDR_ENCODE);
        bool copied = xdr_volume(&xdr, (volume *)(uintptr_t)v);
        xdrmem_create(&xdr, bytes, (u_int)size, XDR_DECODE);
        if (copied && xdr_volume(&xdr, copy))
            return copy;
        xdr_free((xdrproc_t)xdr_volume, copy);
    }
    free(copy);
    return NULL;
}

static int fill(struct row *copy, const struct row *row)
{
    *copy = *row;
    copy->guest = NULL;
    copy->volume = NULL;
    copy->message = NULL;
    if (row->guest && !(copy->guest = copy_guest(row->guest)))
        return -1;
    if (row->volume && !(copy->volume = copy_volume(row->volume)))
        return -1;
    if (row->message && !(copy->message = malloc(row->message_length + 1)))
        return -1;
    if (row->message)
        memcpy((char *)(uintptr_t)copy->message, row->message, row->message_length);
    return 0;
}

struct row *row_copy_new(const struct row *row)
{
    struct row *copy = calloc(1, sizeof *copy);

    if (!copy || fill(copy, row) == 0)
        return copy;
    row_copy_free(copy);
    return NULL;
}

void row_copy_free(struct row *copy)
{
    if (!copy)
        return;
    guest_free((struct guest *)(uintptr_t)copy->guest);
    if (copy->volume) {
        xdr_free((xdrproc_t)xdr_volume, (void *)(uintptr_t)copy->volume);
        free((void *)(uintptr_t)copy->volume);
    }
    free((void *)(uintptr_t)copy->message);
    free(copy);
}
