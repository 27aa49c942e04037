/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_disks() on anything, and its guest over the wire. clang -fsanitize=fuzzer, or with
 * replay.c. */
#include "guest/domain-disks.h"
#include "guest/lookup-record.h"

#include "secrets.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find_volume(void *unused, const char *pool, const char *volume, char **path,
                       char **pool_xml, error **err)
{
    (void)unused;
    if (strcmp(pool, "gone") == 0)
        return error_set(err, ERROR_UNREADABLE, "there is none");
    *path = *pool_xml = NULL;
    return asprintf(path, "/%s/%s", pool, volume) < 0 || !(*pool_xml = strdup("<pool type='dir'/>"))
               ? error_set(err, ERROR_APPLIANCE, "no memory")
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

static bool same_encryption(const struct guest_encryption *a, const struct guest_encryption *b)
{
    if (!a || !b)
        return a == b;
    return a->length == b->length &&
           (a->length > 0 ? memcmp(a->passphrase, b->passphrase, a->length) == 0
                          : a->missing && b->missing);
}

/* What is written can be read, and is the same. */
static void check_wire(const struct guest *guest)
{
    found_guest record;
    if (lookup_record_write(guest, &record) < 0)
        return;
    AUTO_GUEST struct guest *back = lookup_record_read(&record, NULL);
    if (!back || back->image_count != guest->image_count)
        abort();
    for (size_t i = 0; i < guest->image_count; i++)
        if (strcmp(place(&back->images[i]), place(&guest->images[i])) != 0 ||
            strcmp(back->images[i].path, guest->images[i].path) != 0 ||
            !back->images[i].backing != !guest->images[i].backing ||
            !same_encryption(back->images[i].encryption, guest->images[i].encryption))
            abort();
    lookup_record_clear(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct domain_sources sources = {find_volume, secrets_find, NULL, NULL};
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_ERROR error *err = NULL;

    if (!guest || guest_set_name(guest, "guest", NULL) < 0)
        return 0;
    int result = domain_disks(guest, (const char *)data, size, &sources, &err);
    if (result == 0 ? err || guest->image_count == 0 : !err || !*error_message(err))
        abort();
    for (size_t i = 0; i < guest->image_count; i++)
        check_image(&guest->images[i]);
    if (result == 0)
        check_wire(guest);
    return 0;
}
