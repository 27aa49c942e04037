/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GLib does UTF-8 and base64. Where there is no memory it ends the process, that of the command
 * too. */
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

void text_put_csv(const void *bytes, size_t length, const char *quoted, FILE *to)
{
    const char *from = bytes;
    bool quotes = false;

    for (size_t i = 0; i < length && !quotes; i++)
        quotes = from[i] && strchr(quoted, from[i]);
    if (quotes)
        fputc('"', to);
    for (size_t i = 0; i < length; i++) {
        if (from[i] == '"')
            fputc('"', to);
        fputc(from[i], to);
    }
    if (quotes)
        fputc('"', to);
}

static uint64_t divide(uint64_t dividend, uint64_t divisor, enum text_rounding rounding)
{
    uint64_t whole = dividend / divisor, rest = dividend % divisor;

    if (rounding == TEXT_UP)
        return whole + (rest > 0);
    return whole + (rest > divisor - rest || (rest == divisor - rest && whole % 2 == 1));
}

/* gnulib's human.c (human_autoscale | human_base_1024) is the model. */
char *text_human_size(uint64_t bytes, enum text_rounding rounding, char buffer[TEXT_SIZE_MAX])
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
    uint64_t whole = divide(bytes, unit, rounding);
    /* Ten times the rest is less than 10 * 2^60. */
    uint64_t tenths = bytes / unit * 10 + divide(bytes % unit * 10, unit, rounding);
    if (tenths < 100)
        snprintf(buffer, TEXT_SIZE_MAX, "%u.%u%c", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
                 units[power - 1]);
    else if (whole == 1024 && power < sizeof units - 1)
        snprintf(buffer, TEXT_SIZE_MAX, "1.0%c", units[power]);
    else
        snprintf(buffer, TEXT_SIZE_MAX, "%u%c", (unsigned)whole, units[power - 1]);
    return buffer;
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
