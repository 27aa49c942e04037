/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linear-groups.h"

#include "physical-volume.h"
#include <ctype.h>
#include <libdevmapper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parser goes a step deeper with each of these. A group of 256 volumes has some 600. */
#define BRACES_MAX 2048

/* Numbers of extents, and of sectors in one, are of 32 bits; places of 64. */
#define EXTENTS_MAX UINT32_MAX

/* What is being read. */
struct reading {
    size_t count;
    struct physical_volume members[LINEAR_GROUPS_MEMBERS_MAX];
    size_t taken[LINEAR_GROUPS_MEMBERS_MAX]; /* the group that names it, from 1 on; 0: none does */
    size_t groups;
    char names[LINEAR_GROUPS_MEMBERS_MAX][LINEAR_GROUPS_NAME_MAX];
    const char *ids[LINEAR_GROUPS_VOLUMES_MAX]; /* of the group's volumes */
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

/* What is not in these lists may mean anything. */
static const char *const group_keys[] = {"id",
                                         "seqno",
                                         "format",
                                         "status",
                                         "flags",
                                         "extent_size",
                                         "max_lv",
                                         "max_pv",
                                         "metadata_copies",
                                         "physical_volumes",
                                         "tags",
                                         "allocation_policy",
                                         "logical_volumes",
                                         NULL};
static const char *const part_keys[] = {
    "id",       "device",   "device_id", "device_id_type", "status", "flags", "dev_size",
    "pe_start", "pe_count", "ba_start",  "ba_size",        "tags",   NULL};
static const char *const volume_keys[] = {
    "id",   "status",        "flags",         "segment_count",
    "tags", "creation_time", "creation_host", "allocation_policy",
    NULL};
static const char *const piece_keys[] = {"start_extent", "extent_count", "type", "stripe_count",
                                         "stripes",      "tags",         NULL};
static const char *const text_keys[] = {"contents",      "version",       "description",
                                        "creation_host", "creation_time", NULL};

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

/* The section's entry of that name; NULL: there is none. */
static const struct dm_config_node *entry_of(const struct dm_config_node *section, const char *key)
{
    const struct dm_config_node *entry = section->child;
    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->sib;
    return entry;
}

static bool is_section(const struct dm_config_node *node)
{
    return node && !node->v;
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
        return !entry || (v && v->type == DM_CFG_EMPTY_ARRAY && !v->next);
    for (; *words && v && v->type == DM_CFG_STRING && strcmp(v->v.str, *words) == 0; v = v->next)
        words++;
    return !*words && !v;
}

static const char *const none[] = {NULL};

static bool knows_keys(const struct dm_config_node *section, const char *const *keys)
{
    for (const struct dm_config_node *entry = section->child; entry; entry = entry->sib)
        if (!is_one_of(entry->key, keys))
            return false;
    return true;
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

/* Whether an "id", with dashes, is that UUID. */
static bool is_uuid(const char *id, const char uuid[PHYSICAL_VOLUME_UUID])
{
    size_t at = 0;
    for (; *id; id++)
        if (*id != '-' && (at == PHYSICAL_VOLUME_UUID || uuid[at++] != *id))
            return false;
    return at == PHYSICAL_VOLUME_UUID;
}

/* The member that is meant: it has the same text as the first of the group. */
static bool find_member(struct reading *self, const char *id, size_t first, size_t *member)
{
    const struct physical_volume *other, *text = &self->members[first];
    for (*member = 0; *member < self->count; ++*member) {
        other = &self->members[*member];
        if (!is_uuid(id, other->uuid))
            continue;
        bool ours = self->taken[*member] == 0 && other->length == text->length &&
                    memcmp(other->text, text->text, text->length) == 0;
        self->taken[*member] = self->groups;
        return ours;
    }
    return false;
}

static bool read_part(struct reading *self, const struct dm_config_node *section, size_t first,
                      struct group *group)
{
    static const char *const allocatable[] = {"ALLOCATABLE", NULL};
    uint64_t size, bytes;
    struct part *part = &group->part[group->parts];
    const char *id = read_text(section, "id");
    if (group->parts == LINEAR_GROUPS_MEMBERS_MAX || !id || !knows_keys(section, part_keys) ||
        (!has_words(section, "status", allocatable) && !has_words(section, "status", none)) ||
        !has_words(section, "flags", none) || !read_number(section, "dev_size", INT64_MAX, &size) ||
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
    for (size_t i = 0; i < group->parts; i++)
        if (strcmp(group->part[i].key, name->v.str) == 0)
            return &group->part[i];
    return NULL;
}

static bool read_piece(struct linear_groups *found, const struct dm_config_node *section,
                       const struct group *group, uint64_t *extents)
{
    uint64_t start, count, stripes, at;
    const char *type = read_text(section, "type");
    if (found->pieces == LINEAR_GROUPS_PIECES_MAX || !knows_keys(section, piece_keys) || !type ||
        strcmp(type, "striped") != 0 || !read_number(section, "stripe_count", 1, &stripes) ||
        stripes != 1 || !read_number(section, "start_extent", EXTENTS_MAX, &start) ||
        start != *extents || !read_number(section, "extent_count", EXTENTS_MAX, &count) ||
        count == 0)
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

/* "segment1", "segment2" …, all of which are there. */
static bool read_pieces(struct linear_groups *found, const struct dm_config_node *section,
                        const struct group *group, struct linear_volume *volume)
{
    char key[32];
    uint64_t count, extents = 0;
    size_t sections = 0;
    if (!read_number(section, "segment_count", LINEAR_GROUPS_PIECES_MAX, &count) || count == 0)
        return false;
    for (const struct dm_config_node *entry = section->child; entry; entry = entry->sib) {
        sections += is_section(entry);
        if (!is_section(entry) && !is_one_of(entry->key, volume_keys))
            return false;
    }
    volume->first = found->pieces;
    volume->count = (size_t)count;
    for (uint64_t i = 1; i <= count; i++) {
        snprintf(key, sizeof key, "segment%u", (unsigned)i);
        const struct dm_config_node *entry = entry_of(section, key);
        if (!is_section(entry) || !read_piece(found, entry, group, &extents))
            return false;
    }
    return sections == count;
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

/* Two of one UUID would be one device. */
static bool has_own_id(struct reading *self, const struct dm_config_node *section,
                       const struct group *group)
{
    const char *id = read_text(section, "id");
    if (!id)
        return false;
    for (size_t i = group->first; i < self->found->volumes; i++)
        if (strcmp(self->ids[i], id) == 0)
            return false;
    self->ids[self->found->volumes] = id;
    return true;
}

static bool read_volume(struct reading *self, const struct dm_config_node *section,
                        const struct group *group)
{
    static const char *const states[] = {"READ", "WRITE", "VISIBLE", NULL};
    static const char *const fixed[] = {"READ", "VISIBLE", NULL}; /* it is read-only */
    struct linear_groups *found = self->found;
    if (found->volumes == LINEAR_GROUPS_VOLUMES_MAX || !is_section(section) ||
        (!has_words(section, "status", states) && !has_words(section, "status", fixed)) ||
        !has_words(section, "flags", none) || !has_own_id(self, section, group))
        return false;
    struct linear_volume *volume = &found->volume[found->volumes];
    if (!name_volume(self, group->name, section->key, volume) ||
        !read_pieces(found, section, group, volume))
        return false;
    found->volumes++;
    return true;
}

/* ---- groups ---- */

/* Whether it is called as one before it. */
static bool has_twin(struct reading *self, const char *name)
{
    size_t index = self->groups - 1;
    snprintf(self->names[index], sizeof self->names[index], "%s", name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(self->names[i], name) == 0)
            return true;
    return false;
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

static bool read_group(struct reading *self, const struct dm_config_node *section, size_t first)
{
    static const char *const states[] = {"RESIZEABLE", "READ", "WRITE", NULL};
    static struct group group; /* too large for the stack */
    const char *format = read_text(section, "format");
    group = (struct group){.name = section->key, .first = self->found->volumes};
    if (!is_name(section->key) || strlen(section->key) >= LINEAR_GROUPS_NAME_MAX ||
        has_twin(self, section->key) || !knows_keys(section, group_keys) ||
        (format && strcmp(format, "lvm2") != 0) || !has_words(section, "status", states) ||
        !has_words(section, "flags", none) ||
        !read_number(section, "extent_size", EXTENTS_MAX, &group.extent) || group.extent == 0 ||
        !read_parts(self, section, first, &group))
        return false;
    const struct dm_config_node *volumes = entry_of(section, "logical_volumes");
    if (!volumes)
        return true;
    if (!is_section(volumes))
        return false;
    for (const struct dm_config_node *one = volumes->child; one; one = one->sib)
        if (!read_volume(self, one, &group))
            return false;
    return true;
}

/* The one section of a text. */
static const struct dm_config_node *find_group(const struct dm_config_tree *tree)
{
    const struct dm_config_node *found = NULL;
    for (const struct dm_config_node *node = tree->root; node; node = node->sib) {
        if (is_section(node) && found)
            return NULL;
        if (is_section(node))
            found = node;
        else if (!is_one_of(node->key, text_keys))
            return NULL;
    }
    return found;
}

static bool has_many_braces(const char *text)
{
    unsigned braces = 0;
    for (; *text; text++)
        braces += *text == '{' || *text == '[';
    return braces > BRACES_MAX;
}

/* The group that the text of this member describes. */
static bool read_text_of(struct reading *self, size_t member)
{
    const char *text = self->members[member].text;
    struct dm_config_tree *tree = has_many_braces(text) ? NULL : dm_config_from_string(text);
    if (!tree)
        return false;
    self->groups++;
    const struct dm_config_node *group = find_group(tree);
    bool read = group && read_group(self, group, member);
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
