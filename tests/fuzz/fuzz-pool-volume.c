/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool_volume_read() on anything: a pool's XML, a NUL, a volume's. clang -fsanitize=fuzzer, or with
 * replay.c. */
#include "guest/pool-volume.h"

#include "secrets.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two strings, whatever the data is. */
static char *copy(const uint8_t *data, size_t size)
{
    return strndup((const char *)data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct domain_sources sources = {NULL, secrets_find, NULL, NULL};
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_ERROR error *err = NULL;
    size_t first = strnlen((const char *)data, size), next = first < size ? first + 1 : size;
    AUTO_FREE char *pool = copy(data, first);
    AUTO_FREE char *volume = copy(data + next, size - next);

    if (!guest || !pool || !volume || guest_set_name(guest, "volume", NULL) < 0)
        return 0;
    int result = pool_volume_read(guest, pool, volume, &sources, &err);
    if ((result < 0) != (err != NULL) || guest->image_count != (result > 0))
        abort();
    if (result < 0 && !*error_message(err))
        abort();
    if (result > 0 && (guest->images[0].path[0] == '/') == (guest->images[0].remote != NULL))
        abort();
    return 0;
}
