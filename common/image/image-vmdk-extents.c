/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of a VMDK descriptor that name extents:
 *     RW 4194304 SPARSE "disk-s001.vmdk"
 *     RW 4192256 FLAT "disk-f001.vmdk" 0
 * Source: VMware, Virtual Disk Format 5.0, "The Descriptor File". */
#include "image-header.h"

#include <inttypes.h>

#define SECTOR 512

/* What is left of a line; never reads beyond it. */
struct line {
    const char *at, *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_spaces(struct line *line)
{
    while (line->at < line->end && is_space(*line->at))
        line->at++;
}

/* Takes the word if it is next. */
static bool take_word(struct line *line, const char *word)
{
    size_t length = strlen(word);

    skip_spaces(line);
    if ((size_t)(line->end - line->at) < length || memcmp(line->at, word, length) != 0)
        return false;
    if (line->at + length < line->end && !is_space(line->at[length]))
        return false;
    line->at += length;
    return true;
}

static bool take_number(struct line *line, uint64_t *number)
{
    skip_spaces(line);
    const char *start = line->at;

    *number = 0;
    for (; line->at < line->end && *line->at >= '0' && *line->at <= '9'; line->at++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*line->at - '0'), number))
            return false;
    return line->at > start && (line->at == line->end || is_space(*line->at));
}

/* What stands in quotation marks; there is no escape. */
static bool take_quoted(struct line *line, struct line *quoted)
{
    skip_spaces(line);
    if (line->at == line->end || *line->at != '"')
        return false;
    quoted->at = line->at + 1;
    quoted->end = memchr(quoted->at, '"', (size_t)(line->end - quoted->at));
    if (!quoted->end || quoted->end == quoted->at)
        return false;
    line->at = quoted->end + 1;
    return true;
}

/* The type's format; IMAGE_DETECT: none that we read. */
static enum image_format take_type(struct line *line)
{
    static const struct {
        const char *word;
        enum image_format format;
    } types[] = {
        {"FLAT", IMAGE_RAW},
        {"VMFS", IMAGE_RAW},
        {"SPARSE", IMAGE_VMDK},
        {"VMFSSPARSE", IMAGE_VMDK},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (take_word(line, types[i].word))
            return types[i].format;
    return IMAGE_DETECT;
}

static struct image_extent *new_extent(struct image_info *info, error **err)
{
    if (info->extent_count == IMAGE_EXTENTS_MAX) {
        error_set(err, ERROR_UNSUPPORTED,
                  "it is in more than %d files; qemu-img convert makes it one image",
                  IMAGE_EXTENTS_MAX);
        return NULL;
    }
    struct image_extent *extents =
        reallocarray(info->extents, info->extent_count + 1, sizeof *extents);
    if (!extents) {
        error_no_memory(err);
        return NULL;
    }
    info->extents = extents;
    extents[info->extent_count] = (struct image_extent){0};
    return &extents[info->extent_count++];
}

static int bad_line(size_t number, error **err)
{
    return error_set(err, ERROR_CORRUPT, "line %zu of its descriptor names no extent", number);
}

/* What stands behind the access mode. */
static int parse_extent(const struct header *header, struct line line, size_t number,
                        struct image_info *info, error **err)
{
    struct line name;
    uint64_t sectors, offset = 0;

    if (!take_number(&line, &sectors) || sectors == 0)
        return bad_line(number, err);
    enum image_format format = take_type(&line);
    if (format == IMAGE_DETECT)
        return error_set(err, ERROR_UNSUPPORTED,
                         "line %zu of its descriptor: an extent of a kind that is not read; "
                         "qemu-img or vmware-vdiskmanager may convert it",
                         number);
    if (!take_quoted(&line, &name))
        return bad_line(number, err);
    skip_spaces(&line);
    if (format == IMAGE_RAW && line.at < line.end && !take_number(&line, &offset))
        return bad_line(number, err);

    struct image_extent *extent = new_extent(info, err);
    if (!extent)
        return -1;
    extent->format = format;
    if (__builtin_mul_overflow(sectors, SECTOR, &extent->size) ||
        __builtin_mul_overflow(offset, SECTOR, &extent->offset) ||
        __builtin_add_overflow(info->virtual_size, extent->size, &info->virtual_size) ||
        extent->offset > IMAGE_MAX_SIZE || info->virtual_size > IMAGE_MAX_SIZE)
        return error_set(err, ERROR_CORRUPT, "line %zu of its descriptor claims too much", number);
    return image_header_name(header, (uint64_t)(name.at - (const char *)header->bytes),
                             (uint64_t)(name.end - name.at), "an extent", &extent->name, err);
}

static int parse_line(const struct header *header, struct line line, size_t number,
                      struct image_info *info, error **err)
{
    if (take_word(&line, "NOACCESS"))
        return error_set(err, ERROR_UNSUPPORTED,
                         "line %zu of its descriptor: an extent that is not to be accessed",
                         number);
    if (!take_word(&line, "RW") && !take_word(&line, "RDONLY"))
        return 0;
    return parse_extent(header, line, number, info, err);
}

int image_probe_extents(const struct header *header, struct image_info *info, error **err)
{
    const char *at = (const char *)header->bytes;
    const char *end = memchr(at, '\0', header->length);

    if (!end)
        end = at + header->length;
    for (size_t number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct line line = {at, stop ? stop : end};
        if (parse_line(header, line, number, info, err) < 0)
            return -1;
        at = stop ? stop + 1 : end;
    }
    if (info->extent_count == 0)
        return error_set(err, ERROR_CORRUPT, "its descriptor names no extent");
    return 0;
}
