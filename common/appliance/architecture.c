/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "architecture.h"

#include "base/cleanup.h"
#include <string.h>

/* Why each word stands there is in docs/performance.md and docs/security.md. */
#define COMMAND_LINE(console, words)                                                               \
    "console=" console " quiet loglevel=3 panic=-1 oops=panic "                                    \
    "mitigations=off nokaslr " words "random.trust_cpu=on "                                        \
    "cryptomgr.notests "                                                                           \
    "raid=noautodetect audit=0 init_on_alloc=0 "                                                   \
    "psi=0 lsm= cgroup_disable=memory "                                                            \
    "rcupdate.rcu_expedited=1 rcu_nocbs=0 norandmaps"

static const struct architecture table[] = {
    {
        .name = "x86_64",
        .emulator = "/usr/bin/qemu-system-x86_64",
        .machine = "q35",
        .machine_options = "hpet=off,sata=off,smbus=off", /* nothing uses them */
        .acpi = true,
        .command_line = COMMAND_LINE("ttyS0", "no_timer_check tsc=reliable noreplace-smp "),
        .counter_option = "tsc_early_khz=",
    },
    {
        .name = "aarch64",
        .emulator = "/usr/bin/qemu-system-aarch64",
        .machine = "virt",
        /* The machine's default has 32 bits. `max` authenticates pointers, which is slow to
         * emulate.
         */
        .processor = "cortex-a72",
        .command_line = COMMAND_LINE("ttyAMA0", ""),
    },
};

#ifdef __aarch64__
#define NATIVE "aarch64"
#else
#define NATIVE "x86_64"
#endif

const struct architecture *architecture_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct architecture *architecture_native(void)
{
    return architecture_find(NATIVE);
}

bool architecture_is_native(const struct architecture *architecture)
{
    return architecture == architecture_native();
}

#define KEY "architecture: "

const struct architecture *architecture_of_manifest(const char *path, error **err)
{
    char line[256];
    AUTO_FILE FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, KEY, strlen(KEY)) != 0)
            continue;
        line[strcspn(line, "\n")] = 0;
        const struct architecture *found = architecture_find(line + strlen(KEY));
        if (!found)
            error_set(err, ERROR_APPLIANCE,
                      "%s: an appliance for another processor than this program knows: %s", path,
                      line + strlen(KEY));
        return found;
    }
    return architecture_native();
}
