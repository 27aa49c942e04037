/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of --html, which the build makes of report/ (report/embed.pl). */
#ifndef VDL_REPORT_PAGE_H
#define VDL_REPORT_PAGE_H

#include <stddef.h>

extern const char report_page[];
extern const size_t report_page_length;

#endif
