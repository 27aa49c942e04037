/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"
#include "wire/status.h"

#include <string.h>

#define ENOUGH ((size_t)65536) /* bytes: then it goes to stdout */

struct ls_report {
    const struct ls_options *options;
    form *form;
    struct scanning scanning;
    /* What the form has made and stdout has not seen. */
    char *text;
    size_t length;
    FILE *buffer;
};

/* --- stdout --- */

static int flush(ls_report *self, error **err)
{
    if (fflush(self->buffer) != 0)
        return error_no_memory(err);
    size_t length = self->length;
    rewind(self->buffer);
    return scan_command_print(&self->scanning, self->text, length, err);
}

static int flush_much(ls_report *self, error **err)
{
    return ftell(self->buffer) >= (long)ENOUGH ? flush(self, err) : 0;
}

/* --- stderr --- */

static void say_problem(ls_report *self, const struct listed_directory *place,
                        const listing_problem *problem)
{
    AUTO_FREE char *path = NULL;
    size_t length = 0;
    FILE *buffer = open_memstream(&path, &length);

    if (buffer) {
        cell_put_path(place->directory, problem->path.path_val, problem->path.path_len, buffer);
        fclose(buffer);
    }
    scan_command_say(&self->scanning, "%s: %s: %.*s", place->guest->name, path ? path : "",
                     (int)problem->message.message_len,
                     problem->message.message_len ? problem->message.message_val : "");
}

static void say_failure(ls_report *self, const struct guest_answer *answered)
{
    const struct question_answer *answer = answered->answer;
    const char *why = answer->message;
    int length = (int)answer->message_length;

    if (length == 0) {
        why = status_name(answer->status);
        length = (int)strlen(why);
    }
    scan_command_say(&self->scanning, "%s: %.*s", answered->guest->name, length, why);
}

static void say_notes(ls_report *self, const struct guest *guest,
                      const struct question_ls_result *result)
{
    const char *line = result->notes, *end = line + result->notes_length;

    if (!self->options->common.verbose || result->notes_length == 0)
        return;
    for (const char *next; line < end; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (!next)
            next = end;
        if (next > line)
            scan_command_say(&self->scanning, "%s: %.*s", guest->name, (int)(next - line), line);
    }
}

/* --- a guest's listing --- */

struct listing {
    struct listed_directory place;
    struct listing_reader reader;
    struct tally tally;
};

static int on_directory(ls_report *self, struct listing *listing, unsigned index, error **err)
{
    const ls_directory *asked = self->options->asked.args.directories.directories_val;
    struct listing_mark mark = listing_tell(&listing->reader);

    listing->place.directory = asked[index].path.path_val;
    if (!self->form->ops->directory)
        return 0;
    if (self->form->ops->directory(self->form, &listing->place, &listing->reader, self->buffer,
                                   err) < 0)
        return -1;
    return listing_seek(&listing->reader, &mark, err);
}

static int on_problem(ls_report *self, struct listing *listing, const listing_problem *problem,
                      error **err)
{
    listing->tally.problems++;
    if (self->form->ops->problem &&
        self->form->ops->problem(self->form, &listing->place, problem, self->buffer) < 0)
        return error_no_memory(err);
    if (flush(self, err) < 0) /* what came before it stands before it */
        return -1;
    say_problem(self, &listing->place, problem);
    return 0;
}

static int on_item(ls_report *self, struct listing *listing, const listing_item *item, error **err)
{
    switch (item->kind) {
    case LISTING_DIRECTORY:
        return on_directory(self, listing, item->listing_item_u.directory, err);
    case LISTING_PROBLEM:
        return on_problem(self, listing, &item->listing_item_u.problem, err);
    case LISTING_ENTRY:
        break;
    }
    listing->tally.files++;
    if (self->form->ops->entry(self->form, &listing->place, &item->listing_item_u.entry,
                               self->buffer) < 0)
        return error_no_memory(err);
    return flush_much(self, err);
}

/* It has been checked that the listing is one (listing-reader.h). */
static int print_listing(ls_report *self, struct listing *listing, error **err)
{
    listing_item item;
    int got;

    while ((got = listing_next(&listing->reader, &item, err)) > 0) {
        int done = on_item(self, listing, &item, err);
        listing_item_clear(&item);
        if (done < 0)
            return -1;
    }
    return got;
}

static int on_answer(void *data, const struct guest_answer *answered, error **err)
{
    ls_report *self = data;
    struct listing listing = {.place = {.guest = answered->guest}};

    const struct question_ls_result result = question_ls_result(answered->answer);

    say_notes(self, answered->guest, &result);
    listing_read(&listing.reader, result.listing);
    if (print_listing(self, &listing, err) < 0)
        return -1;
    if (self->form->ops->guest &&
        self->form->ops->guest(self->form, answered, &listing.tally, self->buffer) < 0)
        return error_no_memory(err);
    if (flush(self, err) < 0)
        return -1;
    if (answered->answer->status == STATUS_OK)
        return listing.tally.problems > 0;
    say_failure(self, answered);
    return 1;
}

/* --- */

ls_report *report_new(const struct ls_options *options)
{
    ls_report *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->options = options;
    self->form = form_new(&options->style);
    self->buffer = open_memstream(&self->text, &self->length);
    self->scanning = (struct scanning){.options = &options->common,
                                       .data = self,
                                       .answer = on_answer,
                                       .nothing = "nothing to list"};
    if (self->form && self->buffer)
        return self;
    report_free(self);
    return NULL;
}

void report_free(ls_report *self)
{
    if (!self)
        return;
    free(self->form);
    cleanup_file(&self->buffer);
    free(self->text);
    free(self);
}

struct scanning *report_scanning(ls_report *self)
{
    return &self->scanning;
}
