/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_disks() on anything, and its guest over the wire. clang -fsanitize=fuzzer, or with
 * replay.c. */
#include "domaindisks.h"
#include "found-guest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find_volume(void *unused, const char *pool, const char *volume, char **path, error **err)
{
    (void)unused;
    if (strcmp(pool, "gone") == 0)
        return error_set(err, STATUS_UNREADABLE, "there is none");
    *path = NULL;
    return asprintf(path, "/%s/%s", pool, volume) < 0 ? error_set(err, STATUS_CRASHED, "no memory")
                                                      : 0;
}

static void check_image(const struct guest_image *image)
{
    if ((image->path[0] != '/') != (image->remote != NULL) || image->format == IMAGE_DETECT)
        abort();
    if (image->remote && image->backing && image->backing->count > 0)
        abort();
    if (image->block_size != 0 && image->block_size != 512 && image->block_size != 4096)
        abort();
    for (size_t i = 0; image->backing && i < image->backing->count; i++)
        if (image->backing->layers[i].path[0] != '/' || i + 1 >= IMAGE_CHAIN_MAX)
            abort();
}

static const char *place(const struct guest_image *image)
{
    return image->remote ? image->remote->text : image->path;
}

/* What is written can be read, and is the same. */
static void check_wire(const struct guest *guest)
{
    found_guest record;
    if (found_write(guest, &record) < 0)
        return;
    AUTO_GUEST struct guest *back = found_read(&record, NULL);
    if (!back || back->image_count != guest->image_count)
        abort();
    for (size_t i = 0; i < guest->image_count; i++)
        if (strcmp(place(&back->images[i]), place(&guest->images[i])) != 0 ||
            strcmp(back->images[i].path, guest->images[i].path) != 0 ||
            !back->images[i].backing != !guest->images[i].backing)
            abort();
    found_clear(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct domain_volumes volumes = {find_volume, NULL};
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_ERROR error *err = NULL;

    if (!guest || guest_set_name(guest, "guest", NULL) < 0)
        return 0;
    int result = domain_disks(guest, (const char *)data, size, &volumes, &err);
    if (result == 0 ? err || guest->image_count == 0 : !err || !*error_message(err))
        abort();
    for (size_t i = 0; i < guest->image_count; i++)
        check_image(&guest->images[i]);
    if (result == 0)
        check_wire(guest);
    return 0;
}
