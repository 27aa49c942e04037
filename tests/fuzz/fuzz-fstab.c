/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fstab_parse() on anything, and what is done with its fields. clang -fsanitize=fuzzer, or with
 * replay.c. */
#include "agent/guest/fstab.h"

#include "agent/mount/mount-options.h"
#include "agent/volume/device-spec.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_device(const char *device)
{
    struct device_spec spec;
    device_spec_parse(device, &spec);
    if (spec.kind > DEVICE_SPEC_OTHER || strlen(spec.value) >= sizeof spec.value)
        abort();
    if ((spec.kind == DEVICE_SPEC_NODE || spec.kind == DEVICE_SPEC_OTHER) && spec.value[0])
        abort();
    if (spec.kind == DEVICE_SPEC_MAPPED && !spec.value[0])
        abort();
}

static void check_options(const char *options)
{
    char value[16];
    const char *refused = NULL;
    char *kept = malloc(strlen(options) + 1); /* exactly what it is promised */
    if (!kept)
        return;
    if (mount_options_value(options, "subvol", value, sizeof value) && strchr(value, ','))
        abort();
    if (mount_options_permitted(options, kept, &refused) ? strlen(kept) > strlen(options)
                                                         : !refused)
        abort();
    mount_options_has(options, "nofail");
    free(kept);
}

static void check_entry(const struct fstab_entry *entry)
{
    if (entry->problem)
        return;
    if (!*entry->device || !*entry->where || !*entry->type || !*entry->options || entry->line == 0)
        abort();
    fstab_passed_over(entry);
    check_device(entry->device);
    check_options(entry->options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fstab table;
    if (fstab_parse((const char *)data, size, &table) < 0)
        return 0;
    if (table.count > FSTAB_ENTRIES_MAX + 1)
        abort();
    for (size_t i = 0; i < table.count; i++)
        check_entry(&table.entries[i]);
    fstab_free(&table);
    return 0;
}
