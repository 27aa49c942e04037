/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linear-groups.h"

#include "physical-volume.h"
#include <ctype.h>
#include <libdevmapper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parser goes a step deeper with each '{', and with each '/' in a key: it calls itself for
 * each. 256 volumes of 512 pieces on 64 devices have 840 of the former, and the devices' paths a
 * few of the latter. */
#define DEPTH_MAX 4096

/* Numbers of extents, and of sectors in one, are of 32 bits; places of 64. */
#define EXTENTS_MAX UINT32_MAX

/* What is being read. */
struct reading {
    size_t count;
    struct physical_volume members[LINEAR_GROUPS_MEMBERS_MAX];
    size_t taken[LINEAR_GROUPS_MEMBERS_MAX]; /* the group that names it, from 1 on; 0: none does */
    size_t groups;
    struct {
        char name[LINEAR_GROUPS_NAME_MAX];
        char id[PHYSICAL_VOLUME_UUID];
    } group[LINEAR_GROUPS_MEMBERS_MAX];
    char ids[LINEAR_GROUPS_VOLUMES_MAX][PHYSICAL_VOLUME_UUID]; /* of the volumes */
    struct dm_pool *pool;
    struct linear_groups *found;
};

/* A group's physical volume, as its text has it. */
struct part {
    const char *key;
    size_t member;
    uint64_t start, extents;
};

struct group {
    const char *name;
    uint64_t extent; /* sectors in one */
    size_t parts;
    struct part part[LINEAR_GROUPS_MEMBERS_MAX];
    size_t first; /* of its volumes */
};

/* ---- what a section may hold ---- */

/* What is not in these lists may mean anything. '?': it may be missing. (LVM reads them in
 * lib/format_text/import_vsn1.c.) */
static const char *const group_keys[] = {"id",
                                         "seqno",
                                         "?format",
                                         "status",
                                         "?flags",
                                         "extent_size",
                                         "max_lv",
                                         "max_pv",
                                         "?metadata_copies",
                                         "physical_volumes",
                                         "?tags",
                                         "?allocation_policy",
                                         "?logical_volumes",
                                         NULL};
static const char *const part_keys[] = {
    "id",       "?device",  "?device_id", "?device_id_type", "status", "?flags", "dev_size",
    "pe_start", "pe_count", "?ba_start",  "?ba_size",        "?tags",  NULL};
static const char *const volume_keys[] = {
    "id",    "status",         "?flags",         "segment_count",
    "?tags", "?creation_time", "?creation_host", "?allocation_policy",
    NULL};
static const char *const piece_keys[] = {"start_extent", "extent_count", "type", "stripe_count",
                                         "stripes",      "?tags",        NULL};
#define KEYS_MAX 16

static bool is_section(const struct dm_config_node *node)
{
    return node && !node->v;
}

static size_t index_of(const char *key, const char *const *keys)
{
    size_t i = 0;
    while (keys[i] && strcmp(keys[i] + (keys[i][0] == '?'), key) != 0)
        i++;
    return i;
}

/* Whether it has these keys, each once, and no others but, where `pieces` is not NULL, sections
 * that it counts. */
static bool has_keys(const struct dm_config_node *section, const char *const *keys, size_t *pieces)
{
    bool seen[KEYS_MAX] = {false};
    for (const struct dm_config_node *entry = section->child; entry; entry = entry->sib) {
        size_t i = index_of(entry->key, keys);
        if (!keys[i] && pieces && is_section(entry))
            ++*pieces;
        else if (!keys[i] || seen[i])
            return false;
        else
            seen[i] = true;
    }
    for (size_t i = 0; keys[i]; i++)
        if (keys[i][0] != '?' && !seen[i])
            return false;
    return true;
}

/* The section's entry of that name; NULL: there is none. */
static const struct dm_config_node *entry_of(const struct dm_config_node *section, const char *key)
{
    const struct dm_config_node *entry = section->child;
    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->sib;
    return entry;
}

static bool read_number(const struct dm_config_node *section, const char *key, uint64_t max,
                        uint64_t *number)
{
    const struct dm_config_node *entry = entry_of(section, key);
    if (!entry || !entry->v || entry->v->type != DM_CFG_INT || entry->v->next ||
        entry->v->v.i < 0 || (uint64_t)entry->v->v.i > max)
        return false;
    *number = (uint64_t)entry->v->v.i;
    return true;
}

/* NULL: there is none. */
static const char *read_text(const struct dm_config_node *section, const char *key)
{
    const struct dm_config_node *entry = entry_of(section, key);
    return entry && entry->v && entry->v->type == DM_CFG_STRING && !entry->v->next ? entry->v->v.str
                                                                                   : NULL;
}

/* Whether an array is these words, as LVM writes them. */
static bool has_words(const struct dm_config_node *section, const char *key,
                      const char *const *words)
{
    const struct dm_config_node *entry = entry_of(section, key);
    const struct dm_config_value *v = entry ? entry->v : NULL;
    if (!*words)
        return v && v->type == DM_CFG_EMPTY_ARRAY && !v->next;
    for (; *words && v && v->type == DM_CFG_STRING && strcmp(v->v.str, *words) == 0; v = v->next)
        words++;
    return !*words && !v;
}

static const char *const none[] = {NULL};

/* A flag may mean anything. */
static bool has_flags(const struct dm_config_node *section)
{
    return entry_of(section, "flags") && !has_words(section, "flags", none);
}

/* Whether it has both or neither. */
static bool has_pair(const struct dm_config_node *section, const char *one, const char *other)
{
    return !entry_of(section, one) == !entry_of(section, other);
}

/* "id", whose dashes do not count. */
static bool read_id(const struct dm_config_node *section, char id[PHYSICAL_VOLUME_UUID])
{
    size_t count = 0;
    const char *text = read_text(section, "id");
    for (; text && *text; text++) {
        if (*text == '-')
            continue;
        if (count == PHYSICAL_VOLUME_UUID ||
            (!isalnum((unsigned char)*text) && *text != '!' && *text != '#'))
            return false;
        id[count++] = *text;
    }
    return count == PHYSICAL_VOLUME_UUID;
}

/* Of a group or a volume, as LVM lets a user give it. */
static bool is_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isascii(*p) || (!isalnum((unsigned char)*p) && !strchr("+_.-", *p)))
            return false;
    return *name && *name != '-' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* ---- physical volumes ---- */

/* The member that is meant: it has the same text as the first of the group. */
static bool find_member(struct reading *self, const char *id, size_t first, size_t *member)
{
    const struct physical_volume *other, *text = &self->members[first];
    for (*member = 0; *member < self->count; ++*member) {
        other = &self->members[*member];
        if (memcmp(id, other->uuid, sizeof other->uuid) != 0)
            continue;
        bool ours = self->taken[*member] == 0 && other->length == text->length &&
                    memcmp(other->text, text->text, text->length) == 0;
        self->taken[*member] = self->groups;
        return ours;
    }
    return false;
}

/* NULL: there is none of that name. */
static const struct part *find_part(const struct group *group, const char *key)
{
    for (size_t i = 0; i < group->parts; i++)
        if (strcmp(group->part[i].key, key) == 0)
            return &group->part[i];
    return NULL;
}

static bool read_part(struct reading *self, const struct dm_config_node *section, size_t first,
                      struct group *group)
{
    static const char *const allocatable[] = {"ALLOCATABLE", NULL};
    uint64_t size, bytes;
    struct part *part = &group->part[group->parts];
    char id[PHYSICAL_VOLUME_UUID];
    if (group->parts == LINEAR_GROUPS_MEMBERS_MAX || !has_keys(section, part_keys, NULL) ||
        !has_pair(section, "ba_start", "ba_size") || find_part(group, section->key) ||
        (!has_words(section, "status", allocatable) && !has_words(section, "status", none)) ||
        has_flags(section) || !read_id(section, id) ||
        !read_number(section, "dev_size", INT64_MAX, &size) ||
        !read_number(section, "pe_start", INT64_MAX, &part->start) ||
        !read_number(section, "pe_count", EXTENTS_MAX, &part->extents) ||
        !find_member(self, id, first, &part->member))
        return false;
    part->key = section->key;
    group->parts++;
    uint64_t sectors = self->members[part->member].sectors;
    return size <= sectors && !__builtin_mul_overflow(part->extents, group->extent, &bytes) &&
           part->start <= sectors && bytes <= sectors - part->start;
}

/* ---- volumes ---- */

/* Whether another volume has some of it, too. */
static bool overlaps(const struct linear_groups *found, const struct linear_piece *piece)
{
    for (size_t i = 0; i < found->pieces; i++) {
        const struct linear_piece *other = &found->piece[i];
        if (other->member == piece->member && other->start < piece->start + piece->sectors &&
            piece->start < other->start + other->sectors)
            return true;
    }
    return false;
}

/* "stripes": the one physical volume, and the extent in it. */
static const struct part *read_place(const struct dm_config_node *section,
                                     const struct group *group, uint64_t *extent)
{
    const struct dm_config_node *entry = entry_of(section, "stripes");
    const struct dm_config_value *name = entry ? entry->v : NULL;
    const struct dm_config_value *place = name ? name->next : NULL;
    if (!place || place->next || name->type != DM_CFG_STRING || place->type != DM_CFG_INT ||
        place->v.i < 0)
        return NULL;
    *extent = (uint64_t)place->v.i;
    return find_part(group, name->v.str);
}

static bool read_piece(struct linear_groups *found, const struct dm_config_node *section,
                       const struct group *group, uint64_t *extents)
{
    uint64_t start, count, stripes, at;
    const char *type = read_text(section, "type");
    if (found->pieces == LINEAR_GROUPS_PIECES_MAX || !has_keys(section, piece_keys, NULL) ||
        !type || strcmp(type, "striped") != 0 ||
        !read_number(section, "stripe_count", 1, &stripes) || stripes != 1 ||
        !read_number(section, "start_extent", EXTENTS_MAX, &start) || start != *extents ||
        !read_number(section, "extent_count", EXTENTS_MAX, &count) || count == 0)
        return false;
    const struct part *part = read_place(section, group, &at);
    if (!part || at >= part->extents || count > part->extents - at)
        return false;
    *extents += count;
    struct linear_piece piece = {count * group->extent, part->start + at * group->extent,
                                 part->member};
    if (overlaps(found, &piece))
        return false;
    found->piece[found->pieces++] = piece;
    return true;
}

/* "segment1", "segment2" …, so many as there are. */
static bool read_pieces(struct linear_groups *found, const struct dm_config_node *section,
                        size_t sections, const struct group *group, struct linear_volume *volume)
{
    char key[32];
    uint64_t count, extents = 0;
    if (!read_number(section, "segment_count", LINEAR_GROUPS_PIECES_MAX, &count) || count == 0 ||
        count != sections)
        return false;
    volume->first = found->pieces;
    volume->count = (size_t)count;
    for (uint64_t i = 1; i <= count; i++) {
        snprintf(key, sizeof key, "segment%u", (unsigned)i);
        const struct dm_config_node *entry = entry_of(section, key);
        if (!is_section(entry) || !read_piece(found, entry, group, &extents))
            return false;
    }
    return true;
}

/* Its names, if LVM would take them. */
static bool name_volume(struct reading *self, const char *group, const char *name,
                        struct linear_volume *volume)
{
    if (!is_name(name))
        return false;
    const char *mapper = dm_build_dm_name(self->pool, group, name, NULL);
    if (!mapper || strlen(mapper) >= sizeof volume->mapper)
        return false;
    snprintf(volume->mapper, sizeof volume->mapper, "%s", mapper);
    int length = snprintf(volume->name, sizeof volume->name, "%s/%s", group, name);
    return length > 0 && (size_t)length < sizeof volume->name;
}

/* Two of one UUID, or of one name, would be one device. */
static bool is_unlike(struct reading *self, const struct dm_config_node *section,
                      const struct group *group)
{
    const struct linear_groups *found = self->found;
    char *id = self->ids[found->volumes];
    if (!read_id(section, id))
        return false;
    for (size_t i = group->first; i < found->volumes; i++)
        if (memcmp(self->ids[i], id, sizeof *self->ids) == 0 ||
            strcmp(found->volume[i].mapper, found->volume[found->volumes].mapper) == 0)
            return false;
    return true;
}

static bool read_volume(struct reading *self, const struct dm_config_node *section,
                        const struct group *group)
{
    static const char *const states[] = {"READ", "WRITE", "VISIBLE", NULL};
    static const char *const fixed[] = {"READ", "VISIBLE", NULL}; /* it is read-only */
    struct linear_groups *found = self->found;
    size_t sections = 0;
    if (found->volumes == LINEAR_GROUPS_VOLUMES_MAX || !is_section(section) ||
        !has_keys(section, volume_keys, &sections) ||
        !has_pair(section, "creation_time", "creation_host") ||
        (!has_words(section, "status", states) && !has_words(section, "status", fixed)) ||
        has_flags(section))
        return false;
    struct linear_volume *volume = &found->volume[found->volumes];
    if (!name_volume(self, group->name, section->key, volume) || !is_unlike(self, section, group) ||
        !read_pieces(found, section, sections, group, volume))
        return false;
    found->volumes++;
    return true;
}

/* ---- groups ---- */

/* Whether no group before it is called so, or has its UUID. */
static bool has_no_twin(struct reading *self, const struct dm_config_node *section)
{
    size_t index = self->groups - 1;
    if (!is_name(section->key) || strlen(section->key) >= LINEAR_GROUPS_NAME_MAX ||
        !read_id(section, self->group[index].id))
        return false;
    snprintf(self->group[index].name, sizeof self->group[index].name, "%s", section->key);
    for (size_t i = 0; i < index; i++)
        if (strcmp(self->group[i].name, section->key) == 0 ||
            memcmp(self->group[i].id, self->group[index].id, PHYSICAL_VOLUME_UUID) == 0)
            return false;
    return true;
}

static bool read_parts(struct reading *self, const struct dm_config_node *section, size_t first,
                       struct group *group)
{
    const struct dm_config_node *parts = entry_of(section, "physical_volumes");
    if (!is_section(parts))
        return false;
    for (const struct dm_config_node *part = parts->child; part; part = part->sib)
        if (!is_section(part) || !read_part(self, part, first, group))
            return false;
    return self->taken[first] == self->groups;
}

static bool read_volumes(struct reading *self, const struct dm_config_node *section,
                         const struct group *group)
{
    const struct dm_config_node *volumes = entry_of(section, "logical_volumes");
    if (!volumes)
        return true;
    if (!is_section(volumes))
        return false;
    for (const struct dm_config_node *one = volumes->child; one; one = one->sib)
        if (!read_volume(self, one, group))
            return false;
    return true;
}

static bool is_format(const struct dm_config_node *section)
{
    const char *format = read_text(section, "format");
    return format ? strcmp(format, "lvm2") == 0 : !entry_of(section, "format");
}

static bool read_group(struct reading *self, const struct dm_config_node *section, size_t first)
{
    static const char *const states[] = {"RESIZEABLE", "READ", "WRITE", NULL};
    static struct group group; /* too large for the stack */
    uint64_t number;
    group = (struct group){.name = section->key, .first = self->found->volumes};
    return has_keys(section, group_keys, NULL) && has_no_twin(self, section) &&
           is_format(section) && has_words(section, "status", states) && !has_flags(section) &&
           read_number(section, "seqno", UINT32_MAX, &number) &&
           read_number(section, "max_lv", UINT32_MAX, &number) &&
           read_number(section, "max_pv", UINT32_MAX, &number) &&
           read_number(section, "extent_size", EXTENTS_MAX, &group.extent) && group.extent > 0 &&
           read_parts(self, section, first, &group) && read_volumes(self, section, &group);
}

/* The one section of a text, of the one version that there is. */
static const struct dm_config_node *find_group(const struct dm_config_tree *tree)
{
    static const char *const keys[] = {"contents",       "version",        "?description",
                                       "?creation_host", "?creation_time", NULL};
    const struct dm_config_node root = {.child = tree->root};
    const struct dm_config_node *group = tree->root;
    uint64_t version;
    size_t sections = 0;
    const char *contents = read_text(&root, "contents");
    if (!has_keys(&root, keys, &sections) || sections != 1 || !contents ||
        strcmp(contents, "Text Format Volume Group") != 0 ||
        !read_number(&root, "version", 1, &version) || version != 1)
        return NULL;
    while (!is_section(group))
        group = group->sib;
    return group;
}

static bool is_deep(const char *text)
{
    unsigned steps = 0;
    for (; *text; text++)
        steps += *text == '{' || *text == '/';
    return steps > DEPTH_MAX;
}

/* The group that the text of this member describes. LVM parses it in the same way: without looking
 * for keys that are there twice, which takes time with the square of their number. */
static bool read_text_of(struct reading *self, size_t member)
{
    const struct physical_volume *from = &self->members[member];
    struct dm_config_tree *tree = is_deep(from->text) ? NULL : dm_config_create();
    bool read = false;
    if (!tree)
        return false;
    self->groups++;
    if (dm_config_parse_without_dup_node_check(tree, from->text, from->text + from->length)) {
        const struct dm_config_node *group = find_group(tree);
        read = group && read_group(self, group, member);
    }
    dm_config_destroy(tree);
    return read;
}

static int compare(const void *one, const void *other)
{
    return strcmp(((const struct linear_volume *)one)->mapper,
                  ((const struct linear_volume *)other)->mapper);
}

static bool read_members(struct reading *self, const int *members, size_t count)
{
    for (self->count = 0; self->count < count; self->count++)
        if (!physical_volume_read(members[self->count], &self->members[self->count]))
            return false;
    for (size_t i = 0; i < count; i++)
        if (self->taken[i] == 0 && !read_text_of(self, i))
            return false;
    return true;
}

bool linear_groups_read(const int *members, size_t count, struct linear_groups *found)
{
    static struct reading self; /* too large for the stack */
    if (count == 0 || count > LINEAR_GROUPS_MEMBERS_MAX)
        return false;
    self = (struct reading){.pool = dm_pool_create("linear", 1024), .found = found};
    found->volumes = 0;
    found->pieces = 0;
    bool linear = self.pool && read_members(&self, members, count);
    for (size_t i = 0; i < self.count; i++)
        free(self.members[i].text);
    if (self.pool)
        dm_pool_destroy(self.pool);
    qsort(found->volume, found->volumes, sizeof *found->volume, compare);
    return linear;
}
