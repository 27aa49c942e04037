/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills in a page: {{NAME}} is a value, and {{#NAME}}…{{/NAME}} a part that is written as often as
 * its owner likes. Every value is escaped, so none can become markup. (The marks are Mustache's;
 * none of its libraries is in Debian for C.) */
#ifndef VDL_HTML_PAGE_H
#define VDL_HTML_PAGE_H

#include <stdio.h>

/* Text of a page; not owned, no NUL at its end. */
struct html_text {
    const char *bytes;
    size_t length;
};

/* What the names in a page stand for. Both return 0; or -1: no memory, or there is no such name. */
struct html_names {
    const void *data;
    /* Writes a value's bytes, as they are. */
    int (*value)(const void *data, struct html_text name, FILE *to);
    /* Writes a part: html_page_write(inner, …) for each time. NULL: there are none. */
    int (*part)(const void *data, struct html_text name, struct html_text inner, FILE *to);
};

/* 0; or -1: no memory, or the page is malformed: a name that does not exist, a mark without its
 * end. */
int html_page_write(struct html_text page, const struct html_names *names, FILE *to);

/* Whether it is this name. */
int html_text_is(struct html_text text, const char *name);

#endif
