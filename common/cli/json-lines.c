/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-lines.h"
#include "wire/status.h"

#include "base/clock.h"
#include "base/text.h"
#include <string.h>

int json_lines_set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value);
}

int json_lines_set_bytes(json_t *object, const char *key, const void *bytes, size_t length)
{
    return length > 0 ? text_json_set(object, key, bytes, length)
                      : json_lines_set(object, key, json_null());
}

int json_lines_set_guest(json_t *object, const struct guest *guest)
{
    const char **paths = calloc(guest->image_count + 1, sizeof *paths);

    if (!paths)
        return -1;
    for (size_t i = 0; i < guest->image_count; i++)
        paths[i] = guest->images[i].path;
    int result = text_json_set(object, "guest", guest->name, strlen(guest->name)) |
                 text_json_set_array(object, "images", paths, guest->image_count);
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
