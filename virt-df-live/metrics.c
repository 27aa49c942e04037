/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All values of one metric have to stand together, so each has a text of its own. Where there is no
 * memory, GLib ends the process. */
#include "metrics.h"

#include "base/clock.h"
#include "cli/output-file.h"
#include "wire/status.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

enum metric {
    FILESYSTEM_SIZE,
    FILESYSTEM_FREE,
    FILESYSTEM_AVAIL,
    FILESYSTEM_FILES,
    FILESYSTEM_FILES_FREE,
    GUEST_STATUS,
    GUEST_DURATION,
    GUEST_TIMESTAMP,
    METRIC_COUNT
};

static const struct {
    const char *name, *help;
} families[METRIC_COUNT] = {
    [FILESYSTEM_SIZE] = {"virt_filesystem_size_bytes", "Size of a filesystem."},
    [FILESYSTEM_FREE] = {"virt_filesystem_free_bytes", "What is free in it."},
    [FILESYSTEM_AVAIL] = {"virt_filesystem_avail_bytes", "What ordinary users may still use."},
    [FILESYSTEM_FILES] = {"virt_filesystem_files", "Its inodes, where their number is fixed."},
    [FILESYSTEM_FILES_FREE] = {"virt_filesystem_files_free", "Its free inodes."},
    [GUEST_STATUS] = {"virt_guest_scan_status", "1; the label status says how the scan ended."},
    [GUEST_DURATION] = {"virt_guest_scan_duration_seconds", "From its turn to its answer."},
    [GUEST_TIMESTAMP] = {"virt_guest_last_scan_timestamp_seconds", "When it was answered for."},
};

struct metrics {
    GString *samples[METRIC_COUNT];
    GHashTable *known; /* labels that stand already */
    unsigned filesystems, guests;
    uint64_t omitted;
};

metrics *metrics_new(void)
{
    metrics *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    for (size_t i = 0; i < METRIC_COUNT; i++)
        self->samples[i] = g_string_new(NULL);
    self->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

void metrics_free(metrics *self)
{
    if (!self)
        return;
    for (size_t i = 0; i < METRIC_COUNT; i++)
        g_string_free(self->samples[i], TRUE);
    g_hash_table_unref(self->known);
    free(self);
}

/* A label; one without a value is left out, which means the same to Prometheus. Bytes that are not
 * UTF-8 are replaced: the format has no other encoding. */
static void add_label(GString *labels, const char *name, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    g_autofree char *value = g_utf8_make_valid(bytes, (gssize)length);
    g_string_append_printf(labels, "%s%s=\"", labels->len ? "," : "", name);
    for (const char *at = value; *at; at++)
        if (*at == '\n')
            g_string_append(labels, "\\n");
        else if (*at == '\\' || *at == '"')
            g_string_append_printf(labels, "\\%c", *at);
        else
            g_string_append_c(labels, *at);
    g_string_append_c(labels, '"');
}

static void add_text(GString *labels, const char *name, const char *text)
{
    add_label(labels, name, text, strlen(text));
}

/* Guests of images are named by the last part of a path, which several may share. */
static GString *labels_of_guest(const struct guest *guest)
{
    GString *labels = g_string_new(NULL);

    add_text(labels, "guest", guest->name);
    if (guest->image_count > 0)
        add_text(labels, "image", guest->images[0].path);
    return labels;
}

/* Whether there is room for it, and it is new. */
static bool admit(metrics *self, unsigned *count, const char *labels)
{
    if (*count < METRICS_MAX && g_hash_table_add(self->known, g_strdup(labels))) {
        ++*count;
        return true;
    }
    self->omitted++;
    return false;
}

static void add_number(metrics *self, enum metric metric, const char *labels, uint64_t value)
{
    g_string_append_printf(self->samples[metric], "%s{%s} %" PRIu64 "\n", families[metric].name,
                           labels, value);
}

void metrics_add_filesystem(metrics *self, const struct row *row)
{
    const struct figures *figures = &row->figures;
    const volume *v = row->volume;
    char device[ROW_DEVICE_MAX];
    GString *labels = labels_of_guest(row->guest);

    add_label(labels, "uuid", v->uuid.uuid_val, v->uuid.uuid_len);
    add_text(labels, "device", row_device(v, device));
    add_label(labels, "fstype", v->fstype.fstype_val, v->fstype.fstype_len);
    add_label(labels, "mountpoint", v->mountpoint.mountpoint_val, v->mountpoint.mountpoint_len);
    if (admit(self, &self->filesystems, labels->str)) {
        add_number(self, FILESYSTEM_SIZE, labels->str, figures->size);
        add_number(self, FILESYSTEM_FREE, labels->str, figures->size - figures->used);
        add_number(self, FILESYSTEM_AVAIL, labels->str, figures->available);
        if (figures->inodes > 0) {
            add_number(self, FILESYSTEM_FILES, labels->str, figures->inodes);
            add_number(self, FILESYSTEM_FILES_FREE, labels->str, figures->inodes_free);
        }
    }
    g_string_free(labels, TRUE);
}

void metrics_add_guest(metrics *self, const struct guest_answer *answered, int64_t now)
{
    GString *labels = labels_of_guest(answered->guest);

    if (admit(self, &self->guests, labels->str)) {
        g_string_append_printf(self->samples[GUEST_STATUS], "%s{%s,status=\"%s\"} 1\n",
                               families[GUEST_STATUS].name, labels->str,
                               status_name(answered->answer->status));
        g_string_append_printf(self->samples[GUEST_DURATION], "%s{%s} %.3f\n",
                               families[GUEST_DURATION].name, labels->str,
                               (double)answered->elapsed / (double)CLOCK_SECOND);
        g_string_append_printf(self->samples[GUEST_TIMESTAMP], "%s{%s} %" PRId64 "\n",
                               families[GUEST_TIMESTAMP].name, labels->str, now);
    }
    g_string_free(labels, TRUE);
}

uint64_t metrics_omitted(const metrics *self)
{
    return self->omitted;
}

static void add_heading(GString *text, const char *name, const char *help)
{
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

char *metrics_text(const metrics *self)
{
    static const char omitted[] = "virt_scan_omitted";
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < METRIC_COUNT; i++) {
        add_heading(text, families[i].name, families[i].help);
        g_string_append_len(text, self->samples[i]->str, (gssize)self->samples[i]->len);
    }
    add_heading(text, omitted, "Filesystems and guests that are not in this file.");
    g_string_append_printf(text, "%s %" PRIu64 "\n", omitted, self->omitted);
    return g_string_free(text, FALSE);
}

int metrics_write(const metrics *self, const char *path, error **err)
{
    g_autofree char *text = metrics_text(self);

    return output_file_write("--metrics", path, text, strlen(text), err);
}
