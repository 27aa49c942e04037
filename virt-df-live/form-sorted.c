/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --sort and --top: keeps the rows, and gives them to another form at the end, in order. Where
 * there is no memory for its array, GLib ends the process. */
#include "form.h"
#include "row-copy.h"

#include <glib.h>
#include <string.h>

struct sorted {
    struct form form; /* first */
    form *inner;
    struct row_order order;
    GPtrArray *rows; /* struct sorted_row * */
    uint64_t added;
    GArray *totals; /* struct totals: come last, in their own order */
};

struct sorted_row {
    struct row *row;
    char *cell; /* of the column that they are sorted by */
    double number;
    uint64_t place; /* as it came: decides where cells are the same */
};

static void row_free(void *data)
{
    struct sorted_row *sorted = data;

    row_copy_free(sorted->row);
    free(sorted->cell);
    free(sorted);
}

static int compare_cells(const struct sorted_row *a, const struct sorted_row *b,
                         const struct row_order *order)
{
    if (order->column->flags & COLUMN_RIGHT)
        return (a->number > b->number) - (a->number < b->number);
    return strcmp(a->cell, b->cell);
}

/* Empty cells come last, whatever the direction. */
static int compare(const void *first, const void *second, void *data)
{
    const struct sorted_row *a = *(struct sorted_row *const *)first;
    const struct sorted_row *b = *(struct sorted_row *const *)second;
    const struct row_order *order = data;
    int result = !*a->cell - !*b->cell;

    if (result == 0)
        result = compare_cells(a, b, order) * (order->descending ? -1 : 1);
    return result ? result : (a->place > b->place) - (a->place < b->place);
}

/* Sorts, and forgets what is not among the first `top`. */
static void settle(struct sorted *self)
{
    g_ptr_array_sort_with_data(self->rows, compare, &self->order);
    if (self->order.top > 0 && self->rows->len > self->order.top)
        g_ptr_array_set_size(self->rows, (gint)self->order.top);
}

static int sorted_heading(form *base, FILE *to)
{
    struct sorted *self = (struct sorted *)base;

    return self->inner->ops->heading ? self->inner->ops->heading(self->inner, to) : 0;
}

static int sorted_row(form *base, const struct row *row, FILE *to)
{
    static const struct style raw = {.decimal = true}; /* numbers that are not rounded */
    struct sorted *self = (struct sorted *)base;
    struct sorted_row *sorted = calloc(1, sizeof *sorted);
    size_t length;

    (void)to;
    if (!sorted)
        return -1;
    sorted->row = row_copy_new(row);
    sorted->cell = columns_cell(self->order.column, row, &raw, &length);
    if (!sorted->row || !sorted->cell) {
        row_free(sorted);
        return -1;
    }
    sorted->number = strtod(sorted->cell, NULL);
    sorted->place = self->added++;
    g_ptr_array_add(self->rows, sorted);
    if (self->order.top > 0 && self->rows->len >= 2 * (guint)self->order.top)
        settle(self);
    return 0;
}

static int sorted_total(form *base, const struct totals *totals, FILE *to)
{
    struct sorted *self = (struct sorted *)base;

    (void)to;
    g_array_append_val(self->totals, *totals);
    return 0;
}

static int sorted_end(form *base, FILE *to)
{
    struct sorted *self = (struct sorted *)base;
    form *inner = self->inner;

    settle(self);
    for (guint i = 0; i < self->rows->len; i++) {
        const struct sorted_row *sorted = self->rows->pdata[i];
        if (inner->ops->row(inner, sorted->row, to) < 0)
            return -1;
    }
    for (guint i = 0; i < self->totals->len; i++)
        if (form_total(inner, &g_array_index(self->totals, struct totals, i), to) < 0)
            return -1;
    return inner->ops->end ? inner->ops->end(inner, to) : 0;
}

static void sorted_clear(form *base)
{
    struct sorted *self = (struct sorted *)base;

    g_ptr_array_unref(self->rows);
    g_array_unref(self->totals);
    form_free(self->inner);
}

static const struct form_ops sorted_ops = {.heading = sorted_heading,
                                           .row = sorted_row,
                                           .total = sorted_total,
                                           .end = sorted_end,
                                           .clear = sorted_clear};

form *form_sorted_new(const struct row_order *order, form *inner)
{
    struct sorted *self = inner ? calloc(1, sizeof *self) : NULL;

    if (!self) {
        form_free(inner);
        return NULL;
    }
    self->form = (struct form){.ops = &sorted_ops, .wants = inner->wants};
    self->inner = inner;
    self->order = *order;
    self->rows = g_ptr_array_new_with_free_func(row_free);
    self->totals = g_array_new(FALSE, FALSE, sizeof(struct totals));
    return &self->form;
}
