/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usage.h"

#include "base/text.h"
#include "cli/option-values.h"

#include <string.h>

#define TOP_MAX 1000000 /* more is --sort alone */

enum code {
    OPT_HUMAN = COMMON_OPTIONS_COMMAND,
    OPT_INODES,
    OPT_CSV,
    OPT_JSON,
    OPT_OUTPUT,
    OPT_OUTPUT_ALL,
    OPT_NOHEADINGS,
    OPT_TOTAL,
    OPT_FAIL_ABOVE,
    OPT_CHECK,
    OPT_METRICS,
    OPT_HTML,
    OPT_SORT,
    OPT_TOP,
    OPT_FILTER,
    OPT_UUID
};

struct poptOption usage_table[] = {
    {"human-readable", 'h', POPT_ARG_NONE, NULL, OPT_HUMAN, "sizes in powers of 1024", NULL},
    {"inodes", 'i', POPT_ARG_NONE, NULL, OPT_INODES, "inodes, not blocks", NULL},
    {"csv", 0, POPT_ARG_NONE, NULL, OPT_CSV, "write CSV", NULL},
    {"json", 0, POPT_ARG_NONE, NULL, OPT_JSON, "write JSON Lines: all that is known", NULL},
    {"output", 'o', POPT_ARG_STRING, NULL, OPT_OUTPUT, "choose columns, see below", "COLS"},
    {"output-all", 0, POPT_ARG_NONE, NULL, OPT_OUTPUT_ALL, "all columns", NULL},
    {"noheadings", 0, POPT_ARG_NONE, NULL, OPT_NOHEADINGS, "no heading", NULL},
    {"total", 0, POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, NULL, OPT_TOTAL,
     "a last row: the sum of all; before it sums by owner or directory of the images",
     "owner|directory"},
    {"fail-above", 0, POPT_ARG_STRING, NULL, OPT_FAIL_ABOVE,
     "exit with 4 when a filesystem is fuller than PCT, 0-100", "PCT"},
    {"check", 0, POPT_ARG_STRING, NULL, OPT_CHECK,
     "for monitoring: one line with performance data, and exit 0, 1, 2 or 3 as Nagios plugins do",
     "warn=PCT,crit=PCT"},
    {"sort", 0, POPT_ARG_STRING, NULL, OPT_SORT,
     "rows in the order of this column, at the end; see below", "COL[:desc]"},
    {"top", 0, POPT_ARG_STRING, NULL, OPT_TOP, "only the first N rows of --sort", "N"},
    {"filter", 0, POPT_ARG_STRING, NULL, OPT_FILTER,
     "only filesystems for which this holds; " ROW_FILTER_HELP, "EXPR"},
    {"metrics", 0, POPT_ARG_STRING, NULL, OPT_METRICS,
     "also write the figures to FILE, for the textfile collector of Prometheus' node_exporter",
     "FILE"},
    {"html", 0, POPT_ARG_STRING, NULL, OPT_HTML,
     "also write a report to FILE: one page for a browser, that needs nothing else", "FILE"},
    {"uuid", 0, POPT_ARG_NONE, NULL, OPT_UUID, "name libvirt guests by their UUIDs", NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, common_options_popt, 0, "Options of all commands:", NULL},
    POPT_TABLEEND};

static int take_columns(struct df_options *options, const char *list, error **err)
{
    options->chosen = true;
    if (columns_choose(df_columns, df_columns_count, list, &options->choice, err) < 0)
        return error_prefix(err, "-o");
    return 0;
}

static int take_threshold(struct df_options *options, const char *word, error **err)
{
    uint64_t percent;

    if (text_parse_number(word, "--fail-above", 0, 100, &percent, err) < 0)
        return -1;
    options->threshold = true;
    options->fail_above = (unsigned)percent;
    return 0;
}

static int take_check(struct df_options *options, const char *word, error **err)
{
    options->checking = true;
    return check_parse(word, &options->check, err);
}

static int take_sort(struct df_options *options, const char *word, error **err)
{
    const char *colon = strchr(word, ':');
    AUTO_FREE char *name = strndup(word, colon ? (size_t)(colon - word) : strlen(word));
    struct column_choice choice;

    if (!name)
        return error_no_memory(err);
    if (colon && strcmp(colon, ":desc") != 0)
        return error_set(err, ERROR_USAGE, "--sort: \"%s\" is not COL or COL:desc", word);
    if (columns_choose(df_columns, df_columns_count, name, &choice, err) < 0)
        return error_prefix(err, "--sort");
    if (choice.count != 1)
        return error_set(err, ERROR_USAGE, "--sort: there can be one column only");
    options->order.column = choice.columns[0];
    options->order.descending = colon != NULL;
    return 0;
}

static int take_filter(struct df_options *options, const char *expression, error **err)
{
    row_filter_free(options->filter);
    options->filter = row_filter_new(expression, df_columns, df_columns_count, err);
    return options->filter ? 0 : error_prefix(err, "--filter");
}

/* The name of a file. */
static int take_file(char **file, const char *option, const char *word, error **err)
{
    if (!*word)
        return error_set(err, ERROR_USAGE, "%s: the name of the file is empty", option);
    free(*file);
    *file = strdup(word);
    return *file ? 0 : error_no_memory(err);
}

/* The value is optional. */
static int take_total(struct df_options *options, const char *word, error **err)
{
    static const char *const words[] = {"owner", "directory"};
    unsigned chosen;

    options->total = TOTAL_ALL;
    if (!word || !*word)
        return 0;
    if (option_value_choose("--total", word, words, sizeof words / sizeof words[0], &chosen, err) <
        0)
        return -1;
    options->total = (enum total_by)(chosen + TOTAL_OWNER);
    return 0;
}

static const struct option_flag flags[] = {
    {OPT_HUMAN, offsetof(struct df_options, style.human)},
    {OPT_INODES, offsetof(struct df_options, style.inodes)},
    {OPT_CSV, offsetof(struct df_options, csv)},
    {OPT_JSON, offsetof(struct df_options, json)},
    {OPT_OUTPUT_ALL, offsetof(struct df_options, output_all)},
    {OPT_NOHEADINGS, offsetof(struct df_options, noheadings)},
    {OPT_UUID, offsetof(struct df_options, common.uuids)},
};

static int take(void *data, int code, const char *value, error **err)
{
    struct df_options *options = data;

    if (option_value_flag(flags, sizeof flags / sizeof flags[0], code, data))
        return 0;
    switch (code) {
    case OPT_OUTPUT:
        return take_columns(data, value, err);
    case OPT_CHECK:
        return take_check(data, value, err);
    case OPT_TOTAL:
        return take_total(options, value, err);
    case OPT_SORT:
        return take_sort(data, value, err);
    case OPT_TOP:
        return option_value_number("--top", value, 1, TOP_MAX, &options->order.top, err);
    case OPT_FILTER:
        return take_filter(options, value, err);
    case OPT_METRICS:
        return take_file(&options->metrics, "--metrics", value, err);
    case OPT_HTML:
        return take_file(&options->html, "--html", value, err);
    default:
        return take_threshold(data, value, err);
    }
}

/* Options that contradict each other. */
static int check_together(const struct df_options *options, error **err)
{
    const struct {
        bool wrong;
        const char *what;
    } checks[] = {
        {options->csv && options->style.human, "-h and --csv"},
        {options->csv && options->json, "--csv and --json"},
        {options->json && options->style.human, "-h and --json"},
        {options->json && options->chosen, "-o and --json"},
        {options->json && options->output_all, "--output-all and --json"},
        {options->chosen && options->output_all, "-o and --output-all"},
        {options->order.column && options->json, "--sort and --json"},
        {options->order.column && options->checking, "--sort and --check"},
        {options->checking && options->csv, "--check and --csv"},
        {options->checking && options->json, "--check and --json"},
        {options->checking && options->chosen, "--check and -o"},
        {options->checking && options->output_all, "--check and --output-all"},
        {options->checking && options->total, "--check and --total"},
        {options->checking && options->threshold, "--check and --fail-above"},
    };

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].wrong)
            return error_set(err, ERROR_USAGE, "%s cannot be used together", checks[i].what);
    return 0;
}

/* What of the guests is wanted. */
static void ask(struct df_options *options)
{
    bool shown = options->chosen && columns_have(&options->choice, COLUMN_ASKED);
    bool sorted = options->order.column && (options->order.column->flags & COLUMN_ASKED);
    bool filtered = options->filter && row_filter_has(options->filter, COLUMN_ASKED);

    options->asked.as_is = options->common.no_recovery;
    options->asked.fragile = options->common.safe ? FRAGILE_REFUSED : FRAGILE_ELSEWHERE;
    options->asked.mountpoints =
        options->json || options->metrics || options->html || shown || sorted || filtered;
}

int usage_parse(struct df_options *options, int argc, char **argv, error **err)
{
    *options = (struct df_options){0};
    common_options_init(&options->common);
    options->common.all_by_default = true;
    options->common.config.question = (struct question){&question_df, &options->asked};
    if (common_options_parse(&options->common, argc, argv, usage_table, take, options, err) < 0)
        return -1;
    if (options->common.show != SHOW_NOTHING)
        return 0;
    if (check_together(options, err) < 0)
        return -1;
    if (options->order.top > 0 && !options->order.column)
        return error_set(err, ERROR_USAGE, "--top: of which order? --sort COL says it");
    if (options->output_all) {
        columns_choose_all(df_columns, df_columns_count, &options->choice);
        options->chosen = true;
    }
    ask(options);
    return 0;
}

void usage_help(FILE *to)
{
    fputs("\nColumns for -o, --sort and --filter:\n", to);
    columns_print_help(df_columns, df_columns_count, to);
    fputs("\nExit status: 0 every guest answered, 1 some guest did not, 2 wrong usage,\n"
          "3 no appliance could be started, 4 a filesystem is fuller than --fail-above.\n"
          "With --check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n",
          to);
}
