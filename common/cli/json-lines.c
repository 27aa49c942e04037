/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GLib does UTF-8 and base64. Where there is no memory it ends the process, which is the command's.
 * It asks for some only where bytes are no UTF-8. */
#include "json-lines.h"
#include "wire/status.h"

#include "base/clock.h"
#include "base/text-format.h"
#include <glib.h>
#include <string.h>

int json_lines_set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value);
}

/* The bytes as a JSON string; *exact is cleared where something had to be replaced. */
static json_t *string(const void *bytes, size_t length, bool *exact)
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

static json_t *base64(const void *bytes, size_t length)
{
    gchar *encoded = g_base64_encode(bytes, length);
    json_t *string = json_string(encoded);
    g_free(encoded);
    return string;
}

/* Takes value over. */
static int set_base64(json_t *object, const char *key, json_t *value)
{
    AUTO_FREE char *name = text_format("%s_b64", key);

    if (!name)
        json_decref(value);
    return name ? json_object_set_new(object, name, value) : -1;
}

int json_lines_set_string(json_t *object, const char *key, const void *bytes, size_t length)
{
    bool exact = true;

    if (json_object_set_new(object, key, string(bytes, length, &exact)) < 0)
        return -1;
    return exact ? 0 : set_base64(object, key, base64(bytes, length));
}

int json_lines_set_strings(json_t *object, const char *key, const char *const *strings,
                           size_t count)
{
    bool exact = true;
    json_t *plain = json_array();

    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(plain, string(strings[i], strlen(strings[i]), &exact)) < 0) {
            json_decref(plain);
            return -1;
        }
    if (json_object_set_new(object, key, plain) < 0)
        return -1;
    if (exact)
        return 0;

    json_t *encoded = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(encoded, base64(strings[i], strlen(strings[i]))) < 0) {
            json_decref(encoded);
            return -1;
        }
    return set_base64(object, key, encoded);
}

int json_lines_set_bytes(json_t *object, const char *key, const void *bytes, size_t length)
{
    return length > 0 ? json_lines_set_string(object, key, bytes, length)
                      : json_lines_set(object, key, json_null());
}

int json_lines_set_guest(json_t *object, const struct guest *guest)
{
    const char **paths = calloc(guest->image_count + 1, sizeof *paths);

    if (!paths)
        return -1;
    for (size_t i = 0; i < guest->image_count; i++)
        paths[i] = guest->images[i].path;
    int result = json_lines_set_string(object, "guest", guest->name, strlen(guest->name)) |
                 json_lines_set(object, "index", json_lines_unsigned(guest->number)) |
                 json_lines_set_strings(object, "images", paths, guest->image_count);
    free(paths);
    return result;
}

int json_lines_set_status(json_t *object, enum status status, const void *message, size_t length)
{
    return json_lines_set(object, "status", json_string(status_name(status))) |
           json_lines_set_bytes(object, "message", message, length);
}

int json_lines_set_elapsed(json_t *object, uint64_t microseconds)
{
    uint64_t milliseconds = microseconds * 1000 / CLOCK_SECOND; /* it is not more exact */

    return json_lines_set(object, "elapsed_s", json_real((double)milliseconds / 1000));
}

json_t *json_lines_unsigned(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

int json_lines_write_line(json_t *object, int failed, FILE *to)
{
    if (object && !failed)
        failed = json_dumpf(object, to, JSON_COMPACT | JSON_REAL_PRECISION(15));
    else
        failed = -1;
    json_decref(object);
    fputc('\n', to);
    return failed ? -1 : 0;
}
