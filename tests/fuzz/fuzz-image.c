/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_probe() on anything, as every format. clang -fsanitize=fuzzer, or with replay.c. */
#include "image/image-probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for whatever image_probe() returns. */
static void check(const struct image_info *info, int result, const error *err)
{
    if (result == 0 ? err != NULL : err == NULL)
        abort();
    if (result < 0 &&
        (info->backing || info->data_file || info->extents || error_kind(err) == ERROR_NONE))
        abort();
    if (info->extent_count > IMAGE_EXTENTS_MAX)
        abort();
    if (info->virtual_size > IMAGE_MAX_SIZE || (info->backing && !*info->backing))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The file ends with the header, or is far larger than it. */
    const uint64_t file_sizes[] = {size, UINT64_C(1) << 40};

    for (int format = IMAGE_DETECT; format <= IMAGE_FORMAT_COUNT; format++)
        for (int i = 0; i < 2; i++) {
            struct image_info info;
            AUTO_ERROR error *err = NULL;
            int result =
                image_probe(data, size, file_sizes[i], (enum image_format)format, &info, &err);
            check(&info, result, err);
            image_info_clear(&info);
        }
    return 0;
}
