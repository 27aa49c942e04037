/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypt.h"
#include "agent/util/helper-program.h"
#include "wire/volume-name.h"
#include <string.h>
#include <strings.h>

/* cryptsetup(8), "RETURN CODES" */
#define WRONG_PASSPHRASE 2
#define OUT_OF_MEMORY 3

static const char *kind_of(const struct content *what)
{
    if (strcmp(what->fstype, "crypto_LUKS") == 0)
        return "luks";
    return strcmp(what->fstype, "BitLocker") == 0 ? "bitlk" : NULL;
}

/* "luks-UUID". A header may have anything in place of a UUID: what the host would not take for a
 * name becomes '_'. A copy of what is open already gets "luks-UUID.2"; all BitLocker does,
 * where libblkid gives it no UUID. */
static void mapped_name(const char *kind, const char *uuid, char name[DEVICE_MAPPER_NAME_MAX])
{
    char plain[DEVICE_MAPPER_NAME_MAX - 16];
    dev_t other;
    snprintf(plain, sizeof plain, "%s-%s", kind, uuid);
    volume_name_settle(plain);
    snprintf(name, DEVICE_MAPPER_NAME_MAX, "%s", plain);
    for (unsigned number = 2; device_mapper_find(name, &other) >= 0; number++)
        snprintf(name, DEVICE_MAPPER_NAME_MAX, "%s.%u", plain, number);
}

/* Its device's name, its UUID, or everything. */
static bool is_for(const key *one, const struct content *what)
{
    char id[MAX_DEVICE_NAME + 1];
    snprintf(id, sizeof id, "%.*s", (int)one->id.id_len, one->id.id_val);
    return !*id || strcmp(id, what->name) == 0 || (*what->uuid && strcasecmp(id, what->uuid) == 0);
}

/* cryptsetup's exit status or -errno. */
static int try_key(const struct content *what, const char *kind, const key *one, const char *name,
                   char *said, size_t size)
{
    const char *const argv[] = {
        "/usr/sbin/cryptsetup", "open",     "--type", kind, "--readonly", "--key-file=-",
        "--disable-keyring",    what->node, name,     NULL};
    char printed[HELPER_PROGRAM_OUTPUT_MAX];
    int result = helper_program_run(argv, one->passphrase.passphrase_val,
                                    one->passphrase.passphrase_len, printed, sizeof printed);
    snprintf(said, size, "%s", helper_program_last_line(printed));
    return result;
}

int crypt_open(const struct content *what, const key *keys, size_t count,
               char name[DEVICE_MAPPER_NAME_MAX], dev_t *number, char *why, size_t size)
{
    const char *kind = kind_of(what);
    int result = -ENOKEY;
    bool short_of_memory = false;
    if (!kind)
        return -ENOKEY;
    mapped_name(kind, what->uuid, name);
    for (size_t i = 0; i < count; i++) {
        if (!is_for(&keys[i], what))
            continue;
        int status = try_key(what, kind, &keys[i], name, why, size);
        if (status == 0)
            return device_mapper_find(name, number) < 0 ? -ENODEV : 0;
        if (status < 0)
            snprintf(why, size, "cryptsetup: %s", strerror(-status));
        else if (status == WRONG_PASSPHRASE)
            snprintf(why, size, "no key that was given for it fits");
        short_of_memory = short_of_memory || status == OUT_OF_MEMORY;
        if (status == OUT_OF_MEMORY)
            snprintf(why, size, "it takes more memory to open: try a larger --memsize");
        result = -EACCES;
    }
    return short_of_memory ? -ENOMEM : result;
}
