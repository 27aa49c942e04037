/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON Lines: every file and every problem, then the guest. */
#include "form.h"

#include "cli/json-lines.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char *file_type(unsigned mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symlink";
    case S_IFCHR:
        return "char";
    case S_IFBLK:
        return "block";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    default:
        return "unknown";
    }
}

/* "guest", "index", "directory" and "path". */
static int set_place(json_t *object, const struct listed_directory *place, const char *name,
                     size_t length)
{
    size_t path_length = 0;
    AUTO_FREE char *path = cell_path(NULL, place->directory, name, length, &path_length);

    if (!path)
        return -1;
    return json_lines_set_string(object, "guest", place->guest->name, strlen(place->guest->name)) |
           json_lines_set(object, "index", json_lines_unsigned(place->guest->number)) |
           json_lines_set_string(object, "directory", place->directory, strlen(place->directory)) |
           json_lines_set_string(object, "path", path, path_length);
}

static int set_device(json_t *object, const char *key, unsigned major_number, unsigned minor_number)
{
    char text[32];

    snprintf(text, sizeof text, "%u:%u", major_number, minor_number);
    return json_lines_set(object, key, json_string(text));
}

static int set_time(json_t *object, const char *key, const listing_time *when)
{
    char nanoseconds[16];

    snprintf(nanoseconds, sizeof nanoseconds, "%s_ns", key);
    return json_lines_set(object, key, json_integer(when->seconds)) |
           json_lines_set(object, nanoseconds, json_integer(when->nanoseconds));
}

static int set_stat(json_t *object, const listing_entry *entry)
{
    char mode[8];
    bool device = S_ISCHR(entry->mode) || S_ISBLK(entry->mode);

    snprintf(mode, sizeof mode, "%04o", entry->mode & 07777);
    return json_lines_set(object, "file_type", json_string(file_type(entry->mode))) |
           json_lines_set(object, "mode", json_string(mode)) |
           json_lines_set(object, "size", json_lines_unsigned(entry->size)) |
           json_lines_set(object, "uid", json_lines_unsigned(entry->uid)) |
           json_lines_set(object, "gid", json_lines_unsigned(entry->gid)) |
           json_lines_set(object, "links", json_lines_unsigned(entry->links)) |
           set_device(object, "device", major(entry->dev), minor(entry->dev)) |
           json_lines_set(object, "inode", json_lines_unsigned(entry->ino)) |
           (device ? set_device(object, "rdev", entry->rdev_major, entry->rdev_minor)
                   : json_lines_set(object, "rdev", json_null())) |
           json_lines_set(object, "blocks", json_lines_unsigned(entry->blocks)) |
           set_time(object, "atime", &entry->accessed) |
           set_time(object, "mtime", &entry->modified) | set_time(object, "ctime", &entry->changed);
}

static int json_entry(form *self, const struct listed_directory *place, const listing_entry *entry,
                      FILE *to)
{
    char digest[CELL_DIGEST_MAX];
    json_t *object = json_object();

    cell_digest(self->style->checksum, entry, digest);
    int failed =
        json_lines_set(object, "type", json_string("file")) |
        set_place(object, place, entry->path.path_val, entry->path.path_len) |
        set_stat(object, entry) |
        json_lines_set_bytes(object, "target", entry->target.target_val, entry->target.target_len) |
        json_lines_set_bytes(object, "checksum", digest, strlen(digest));
    return json_lines_write_line(object, failed, to);
}

static int json_problem(form *self, const struct listed_directory *place,
                        const listing_problem *problem, FILE *to)
{
    json_t *object = json_object();

    (void)self;
    int failed = json_lines_set(object, "type", json_string("problem")) |
                 set_place(object, place, problem->path.path_val, problem->path.path_len) |
                 json_lines_set_bytes(object, "message", problem->message.message_val,
                                      problem->message.message_len);
    return json_lines_write_line(object, failed, to);
}

static int json_guest(form *self, const struct guest_answer *answered, const struct tally *tally,
                      FILE *to)
{
    const struct question_answer *answer = answered->answer;
    json_t *object = json_object();

    (void)self;
    int failed =
        json_lines_set(object, "type", json_string("guest")) |
        json_lines_set_guest(object, answered->guest) |
        json_lines_set_status(object, answer->status, answer->message, answer->message_length) |
        json_lines_set(object, "files", json_lines_unsigned(tally->files)) |
        json_lines_set(object, "problems", json_lines_unsigned(tally->problems)) |
        json_lines_set_elapsed(object, answered->elapsed);
    return json_lines_write_line(object, failed, to);
}

static const struct form_ops json_ops = {
    .entry = json_entry, .problem = json_problem, .guest = json_guest};

form *form_json_new(void)
{
    form *self = calloc(1, sizeof *self);

    if (self)
        self->ops = &json_ops;
    return self;
}
