/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance-connection.h"
#include "base/drive-name.h"
#include "cli/json-lines.h"
#include "cli/message.h"
#include "cli/text-table.h"
#include "command-line.h"

#include <inttypes.h>
#include <string.h>

static int json, all, no_headings;

static struct poptOption table[] = {
    {"json", 0, POPT_ARG_NONE, &json, 0, "write JSON Lines, an object a row", NULL},
    {"all", 0, POPT_ARG_NONE, &all, 0, "the free slots, too", NULL},
    {"noheadings", 0, POPT_ARG_NONE, &no_headings, 0, "no heading", NULL},
    COMMAND_LINE_OPTIONS};

/* A row is a slot, or an appliance. */
struct row {
    unsigned slot;
    const struct disk_record *disk; /* NULL: free */
    const char *name;
    const char *state; /* of an appliance */
};

static void get_slot(const void *row, const void *style, FILE *to)
{
    (void)style;
    fprintf(to, "%u", ((const struct row *)row)->slot);
}

static void get_device(const void *row, const void *style, FILE *to)
{
    char name[DRIVE_NAME_MAX];
    (void)style;
    fprintf(to, "/dev/%s", drive_name(((const struct row *)row)->slot, name));
}

static void get_label(const void *row, const void *style, FILE *to)
{
    const struct row *self = row;
    (void)style;
    if (self->disk)
        fputs(self->disk->label, to);
}

static void get_format(const void *row, const void *style, FILE *to)
{
    const struct row *self = row;
    (void)style;
    if (self->disk)
        fputs(image_format_name(self->disk->format), to);
}

static void get_size(const void *row, const void *style, FILE *to)
{
    const struct row *self = row;
    (void)style;
    if (self->disk && self->disk->size)
        fprintf(to, "%" PRIu64, self->disk->size);
}

static void get_mode(const void *row, const void *style, FILE *to)
{
    const struct row *self = row;
    (void)style;
    if (self->disk)
        fputs(self->disk->writable ? "rw" : "ro", to);
}

static void get_state(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const struct row *)row)->disk ? "ready" : "free", to);
}

static void get_image(const void *row, const void *style, FILE *to)
{
    const struct row *self = row;
    (void)style;
    if (self->disk)
        fputs(self->disk->image, to);
}

static void get_name(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const struct row *)row)->name, to);
}

static void get_life(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const struct row *)row)->state, to);
}

static const struct column disk_columns[] = {
    {"SLOT", COLUMN_RIGHT, NULL, get_slot}, {"DEVICE", 0, NULL, get_device},
    {"LABEL", 0, NULL, get_label},          {"FORMAT", 0, NULL, get_format},
    {"SIZE", COLUMN_RIGHT, NULL, get_size}, {"MODE", 0, NULL, get_mode},
    {"STATE", 0, NULL, get_state},          {"IMAGE", COLUMN_TRUNCATE, NULL, get_image},
};

static const struct column appliance_columns[] = {
    {"NAME", 0, NULL, get_name},
    {"STATE", 0, NULL, get_life},
};

/* --- JSON --- */

static json_t *disk_json(const struct row *row)
{
    char name[DRIVE_NAME_MAX], device[DRIVE_NAME_MAX + 5];
    snprintf(device, sizeof device, "/dev/%s", drive_name(row->slot, name));
    if (!row->disk)
        return json_pack("{s:s, s:i, s:s, s:s}", "type", "slot", "slot", (int)row->slot, "device",
                         device, "state", "free");
    const struct disk_record *disk = row->disk;
    json_t *object = json_pack("{s:s, s:i, s:s, s:o, s:s, s:o, s:s, s:s}", "type", "slot", "slot",
                               (int)row->slot, "device", device, "label",
                               *disk->label ? json_string(disk->label) : json_null(), "format",
                               image_format_name(disk->format), "size",
                               disk->size ? json_integer((json_int_t)disk->size) : json_null(),
                               "mode", disk->writable ? "rw" : "ro", "state", "ready");
    if (object && json_lines_set_string(object, "image", disk->image, strlen(disk->image)) < 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *appliance_json(const struct row *row)
{
    return json_pack("{s:s, s:s, s:s}", "type", "appliance", "name", row->name, "state",
                     row->state);
}

/* --- printing --- */

struct printer {
    json_t *(*object)(const struct row *row);
    text_table *table;
};

static int print_row(const struct printer *printer, const struct row *row, error **err)
{
    if (printer->table)
        return text_table_add(printer->table, row, NULL) < 0
                   ? error_set(err, ERROR_REFUSED, "out of memory")
                   : 0;
    json_t *object = printer->object(row);
    AUTO_FREE char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return error_set(err, ERROR_REFUSED, "out of memory");
    puts(text);
    return 0;
}

static int open_printer(struct printer *printer, struct column_choice *choice,
                        const struct column *columns, size_t count, error **err)
{
    columns_choose_all(columns, count, choice);
    printer->table = json ? NULL : text_table_new(choice, !no_headings, isatty(STDOUT_FILENO));
    return json || printer->table ? 0 : error_set(err, ERROR_REFUSED, "out of memory");
}

static int close_printer(struct printer *printer, int result, error **err)
{
    if (result == 0 && printer->table && text_table_print(printer->table, stdout) < 0)
        result = error_set(err, ERROR_REFUSED, "out of memory");
    text_table_free(printer->table);
    return result;
}

/* --- what is listed --- */

static int list_disks(const char *name, error **err)
{
    AUTO_APPLIANCE_CONNECTION struct appliance_connection connection = {0};
    struct column_choice choice;
    struct printer printer = {.object = disk_json};
    if (appliance_connection_open_named(name, &connection, err) < 0)
        return error_prefix(err, "%s", name);
    int result = open_printer(&printer, &choice, disk_columns,
                              sizeof disk_columns / sizeof *disk_columns, err);
    for (unsigned slot = 0;
         result == 0 && slot < persistent_slots_settings(connection.disks)->slots; slot++) {
        struct row row = {.slot = slot, .disk = persistent_slots_disk(connection.disks, slot)};
        if (row.disk || all)
            result = print_row(&printer, &row, err);
    }
    return close_printer(&printer, result, err);
}

static const char *state_of(const appliance_directory *directory)
{
    if (appliance_directory_alive(directory))
        return "running";
    return appliance_directory_busy(directory) ? "busy" : "ended";
}

static int list_appliances(error **err)
{
    char **names = NULL;
    size_t count = 0;
    struct column_choice choice;
    struct printer printer = {.object = appliance_json};
    int result = appliance_directory_list(&names, &count, err);
    if (result == 0)
        result = open_printer(&printer, &choice, appliance_columns,
                              sizeof appliance_columns / sizeof *appliance_columns, err);
    for (size_t i = 0; i < count; i++) {
        AUTO_APPLIANCE_DIRECTORY appliance_directory *directory =
            appliance_directory_find(names[i], NULL);
        struct row row = {.name = names[i], .state = directory ? state_of(directory) : NULL};
        if (result == 0 && directory)
            result = print_row(&printer, &row, err);
        free(names[i]);
    }
    free(names);
    return close_printer(&printer, result, err);
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    int parsed = command_line_parse(&list_command, argc, argv, table, 0, 1, &words);
    if (parsed >= 0)
        return parsed;
    int result = words[0] ? list_disks(words[0], &err) : list_appliances(&err);
    return result < 0 ? command_line_failed(NULL, err) : HOTPLUG_OK;
}

const struct command list_command = {
    "list", "[OPTION...] [NAME]",
    "Lists the disks in the appliance's slots; without a name, the appliances.", run};
