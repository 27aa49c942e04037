/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* O_PATH */
#include "image-reference.h"

#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

void image_location_clear(struct image_location *place)
{
    free(place->path);
    free(place->below);
    *place = (struct image_location){0};
}

/* Of the directory part of a path, with its last slash: 0 for a name alone. */
static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* `name` as seen from the directory that the file `path` is in. NULL: no memory. */
static char *beside(const char *path, const char *name)
{
    size_t directory = name[0] == '/' ? 0 : directory_length(path);
    size_t length = strlen(name) + 1;
    char *joined = malloc(directory + length);

    if (joined) {
        memcpy(joined, path, directory);
        memcpy(joined + directory, name, length);
    }
    return joined;
}

/* --- what a name means --- */

/* A member's text, and one member less to explain. */
static const char *take_text(const json_t *object, const char *key, size_t *left)
{
    const char *text = json_string_value(json_object_get(object, key));
    *left -= text != NULL;
    return text;
}

/* The object's file, and its format where it names one. NULL: it is no file, or more than that. */
static const char *json_file(const json_t *object, enum image_format *format)
{
    size_t left = json_object_size(object);
    const json_t *below = json_object_get(object, "file");
    const char *driver = take_text(object, "driver", &left);
    const char *filename, *protocol;

    if (json_is_object(below)) {
        size_t left_below = json_object_size(below);
        left--;
        protocol = take_text(below, "driver", &left_below);
        filename = take_text(below, "filename", &left_below);
        left += left_below;
    } else if (json_object_get(object, "file.filename")) {
        protocol = take_text(object, "file.driver", &left);
        filename = take_text(object, "file.filename", &left);
    } else { /* no level of a format: the object is the file */
        protocol = driver;
        driver = NULL;
        filename = take_text(object, "filename", &left);
    }
    bool plain = !protocol || strcmp(protocol, "file") == 0 || strcmp(protocol, "host_device") == 0;
    if (driver) {
        *format = image_format_from_name(driver);
        plain = plain && *format != IMAGE_DETECT;
    }
    return plain && left == 0 ? filename : NULL;
}

char *image_reference_file(const char *name, const char *what, enum image_format *format,
                           error **err)
{
    const char *file = name;
    enum image_format said = IMAGE_DETECT;
    json_t *object = NULL;

    if (strncmp(name, "file:", 5) == 0) {
        file = name + 5;
    } else if (strncmp(name, "json:", 5) == 0) {
        object = json_loads(name + 5, JSON_REJECT_DUPLICATES, NULL);
        file = object ? json_file(object, &said) : NULL;
    } else if (name[strcspn(name, ":/")] == ':') {
        file = NULL;
    }
    char *copy = file ? strdup(file) : NULL;
    json_decref(object);
    if (copy && said != IMAGE_DETECT)
        *format = said;
    if (copy)
        return copy;
    if (file)
        error_no_memory(err);
    else
        error_set(err, ERROR_UNSUPPORTED, "the image names %s, \"%s\", that is not a plain file",
                  what, name);
    return NULL;
}

/* Numbers and dates: ".1", "-2026-11-29", ".20261129T0315Z". */
static bool is_count(const char *text)
{
    for (; *text; text++) {
        bool of_time = strchr("TZ", *text) && isdigit((unsigned char)text[-1]);
        if (!isdigit((unsigned char)*text) && !strchr(".-_:+", *text) && !of_time)
            return false;
    }
    return true;
}

/* Whether what stands behind the dot is that word, and no further word stands behind it. */
static bool ends_with(const char *text, const char *word)
{
    size_t length = strlen(word);
    return strncasecmp(text, word, length) == 0 && !isalnum((unsigned char)text[length]) &&
           is_count(text + length);
}

bool image_reference_says(const char *path, enum image_format format)
{
    const char *slash = strrchr(path, '/');

    for (const char *dot = strchr(slash ? slash : path, '.'); dot; dot = strchr(dot + 1, '.'))
        if (ends_with(dot + 1, image_format_name(format)) ||
            (format == IMAGE_QCOW2 && ends_with(dot + 1, "qcow")))
            return true;
    return false;
}

/* --- where it is --- */

/* An absolute name without the directory of the image, as the user wrote that or as the kernel
 * sees it; NULL where it does not start with either. Purely textual: what is left is then resolved
 * beneath the directory. */
static const char *below_directory(const struct image_walk *walk, const char *name)
{
    size_t length = directory_length(walk->top);
    if (walk->top[0] == '/' && strncmp(name, walk->top, length) == 0)
        return name + length;

    AUTO_FREE char *directory = strndup(length ? walk->top : "./", length ? length : 2);
    AUTO_FREE char *real = directory ? realpath(directory, NULL) : NULL;
    if (!real)
        return NULL;
    length = strlen(real);
    if (strncmp(name, real, length) != 0 || (name[length] != '/' && real[length - 1] != '/'))
        return NULL;
    name += length;
    return name + strspn(name, "/");
}

/* Takes "", "." and ".." out of a relative name, which is no longer the same where a symlink stands
 * before "..": but those are not followed. False: it leads out of the directory that it starts in.
 */
static bool make_straight(char *name)
{
    char *end = name; /* of what stays */

    for (const char *from = name; *from;) {
        size_t length = strcspn(from, "/"), rest = length + (from[length] == '/');

        if (length == 2 && strncmp(from, "..", 2) == 0) {
            if (end == name)
                return false;
            while (end > name && *--end != '/')
                ;
        } else if (length > 1 || (length == 1 && *from != '.')) {
            if (end > name)
                *end++ = '/';
            memmove(end, from, length);
            end += length;
        }
        from += rest;
    }
    *end = '\0';
    return true;
}

/* By the rules of BACKING_SAME_DIR. */
static int locate_below(const struct image_walk *walk, const struct image_location *from,
                        const char *name, const char *what, struct image_location *place,
                        struct image_file *file, error **err)
{
    const char *relative = name[0] == '/' ? below_directory(walk, name) : name;

    if (relative) {
        place->below = beside(name[0] != '/' && from->below ? from->below : "", relative);
        if (!place->below)
            return error_no_memory(err);
    }
    if (!relative || !make_straight(place->below))
        return error_set(err, ERROR_REFUSED,
                         "the image names %s, \"%s\", outside its directory; "
                         "--backing=allow would follow it",
                         what, name);
    place->path = beside(walk->top, place->below);
    if (!place->path)
        return error_no_memory(err);
    file->directory = walk->directory;
    file->name = *place->below ? place->below : ".";
    file->beneath = true;
    file->owner = walk->owner;
    file->path = place->path;
    return 0;
}

int image_reference_locate(const struct image_walk *walk, const struct image_location *from,
                           const char *name, const char *what, enum image_format *format,
                           struct image_location *place, struct image_file *file, error **err)
{
    AUTO_FREE char *plain = image_reference_file(name, what, format, err);
    if (!plain)
        return -1;
    if (walk->policy == BACKING_DENY)
        return error_set(err, ERROR_REFUSED,
                         "the image names %s, \"%s\"; --backing=same-dir or "
                         "--backing=allow would follow it",
                         what, name);
    if (walk->policy == BACKING_SAME_DIR)
        return locate_below(walk, from, plain, what, place, file, err);

    place->path = beside(from->path, plain);
    if (!place->path)
        return error_no_memory(err);
    file->directory = AT_FDCWD;
    file->name = file->path = place->path;
    return 0;
}

int image_reference_locate_top(struct image_walk *walk, struct image_file *file, error **err)
{
    size_t length = directory_length(walk->top);

    file->path = file->name = walk->top;
    file->directory = AT_FDCWD;
    if (walk->policy != BACKING_SAME_DIR)
        return 0;
    AUTO_FREE char *directory = length ? strndup(walk->top, length) : strdup(".");
    if (!directory)
        return error_no_memory(err);
    walk->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (walk->directory < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "open %s", walk->top);
    file->directory = walk->directory;
    file->name = walk->top + length;
    if (*file->name == '\0')
        file->name = *walk->top ? "." : "";
    return 0;
}
