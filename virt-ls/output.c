/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include <string.h>

#define ENOUGH 65536 /* bytes: then it goes to stdout */

/* --- stderr --- */

static void say_problem(struct scan_command *command, const struct listed_directory *place,
                        const listing_problem *problem)
{
    size_t length = 0;
    AUTO_FREE char *path =
        cell_path(NULL, place->directory, problem->path.path_val, problem->path.path_len, &length);

    scan_command_say(command, "%s: %s: %.*s", place->guest->name, path ? path : "",
                     (int)problem->message.message_len,
                     problem->message.message_len ? problem->message.message_val : "");
}

static void say_notes(struct scan_command *command, const struct guest *guest,
                      const struct question_ls_result *result)
{
    const char *line = result->notes, *end = line + result->notes_length;

    if (!command->options->verbose || result->notes_length == 0)
        return;
    for (const char *next; line < end; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (!next)
            next = end;
        if (next > line)
            scan_command_say(command, "%s: %.*s", guest->name, (int)(next - line), line);
    }
}

/* --- a guest's listing --- */

struct listing {
    struct scan_command *command;
    form *form;
    const ls_directory *asked;
    struct listed_directory place;
    struct listing_reader reader;
    struct tally tally;
};

static int on_directory(struct listing *self, unsigned index, error **err)
{
    struct listing_mark mark = listing_tell(&self->reader);

    self->place.directory = self->asked[index].path.path_val;
    if (!self->form->ops->directory)
        return 0;
    if (self->form->ops->directory(self->form, &self->place, &self->reader, self->command->to,
                                   err) < 0)
        return -1;
    return listing_seek(&self->reader, &mark, err);
}

static int on_problem(struct listing *self, const listing_problem *problem, error **err)
{
    self->tally.problems++;
    if (self->form->ops->problem &&
        self->form->ops->problem(self->form, &self->place, problem, self->command->to) < 0)
        return error_no_memory(err);
    if (scan_command_flush(self->command, err) < 0) /* what came before it stands before it */
        return -1;
    say_problem(self->command, &self->place, problem);
    return 0;
}

static int on_entry(struct listing *self, const listing_entry *entry, error **err)
{
    FILE *to = self->command->to;

    self->tally.files++;
    if (self->form->ops->entry(self->form, &self->place, entry, to) < 0)
        return error_no_memory(err);
    return ftell(to) >= ENOUGH ? scan_command_flush(self->command, err) : 0;
}

static int on_item(struct listing *self, const listing_item *item, error **err)
{
    switch (item->kind) {
    case LISTING_DIRECTORY:
        return on_directory(self, item->listing_item_u.directory, err);
    case LISTING_PROBLEM:
        return on_problem(self, &item->listing_item_u.problem, err);
    case LISTING_ENTRY:
    default:
        return on_entry(self, &item->listing_item_u.entry, err);
    }
}

/* It has been checked that the listing is one (listing-reader.h). */
static int print_listing(struct listing *self, error **err)
{
    listing_item item;
    int got;

    while ((got = listing_next(&self->reader, &item, err)) > 0) {
        int done = on_item(self, &item, err);
        listing_item_clear(&item);
        if (done < 0)
            return -1;
    }
    return got;
}

/* --- the command --- */

static int on_parse(void *data, int argc, char **argv, error **err)
{
    return usage_parse(&((struct output *)data)->options, argc, argv, err);
}

static int on_start(void *data, error **err)
{
    struct output *self = data;

    self->form = form_new(&self->options.style);
    return self->form ? 0 : error_no_memory(err);
}

static int on_answer(void *data, struct scan_command *command, const struct guest_answer *answered,
                     error **err)
{
    const struct output *self = data;
    const struct form_ops *ops = self->form->ops;
    const struct question_answer *answer = answered->answer;
    const struct question_ls_result result = question_ls_result(answer);
    struct listing listing = {.command = command,
                              .form = self->form,
                              .asked = self->options.asked.args.directories.directories_val,
                              .place = {.guest = answered->guest}};

    say_notes(command, answered->guest, &result);
    listing_read(&listing.reader, result.listing);
    if (print_listing(&listing, err) < 0)
        return -1;
    if (ops->guest && ops->guest(self->form, answered, &listing.tally, command->to) < 0)
        return error_no_memory(err);
    if (scan_command_flush(command, err) < 0)
        return -1;
    if (answer->status == STATUS_OK)
        return listing.tally.problems > 0;
    scan_command_say_failure(command, answered->guest, NULL, answer->status, answer->message,
                             answer->message_length);
    return 1;
}

static void on_clear(void *data)
{
    struct output *self = data;

    free(self->form);
    usage_clear(&self->options);
}

const struct scan_command_ops output_ops = {.parse = on_parse,
                                            .help = usage_help,
                                            .start = on_start,
                                            .answer = on_answer,
                                            .clear = on_clear};
