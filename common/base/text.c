/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GLib does UTF-8 and base64; nothing of it is seen outside this file. Where there is no memory it
 * ends the process, that of the command too. It asks for some only where bytes are no UTF-8. */
#define _GNU_SOURCE 1 /* asprintf */
#include "text.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* How many bytes the character at p has, 0 where it must be escaped: it is no UTF-8, or a control
 * character (C0, DEL, C1: a terminal may obey it in any of these forms). */
static size_t printable(const unsigned char *p, size_t length)
{
    if (*p < 0x20 || *p == 0x7f || *p == '\\')
        return 0;
    if (*p < 0x80)
        return 1;

    gunichar c = g_utf8_get_char_validated((const char *)p, (gssize)length);
    if (c >= (gunichar)-2 || c < 0xa0)
        return 0;
    return (size_t)g_unichar_to_utf8(c, NULL);
}

/* Writes the escape for one byte (at most 4 bytes) and returns the end. */
static char *escape_byte(char *to, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";

    *to++ = '\\';
    switch (byte) {
    case '\n':
        *to++ = 'n';
        break;
    case '\t':
        *to++ = 't';
        break;
    case '\\':
        *to++ = '\\';
        break;
    default:
        *to++ = 'x';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    return to;
}

char *text_escape(const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    const unsigned char *end = from + length;
    size_t room;

    if (__builtin_mul_overflow(length, 4, &room) || __builtin_add_overflow(room, 1, &room))
        return NULL;
    char *text = malloc(room);
    if (!text)
        return NULL;

    char *to = text;
    while (from < end) {
        size_t size = printable(from, (size_t)(end - from));
        if (size == 0) {
            to = escape_byte(to, *from++);
            continue;
        }
        memcpy(to, from, size);
        to += size;
        from += size;
    }
    *to = '\0';
    return text;
}

static bool needs_quotes(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == ',' || bytes[i] == '"' || bytes[i] == '\r' || bytes[i] == '\n')
            return true;
    return false;
}

char *text_csv(const void *bytes, size_t length)
{
    const char *from = bytes;
    bool quotes = needs_quotes(from, length);
    size_t room;

    if (__builtin_mul_overflow(length, 2, &room) || __builtin_add_overflow(room, 3, &room))
        return NULL;
    char *text = malloc(room);
    if (!text)
        return NULL;

    char *to = text;
    if (quotes)
        *to++ = '"';
    for (size_t i = 0; i < length; i++) {
        if (from[i] == '"')
            *to++ = '"';
        *to++ = from[i];
    }
    if (quotes)
        *to++ = '"';
    *to = '\0';
    return text;
}

/* The bytes as a JSON string; *exact is cleared where something had to be replaced. */
static json_t *json_text(const void *bytes, size_t length, bool *exact)
{
    /* g_utf8_validate_len() also says no to U+0000, as we want. An empty value may come as NULL. */
    if (length == 0)
        return json_stringn("", 0);
    if (g_utf8_validate_len(bytes, length, NULL))
        return json_stringn(bytes, length);

    *exact = false;
    gchar *valid = g_utf8_make_valid(bytes, (gssize)length);
    json_t *string = json_string(valid);
    g_free(valid);
    return string;
}

int text_base64_decode(const char *text, size_t text_length, char *bytes, size_t *length)
{
    gint state = 0;
    guint saved = 0;

    *length = text_length % 4 == 0
                  ? g_base64_decode_step(text, text_length, (guchar *)bytes, &state, &saved)
                  : 0;
    /* GLib passes over what it does not know. So it is right if it is what we would write. */
    AUTO_FREE gchar *again = g_base64_encode((const guchar *)bytes, *length);
    bool same = strlen(again) == text_length && memcmp(again, text, text_length) == 0;
    explicit_bzero(again, strlen(again));
    return same ? 0 : -1;
}

static json_t *json_base64(const void *bytes, size_t length)
{
    gchar *encoded = g_base64_encode(bytes, length);
    json_t *string = json_string(encoded);
    g_free(encoded);
    return string;
}

/* Takes value over. */
static int set_base64(json_t *object, const char *key, json_t *value)
{
    AUTO_FREE char *name = NULL;

    if (asprintf(&name, "%s_b64", key) < 0) {
        name = NULL;
        json_decref(value);
        return -1;
    }
    return json_object_set_new(object, name, value);
}

int text_json_set(json_t *object, const char *key, const void *bytes, size_t length)
{
    bool exact = true;

    if (json_object_set_new(object, key, json_text(bytes, length, &exact)) < 0)
        return -1;
    return exact ? 0 : set_base64(object, key, json_base64(bytes, length));
}

int text_json_set_array(json_t *object, const char *key, const char *const *strings, size_t count)
{
    bool exact = true;
    json_t *plain = json_array();

    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(plain, json_text(strings[i], strlen(strings[i]), &exact)) < 0) {
            json_decref(plain);
            return -1;
        }
    if (json_object_set_new(object, key, plain) < 0)
        return -1;
    if (exact)
        return 0;

    json_t *encoded = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(encoded, json_base64(strings[i], strlen(strings[i]))) < 0) {
            json_decref(encoded);
            return -1;
        }
    return set_base64(object, key, encoded);
}

/* Rounds up at every step, as df does: a disk is never shown fuller than full nor smaller than it
 * is. gnulib's human.c (human_ceiling | human_autoscale) is the model. */
char *text_human_size(uint64_t bytes, char buffer[TEXT_SIZE_MAX])
{
    static const char units[] = "KMGTPE";
    unsigned power = 0;

    while (power < sizeof units - 1 && bytes >> (10 * power) >= 1024)
        power++;
    if (power == 0) {
        snprintf(buffer, TEXT_SIZE_MAX, "%" PRIu64, bytes);
        return buffer;
    }

    uint64_t unit = UINT64_C(1) << (10 * power);
    uint64_t whole = bytes / unit;
    uint64_t rest = bytes % unit;
    uint64_t tenths = 0;
    if (whole < 10) {
        tenths = (rest * 10 + unit - 1) / unit; /* < 11 * 2^60 */
        rest = 0;
        if (tenths == 10) {
            tenths = 0;
            whole++;
        }
    }
    whole += rest > 0;
    if (whole == 1024 && power < sizeof units - 1) {
        whole = 1;
        power++;
    }
    if (whole < 10)
        snprintf(buffer, TEXT_SIZE_MAX, "%u.%u%c", (unsigned)whole, (unsigned)tenths,
                 units[power - 1]);
    else
        snprintf(buffer, TEXT_SIZE_MAX, "%u%c", (unsigned)whole, units[power - 1]);
    return buffer;
}

int text_parse_number(const char *word, const char *what, uint64_t minimum, uint64_t maximum,
                      uint64_t *number, error **err)
{
    uint64_t value = 0;
    bool overflow = false;

    for (const char *p = word; *p || p == word; p++) {
        if (*p < '0' || *p > '9')
            return error_set(err, ERROR_USAGE, "%s: \"%s\" is not a number", what, word);
        overflow |= __builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value);
    }
    if (overflow || value < minimum || value > maximum)
        return error_set(err, ERROR_USAGE, "%s: %s is not between %" PRIu64 " and %" PRIu64, what,
                         word, minimum, maximum);
    *number = value;
    return 0;
}
