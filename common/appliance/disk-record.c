/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-record.h"

#include "base/drive-name.h"
#include "base/text-format.h"
#include "base/text.h"
#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* "SERIAL MODE LABEL FORMAT SIZE IMAGE": words, the image's path percent-encoded (RFC 3986), so
 * that no byte of it means anything here or in QMP. */
#define NONE "-"

bool disk_record_label_valid(const char *label, size_t length)
{
    if (length == 0 || length > MAX_SLOT_LABEL)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalpha(label[i]))
            return false;
    AUTO_FREE char *word = strndup(label, length);
    return word && drive_name_index(word) < 0;
}

static const char *const modes[] = {"ro", "rw", "transient"}; /* by enum disk_mode */

const char *disk_record_mode_name(enum disk_mode mode)
{
    return modes[mode];
}

static bool take_mode(enum disk_mode *mode, const char *word)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(word, modes[i]) == 0) {
            *mode = (enum disk_mode)i;
            return true;
        }
    return false;
}

char *disk_record_write(const struct disk_record *record)
{
    gchar *image = g_uri_escape_bytes((const guint8 *)record->image, strlen(record->image), "/");
    char *text =
        text_format("%s %s %s %s %" PRIu64 " %s", record->serial, modes[record->mode],
                    *record->label ? record->label : NONE, image_format_name(record->format),
                    record->size, *image ? image : NONE);
    g_free(image);
    return text;
}

void disk_record_clear(struct disk_record *record)
{
    free(record->image);
    *record = (struct disk_record){0};
}

/* Copies a word of at most size - 1 bytes; false where it is longer. */
static bool take(char *to, size_t size, const char *word)
{
    size_t length = strlen(word);
    if (length >= size)
        return false;
    memcpy(to, word, length + 1);
    return true;
}

static char *decode_path(const char *word)
{
    GBytes *bytes = g_uri_unescape_bytes(word, -1, NULL, NULL);
    gsize length;
    if (!bytes)
        return NULL;
    const char *path = g_bytes_get_data(bytes, &length);
    char *copy = memchr(path ? path : "", 0, length) ? NULL : strndup(path ? path : "", length);
    g_bytes_unref(bytes);
    return copy;
}

static bool read_words(gchar **words, struct disk_record *record)
{
    bool labelled = strcmp(words[2], NONE) != 0;
    record->format = image_format_from_name(words[3]);
    if (!take(record->serial, sizeof record->serial, words[0]) ||
        !take_mode(&record->mode, words[1]) ||
        (labelled && (!disk_record_label_valid(words[2], strlen(words[2])) ||
                      !take(record->label, sizeof record->label, words[2]))) ||
        record->format == IMAGE_DETECT ||
        text_parse_number(words[4], "size", 0, IMAGE_MAX_SIZE, &record->size, NULL) < 0)
        return false;
    record->image = decode_path(words[5]);
    return record->image != NULL;
}

int disk_record_read(const char *text, struct disk_record *record)
{
    *record = (struct disk_record){0};
    gchar **words = g_strsplit(text, " ", 7);
    bool good = g_strv_length(words) == 6 && read_words(words, record);
    g_strfreev(words);
    if (!good)
        disk_record_clear(record);
    return good ? 0 : -1;
}
