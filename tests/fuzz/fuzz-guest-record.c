/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_record_read() on anything. clang -fsanitize=fuzzer, or with replay.c. */
#include "guest/guest-record.h"
#include "wire/protocol.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for whatever it takes for a guest. */
static void check(const struct guest *guest)
{
    if (!guest->name || !*guest->name || guest->image_count == 0 || guest->image_count > SLOT_COUNT)
        abort();
    for (size_t i = 0; i < guest->image_count; i++) {
        const struct guest_image *image = &guest->images[i];
        if (!image->path || !*image->path || image->format >= IMAGE_FORMAT_COUNT)
            abort();
        if (image->block_size != 0 && image->block_size != 512 && image->block_size != 4096)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ERROR error *err = NULL;
    AUTO_GUEST struct guest *guest = guest_new(0);
    int result = guest_record_read((const char *)data, size, IMAGE_DETECT, 0, guest, &err);

    if ((result < 0) != (err != NULL) || (result == 0 && guest->image_count > 0))
        abort();
    if (result > 0)
        check(guest);
    return 0;
}
