/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* memrchr */
#include "guest.h"
#include "keys.h"
#include "wire/protocol.h"

#include "base/secret.h"
#include "image/image-snapshot.h"
#include <string.h>

struct guest *guest_new(uint64_t number)
{
    struct guest *guest = calloc(1, sizeof *guest);

    if (guest)
        guest->number = number;
    return guest;
}

void guest_encryption_free(struct guest_encryption *encryption)
{
    if (!encryption)
        return;
    secret_free(encryption->passphrase);
    free(encryption->missing);
    free(encryption);
}

/* As basename(1): the last component, trailing slashes aside; "/" where there is none. */
static char *guest_name(const struct guest_image *first, size_t further_images)
{
    const char *path = first->remote ? first->remote->name : first->path;
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;

    const char *slash = end > 1 ? memrchr(path, '/', end) : NULL;
    const char *base = slash ? slash + 1 : path;
    size_t length = end - (size_t)(base - path);

    char *name = malloc(length + further_images + 1);
    if (!name)
        return NULL;
    memcpy(name, base, length);
    memset(name + length, '+', further_images);
    name[length + further_images] = '\0';
    return name;
}

static int check_image(const struct guest *guest, const char *path, size_t length, error **err)
{
    if (guest->image_count >= SLOT_COUNT)
        return error_set(err, ERROR_REFUSED, "it has more than %d images", SLOT_COUNT);
    if (length == 0)
        return error_set(err, ERROR_REFUSED, "the name of an image is empty");
    if (memchr(path, '\0', length))
        return error_set(err, ERROR_REFUSED, "the name of an image has a NUL byte in it");
    return 0;
}

static void image_clear(struct guest_image *image)
{
    free(image->path);
    remote_uri_free(image->remote);
    image_backing_free(image->backing);
    guest_encryption_free(image->encryption);
    free(image->target);
}

int guest_add_image(struct guest *guest, const char *path, size_t path_length,
                    enum image_format format, unsigned block_size, error **err)
{
    if (check_image(guest, path, path_length, err) < 0)
        return -1;

    size_t count = guest->image_count;
    struct guest_image *images = reallocarray(guest->images, count + 1, sizeof *images);
    if (!images)
        return error_no_memory(err);
    guest->images = images;

    CLEANUP(image_clear)
    struct guest_image image = {.format = format, .block_size = block_size};
    if (remote_uri_is(path, path_length)) {
        AUTO_SECRET char *uri = secret_copy(path, path_length);
        image.remote = uri ? remote_uri_parse(uri, err) : NULL;
        if (!image.remote)
            return uri ? -1 : error_no_memory(err);
        image.path = strdup(image.remote->shown);
    } else {
        image.path = strndup(path, path_length);
    }
    AUTO_FREE char *name =
        image.path && !guest->named ? guest_name(count ? &images[0] : &image, count) : NULL;
    if (!image.path || (!name && !guest->named))
        return error_no_memory(err);

    images[count] = image;
    image = (struct guest_image){0};
    guest->image_count = count + 1;
    if (name) {
        free(guest->name);
        guest->name = STEAL(name);
    }
    return 0;
}

void guest_drop_image(struct guest *guest, size_t index)
{
    struct guest_image *image = &guest->images[index];

    image_clear(image);
    guest->image_count--;
    memmove(image, image + 1, (guest->image_count - index) * sizeof *image);
}

int guest_set_name(struct guest *guest, const char *name, error **err)
{
    char *copy = strdup(name);

    if (!copy)
        return error_no_memory(err);
    free(guest->name);
    guest->name = copy;
    guest->named = true;
    return 0;
}

/* As the guest sees it, whatever it is made of. */
static int set_live_image(struct guest_image *image, error **err)
{
    struct remote_uri *remote = remote_uri_export(image->target, err);

    if (!remote)
        return -1;
    remote_uri_free(image->remote);
    image_backing_free(STEAL(image->backing));
    guest_encryption_free(STEAL(image->encryption));
    image->remote = remote;
    image->format = IMAGE_RAW;
    return 0;
}

int guest_set_live(struct guest *guest, error **err)
{
    for (size_t i = 0; i < guest->image_count; i++) {
        if (!guest->images[i].target)
            continue;
        if (set_live_image(&guest->images[i], err) < 0)
            return -1;
        guest->live = true;
    }
    return 0;
}

static int open_chain(const struct guest_image *image, enum backing_policy policy,
                      const char *snapshot, struct image_chain **chain, error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *made = NULL;
    AUTO_ERROR error *why = NULL;

    if (image_chain_open_on(image->path, image->format, image->backing, image->block_size, policy,
                            &made, &why) < 0) {
        if (snapshot && error_kind(why) == ERROR_PACKED)
            return error_set(err, ERROR_UNSUPPORTED,
                             "it is packed; only a qcow2 has snapshots that can be read");
        return error_propagate(err, STEAL(why));
    }
    if (snapshot && image_snapshot_select(made, snapshot, image->block_size, err) < 0)
        return -1;
    *chain = STEAL(made);
    return 0;
}

int guest_image_open(const struct guest_image *image, enum backing_policy policy,
                     const char *snapshot, struct image_chain **chain, error **err)
{
    if (open_chain(image, policy, snapshot, chain, err) < 0)
        return -1;
    struct image_layer *top = (*chain)->layers;
    if (image->encryption && top->format == IMAGE_RAW) {
        top->encrypted = true;
        (*chain)->size = 0; /* what the header leaves of it */
    }
    return 0;
}

int guest_image_check_open(const struct guest_image *image, const struct image_chain *chain,
                           error **err)
{
    AUTO_ERROR error *why = NULL;

    if (image_chain_check_open(chain, &why) == 0)
        return 0;
    if (!image->encryption || !image->encryption->missing)
        return error_propagate(err, STEAL(why));
    return error_set(err, error_kind(why), "%s: %s", error_message(why),
                     image->encryption->missing);
}

void guest_free(struct guest *guest)
{
    if (!guest)
        return;
    for (size_t i = 0; i < guest->image_count; i++)
        image_clear(&guest->images[i]);
    free(guest->images);
    free(guest->name);
    keys_clear(&guest->keys);
    error_free(guest->refused);
    free(guest);
}

bool guest_image_is_far(const struct guest_image *image)
{
    return image->remote || image->packed;
}

bool guest_is_far(const struct guest *guest)
{
    for (size_t i = 0; i < guest->image_count; i++)
        if (guest_image_is_far(&guest->images[i]))
            return true;
    return false;
}
