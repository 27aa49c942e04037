/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resume.h"

#include "guest/guest-record.h"
#include "guest/list-reader.h"
#include "json-lines.h"

#include <glib.h>
#include <poll.h>
#include <string.h>

struct resume {
    GHashTable *answered; /* digests of what a guest is known by */
};

/* Takes object over. A digest, because a guest may have 255 images. NULL: no memory. */
static char *digest(json_t *object)
{
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(object);
    return text ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1) : NULL;
}

/* What json_lines_set_guest() writes, as it stands in a record. */
static char *digest_of_record(const json_t *record)
{
    static const char *const keys[] = {"guest", "guest_b64", "index", "images", "images_b64"};
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(record, keys[i]);
        if (value && json_object_set(object, keys[i], value) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return digest(object);
}

static char *digest_of_guest(const struct guest *guest)
{
    json_t *object = json_object();

    if (object && json_lines_set_guest(object, guest) == 0)
        return digest(object);
    json_decref(object);
    return NULL;
}

static bool is_guest(const json_t *record)
{
    const char *type = json_string_value(json_object_get(record, "type"));

    return type && strcmp(type, "guest") == 0;
}

/* Whether it is a line of JSON. */
static bool read_line(resume *self, const char *line, size_t length)
{
    json_t *record = json_loadb(line, length, 0, NULL);

    if (record && is_guest(record)) {
        char *key = digest_of_record(record);
        if (key)
            g_hash_table_add(self->answered, key);
    }
    json_decref(record);
    return record != NULL;
}

/* 0 or errno. */
static int read_lines(resume *self, struct list_reader *reader, bool *json)
{
    const char *line;
    size_t length;

    for (;;)
        switch (list_reader_next(reader, &line, &length)) {
        case LIST_READ_ENTRY:
            *json |= read_line(self, line, length);
            break;
        case LIST_READ_TOO_LONG: /* no line of ours is */
            break;
        case LIST_READ_WAIT:
            poll(&(struct pollfd){.fd = reader->fd, .events = POLLIN}, 1, -1);
            break;
        case LIST_READ_END:
            return 0;
        case LIST_READ_FAILED:
            return errno;
        case LIST_READ_NO_MEMORY:
            return ENOMEM;
        }
}

/* 0 or -1 and *err. */
static int read_file(resume *self, const char *path, error **err)
{
    struct list_reader reader = LIST_READER_CLOSED;
    bool json = false;
    int errnum = list_reader_open(&reader, path, '\n', GUEST_RECORD_MAX);

    if (errnum == 0)
        errnum = read_lines(self, &reader, &json);
    bool other = !json && reader.entry > 0;
    list_reader_close(&reader);
    if (errnum != 0)
        return error_set_errno(err, ERROR_USAGE, errnum, "--resume: cannot read %s", path);
    return other ? error_set(err, ERROR_USAGE, "--resume: %s is no output of --json", path) : 0;
}

resume *resume_read(const char *path, error **err)
{
    resume *self = g_new0(resume, 1);

    self->answered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (read_file(self, path, err) == 0)
        return self;
    resume_free(self);
    return NULL;
}

void resume_free(resume *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->answered);
    g_free(self);
}

bool resume_has(const resume *self, const struct guest *guest)
{
    g_autofree char *key = digest_of_guest(guest);

    return key && g_hash_table_contains(self->answered, key);
}
