/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linear-volumes.h"

#include "agent/device/device-nodes.h"
#include "device-mapper.h"
#include "wire/volume-name.h"
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

#define NAME "linear" /* no volume's: LVM's have a '-' in them */

static void device_name(unsigned number, char name[32])
{
    snprintf(name, 32, NAME "%u", number);
}

static int take_volume(struct linear_volumes *self, const char *name)
{
    char group[MAX_VOLUME_NAME];
    const char *slash = strchr(name, '/');
    if (!slash || self->volumes == LINEAR_VOLUMES_MAX ||
        strlen(name) >= sizeof self->volume[0].name)
        return -1;
    snprintf(group, sizeof group, "%.*s", (int)(slash - name), name);
    if (!*group || !slash[1] || !volume_name_is_plain(group) || !volume_name_is_plain(slash + 1))
        return -1;
    snprintf(self->volume[self->volumes].name, sizeof self->volume[0].name, "%s", name);
    self->volume[self->volumes].first = self->pieces;
    self->volume[self->volumes++].count = 0;
    return 0;
}

static int take_piece(struct linear_volumes *self, const char *text, size_t members)
{
    int end = 0;
    uint64_t sectors, start;
    size_t member;
    if (self->volumes == 0 || self->pieces == LINEAR_VOLUMES_PIECES_MAX ||
        sscanf(text, "%" SCNu64 " %zu %" SCNu64 "%n", &sectors, &member, &start, &end) != 3 ||
        text[end] || sectors == 0 || member >= members)
        return -1;
    self->piece[self->pieces].sectors = sectors;
    self->piece[self->pieces].start = start;
    self->piece[self->pieces++].member = member;
    self->volume[self->volumes - 1].count++;
    return 0;
}

int linear_volumes_take(struct linear_volumes *self, const char *line, size_t members)
{
    switch (line[0]) {
    case 'V':
        return take_volume(self, line + 1);
    case 'S':
        return take_piece(self, line + 1, members);
    default:
        return strcmp(line, ".") == 0 ? 1 : -1;
    }
}

bool linear_volumes_read(struct linear_volumes *self, const char *const *nodes, size_t count)
{
    char line[2 * MAX_VOLUME_NAME];
    int result = 0;
    self->volumes = 0;
    self->pieces = 0;
    AUTO_FILE FILE *answer = lvm_ask(LVM_ASK_LINEAR, nodes, count);
    while (answer && result == 0 && fgets(line, sizeof line, answer)) {
        line[strcspn(line, "\n")] = '\0';
        result = linear_volumes_take(self, line, count);
    }
    return result > 0;
}

int linear_volumes_map(const struct linear_volumes *self, size_t index, unsigned number,
                       const dev_t *members, char node[LVM_NODE_MAX], dev_t *device)
{
    static struct device_mapper_part parts[LINEAR_VOLUMES_PIECES_MAX];
    static char parameters[LINEAR_VOLUMES_PIECES_MAX][64];
    char name[32];
    size_t first = self->volume[index].first, count = self->volume[index].count;
    for (size_t i = 0; i < count; i++) {
        dev_t member = members[self->piece[first + i].member];
        /* Documentation/admin-guide/device-mapper/linear.rst */
        snprintf(parameters[i], sizeof parameters[i], "%u:%u %" PRIu64, major(member),
                 minor(member), self->piece[first + i].start);
        parts[i] =
            (struct device_mapper_part){self->piece[first + i].sectors, "linear", parameters[i]};
    }
    device_name(number, name);
    int result = device_mapper_make(name, true, parts, count, device);
    if (result < 0)
        return result;
    snprintf(node, LVM_NODE_MAX, "/dev/logical%u", minor(*device));
    device_nodes_make(node, major(*device), minor(*device));
    return 0;
}

int linear_volumes_clear(unsigned count)
{
    char name[32];
    int result = 0;
    if (count > LINEAR_VOLUMES_KEPT)
        count = LINEAR_VOLUMES_KEPT;
    while (count > 0) {
        device_name(--count, name);
        int one = device_mapper_empty(name);
        result = one < 0 ? one : result;
    }
    return result;
}

bool linear_volumes_stay(const char *name)
{
    char kept[32];
    for (unsigned i = 0; i < LINEAR_VOLUMES_KEPT; i++) {
        device_name(i, kept);
        if (strcmp(name, kept) == 0)
            return true;
    }
    return false;
}
