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
        fputs(disk_record_mode_name(self->disk->mode), to);
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

/* What has a column in JSON. */
#define LIST_SLOT COLUMN_COMMAND /* also a free slot, and an appliance */
#define LIST_DISK (COLUMN_COMMAND << 1)

static const struct column disk_columns[] = {
    {"SLOT", COLUMN_RIGHT | LIST_SLOT, NULL, get_slot, "slot"},
    {"DEVICE", LIST_SLOT, NULL, get_device, "device"},
    {"LABEL", LIST_DISK, NULL, get_label, "label"},
    {"FORMAT", LIST_DISK, NULL, get_format, "format"},
    {"SIZE", COLUMN_RIGHT | LIST_DISK, NULL, get_size, "size"},
    {"MODE", LIST_DISK, NULL, get_mode, "mode"},
    {"STATE", LIST_SLOT, NULL, get_state, "state"},
    {"IMAGE", COLUMN_TRUNCATE | LIST_DISK, NULL, get_image, "image"},
};

static const struct column appliance_columns[] = {
    {"NAME", LIST_SLOT, NULL, get_name, "name"},
    {"STATE", LIST_SLOT, NULL, get_life, "state"},
};

/* --- printing --- */

struct printer {
    const char *type; /* of its rows in JSON */
    const struct column *columns;
    size_t count;
    text_table *table; /* NULL: JSON */
};

static int print_row(const struct printer *printer, const struct row *row, error **err)
{
    if (printer->table)
        return text_table_add(printer->table, row, NULL) < 0
                   ? error_set(err, ERROR_REFUSED, "out of memory")
                   : 0;
    json_t *object = json_object();
    unsigned flags = row->disk ? LIST_SLOT | LIST_DISK : LIST_SLOT;
    int failed = json_lines_set(object, "type", json_string(printer->type)) |
                 columns_set_json(printer->columns, printer->count, flags, row, NULL, object);
    return json_lines_write_line(object, failed, stdout) < 0
               ? error_set(err, ERROR_REFUSED, "out of memory")
               : 0;
}

static int open_printer(struct printer *printer, struct column_choice *choice, error **err)
{
    columns_choose_all(printer->columns, printer->count, choice);
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
    struct printer printer = {.type = "slot",
                              .columns = disk_columns,
                              .count = sizeof disk_columns / sizeof *disk_columns};
    if (appliance_connection_open_named(name, &connection, err) < 0)
        return error_prefix(err, "%s", name);
    int result = open_printer(&printer, &choice, err);
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
    struct printer printer = {.type = "appliance",
                              .columns = appliance_columns,
                              .count = sizeof appliance_columns / sizeof *appliance_columns};
    int result = appliance_directory_list(&names, &count, err);
    if (result == 0)
        result = open_printer(&printer, &choice, err);
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
