/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "html-page.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* What stands before the next `mark`; *rest is what comes behind it. -1: there is none. */
static int cut(struct html_text text, const char *mark, struct html_text *before,
               struct html_text *rest)
{
    size_t length = strlen(mark);
    const char *at = text.length ? memmem(text.bytes, text.length, mark, length) : NULL;

    if (!at)
        return -1;
    *before = (struct html_text){text.bytes, (size_t)(at - text.bytes)};
    *rest = (struct html_text){at + length, text.length - before->length - length};
    return 0;
}

int html_text_is(struct html_text text, const char *name)
{
    return text.length == strlen(name) && memcmp(text.bytes, name, text.length) == 0;
}

/* Control characters and what is not UTF-8 become visible first: a browser would drop some, and
 * take others for spaces. */
static int write_value(struct html_text name, const struct html_names *names, FILE *to)
{
    AUTO_FREE char *bytes = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&bytes, &length);

    if (!memory)
        return -1;
    int result = names->value(names->data, name, memory);
    if (fclose(memory) != 0 || result < 0)
        return -1;
    AUTO_FREE char *visible = text_escape(bytes, length);
    if (!visible)
        return -1;
    g_autofree char *escaped = g_markup_escape_text(visible, -1);
    fputs(escaped, to);
    return 0;
}

/* name: without its '#'. *text is what comes behind the part's end then. */
static int write_part(struct html_text name, struct html_text *text, const struct html_names *names,
                      FILE *to)
{
    g_autofree char *end = g_strdup_printf("{{/%.*s}}", (int)name.length, name.bytes);
    struct html_text inner;

    if (!names->part || cut(*text, end, &inner, text) < 0)
        return -1;
    return names->part(names->data, name, inner, to);
}

int html_page_write(struct html_text page, const struct html_names *names, FILE *to)
{
    struct html_text text, name;

    while (cut(page, "{{", &text, &page) == 0) {
        fwrite(text.bytes, 1, text.length, to);
        if (cut(page, "}}", &name, &page) < 0 || name.length == 0)
            return -1;
        bool is_part = *name.bytes == '#';
        if (is_part)
            name = (struct html_text){name.bytes + 1, name.length - 1};
        if ((is_part ? write_part(name, &page, names, to) : write_value(name, names, to)) < 0)
            return -1;
    }
    fwrite(page.bytes, 1, page.length, to);
    return 0;
}
