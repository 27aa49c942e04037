/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partition-places.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "crypttab.h"
#include <fcntl.h>
#include <string.h>
#include <strings.h>

const struct partition_place partition_places[] = {
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "/"},    /* x86-64 */
    {"44479540-f297-41b2-9af7-d131d5f0458a", "/"},    /* x86 */
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", "/"},    /* arm64 */
    {"3884dd41-8582-4404-b9a8-e9b84f2df50e", "/"},    /* CoreOS and Flatcar */
    {"8484680c-9521-48c6-9c11-b0720656f69e", "/usr"}, /* x86-64 */
    {"75250d76-8cc6-458e-bd66-bd47cc81a812", "/usr"}, /* x86 */
    {"b0e01050-ee5f-4390-949a-9101b17104e9", "/usr"}, /* arm64 */
    {"5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6",
     "/usr"}, /* CoreOS and Flatcar, of which there are two */
    {"4d21b016-b534-45c2-a9fb-5c16e091fd2d", "/var"},
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "/home"},
    {"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "/srv"},
    {"7ec6f557-3bc5-4aca-b293-16ef5df639d1", "/var/tmp"},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", "/boot"}, /* extended boot loader */
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", NULL},
    {"0xef", NULL}, /* UEFI 2.10, 5.2.2 */
};
const size_t partition_places_count = sizeof partition_places / sizeof *partition_places;

static const char efi[] = "/efi", boot[] = "/boot";

static const char *const directories[] = {efi, boot, "/usr", "/var", "/home", "/srv", "/var/tmp"};
#define DIRECTORIES (sizeof directories / sizeof *directories)

static bool is_empty_directory(int root, const char *where)
{
    AUTO_FD int fd = safe_open_open(root, where, O_RDONLY | O_DIRECTORY);
    AUTO_DIR DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries)
        return false;
    steal_fd(&fd); /* the stream's now */
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
}

unsigned partition_places_free(int root)
{
    unsigned found = 0;
    for (size_t i = 0; i < DIRECTORIES; i++)
        if (is_empty_directory(root, directories[i]))
            found |= 1u << i;
    return found;
}

unsigned partition_places_bit(const char *where)
{
    for (size_t i = 0; i < DIRECTORIES; i++)
        if (strcmp(directories[i], where) == 0)
            return 1u << i;
    return 0;
}

bool partition_places_is_root(const char *type)
{
    for (size_t i = 0; i < partition_places_count; i++)
        if (partition_places[i].where && strcmp(partition_places[i].where, "/") == 0 &&
            strcasecmp(partition_places[i].type, type) == 0)
            return true;
    return false;
}

struct content *partition_places_usr(volume_table *all)
{
    struct content *found = NULL;
    for (size_t i = 0; !found && i < partition_places_count; i++)
        if (partition_places[i].where && strcmp(partition_places[i].where, "/usr") == 0)
            found = partition_places_find(all, &partition_places[i]);
    return found;
}

const char *partition_places_where(const struct partition_place *place, unsigned free_places)
{
    if (place->where)
        return place->where;
    return free_places & partition_places_bit(efi) ? efi : boot;
}

/* Bits 48 to 51 of a partition's attributes: how soon its boot loader takes it (the format of
 * ChromeOS' disks, which CoreOS has taken over). */
static unsigned priority(const struct content *what)
{
    return (unsigned)(what->part_flags >> 48) & 15;
}

struct content *partition_places_find(volume_table *all, const struct partition_place *place)
{
    struct content *found = NULL;
    unsigned highest = 0;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        const struct content *partition = volume_table_at(all, i);
        if (strcasecmp(partition->part_type, place->type) != 0)
            continue;
        struct content *what = partition->kind == CONTENT_ENCRYPTED
                                   ? crypttab_opened(all, partition)
                                   : volume_table_at(all, i);
        if (!what || what->kind != CONTENT_FILESYSTEM || (found && priority(partition) <= highest))
            continue;
        found = what;
        highest = priority(partition);
    }
    return found;
}
