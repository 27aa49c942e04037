/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "base/text-format.h"
#include "base/text.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* Bytes: of the performance data of filesystems, and of the name of the fullest. Nagios reads 4 KiB
 * of what a plugin prints. Where there would be more data there is none, because a graph needs the
 * same data every time. */
#define DATA_MAX 3072
#define NAME_MAX_SHOWN 512

struct check {
    struct check_limits limits;
    bool inodes;
    uint64_t guests, failed, filesystems, above_warn, above_crit;
    double fullest_percent;
    char *fullest; /* its name, as it may be printed; NULL: there is none */
    GString *data; /* of filesystems; NULL: there were too many */
};

/* "warn=80" with the key "warn": the value's place, or NULL. */
static const char *value_of(const char *part, const char *key)
{
    size_t length = strlen(key);

    return strncmp(part, key, length) == 0 && part[length] == '=' ? part + length + 1 : NULL;
}

static int parse_part(const char *part, const char *key, unsigned *limit, bool *found, error **err)
{
    const char *value = value_of(part, key);
    uint64_t percent;

    if (!value)
        return 0;
    if (*found)
        return error_set(err, ERROR_USAGE, "--check: %s stands twice", key);
    if (text_parse_number(value, key, 0, 100, &percent, err) < 0)
        return error_prefix(err, "--check");
    *found = true;
    *limit = (unsigned)percent;
    return 1;
}

int check_parse(const char *word, struct check_limits *limits, error **err)
{
    g_auto(GStrv) parts = g_strsplit(word, ",", 3);
    bool warn = false, crit = false;

    for (char **part = parts; *part; part++) {
        int taken = parse_part(*part, "warn", &limits->warn, &warn, err);
        if (taken == 0)
            taken = parse_part(*part, "crit", &limits->crit, &crit, err);
        if (taken < 0)
            return -1;
        if (taken == 0)
            return error_set(err, ERROR_USAGE, "--check: \"%s\" is not warn=PCT,crit=PCT", word);
    }
    if (!warn || !crit)
        return error_set(err, ERROR_USAGE, "--check: both are needed: warn=PCT,crit=PCT");
    if (limits->warn > limits->crit)
        return error_set(err, ERROR_USAGE, "--check: warn is above crit");
    return 0;
}

check *check_new(const struct check_limits *limits, bool inodes)
{
    check *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->limits = *limits;
    self->inodes = inodes;
    self->data = g_string_new(NULL);
    return self;
}

void check_free(check *self)
{
    if (!self)
        return;
    if (self->data)
        g_string_free(self->data, TRUE);
    free(self->fullest);
    free(self);
}

/* "GUEST:DEVICE", escaped; `bad` are characters that mean something where it will stand. NULL: no
 * memory. */
static char *name_of(const struct row *row, const char *bad)
{
    char device[ROW_DEVICE_MAX];
    AUTO_FREE char *raw = text_format("%s:%s", row->guest->name, row_device(row->volume, device));
    char *name = raw ? text_escape(raw, strlen(raw)) : NULL;

    return name ? g_strdelimit(name, bad, '_') : NULL;
}

/* 'label'=value[unit];warn;crit;min;max */
static int add_data(check *self, const struct row *row, double percent)
{
    AUTO_FREE char *label = name_of(row, "|='\"");

    if (!label)
        return -1;
    g_string_append_printf(self->data, " '%s'=%.1f%%;%u;%u;0;100", label, percent,
                           self->limits.warn, self->limits.crit);
    if (self->data->len > DATA_MAX) {
        g_string_free(self->data, TRUE);
        self->data = NULL;
    }
    return 0;
}

static int keep_fullest(check *self, const struct row *row, double percent)
{
    if (self->fullest && percent <= self->fullest_percent)
        return 0;
    char *name = name_of(row, "|");
    if (!name)
        return -1;
    if (strlen(name) > NAME_MAX_SHOWN)
        *g_utf8_find_prev_char(name, name + NAME_MAX_SHOWN + 1) = '\0';
    free(self->fullest);
    self->fullest = name;
    self->fullest_percent = percent;
    return 0;
}

int check_add_filesystem(check *self, const struct row *row)
{
    const struct figures *figures = &row->figures;
    uint64_t used = self->inodes ? figures->inodes_used : figures->used;
    uint64_t total = self->inodes ? figures->inodes : figures->size;
    double percent = row_percent_exact(used, total);

    self->filesystems++;
    self->above_warn += row_percent_above(used, total, self->limits.warn);
    self->above_crit += row_percent_above(used, total, self->limits.crit);
    if (keep_fullest(self, row, percent) < 0)
        return -1;
    return self->data ? add_data(self, row, percent) : 0;
}

void check_add_guest(check *self, bool failed)
{
    self->guests++;
    self->failed += failed;
}

enum check_state check_state_of(const check *self, bool complete)
{
    if (self->above_crit > 0)
        return CHECK_CRITICAL;
    if (self->above_warn > 0)
        return CHECK_WARNING;
    return complete ? CHECK_OK : CHECK_UNKNOWN;
}

static void print_text(const check *self, FILE *to)
{
    if (self->above_warn > 0)
        fprintf(to, "%" PRIu64 " of ", self->above_warn);
    fprintf(to, "%" PRIu64 " filesystems", self->filesystems);
    if (self->above_warn > 0)
        fprintf(to, " above %u%%", self->limits.warn);
    if (self->above_crit > 0)
        fprintf(to, ", %" PRIu64 " above %u%%", self->above_crit, self->limits.crit);
    if (self->fullest)
        fprintf(to, ", the fullest %s %.1f%%", self->fullest, self->fullest_percent);
    if (self->failed > 0)
        fprintf(to, ", %" PRIu64 " of %" PRIu64 " guests failed", self->failed, self->guests);
    else
        fprintf(to, ", %" PRIu64 " guests", self->guests);
}

/* A fixed set, so that a graph has it every time; then the filesystems. */
static void print_data(const check *self, FILE *to)
{
    fprintf(to,
            " | 'fullest'=%.1f%%;%u;%u;0;100 'filesystems'=%" PRIu64 " 'above_warn'=%" PRIu64
            " 'above_crit'=%" PRIu64 " 'guests'=%" PRIu64 " 'guests_failed'=%" PRIu64 "%s",
            self->fullest_percent, self->limits.warn, self->limits.crit, self->filesystems,
            self->above_warn, self->above_crit, self->guests, self->failed,
            self->data ? self->data->str : "");
}

void check_print(const check *self, enum check_state state, FILE *to)
{
    static const char *const words[] = {[CHECK_OK] = "OK",
                                        [CHECK_WARNING] = "WARNING",
                                        [CHECK_CRITICAL] = "CRITICAL",
                                        [CHECK_UNKNOWN] = "UNKNOWN"};

    fprintf(to, "DF %s - ", words[state]);
    print_text(self, to);
    print_data(self, to);
    fputc('\n', to);
}

void check_print_unknown(const char *why, FILE *to)
{
    fprintf(to, "DF UNKNOWN - %s\n", why);
}
