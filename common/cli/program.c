/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "program.h"

#include "message.h"
#include "stdout-guard.h"
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static const char *program;

/* libsmartcols measures characters, so it is told whether they are UTF-8; nothing else depends on
 * the user's language. In Turkish "DEVICE" would not be "device". */
static void choose_characters(void)
{
    bool utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (!utf8 || !setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "C");
}

int program_begin(const char *name)
{
    AUTO_ERROR error *err = NULL;

    program = name;
    message_start(name);
    choose_characters();
    umask(022); /* the modes of what is made are chosen where it is made */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit is an error of what is written, and what there is goes */
    if (stdout_guard_start(&err) == 0)
        return 0;
    message("%s", error_message(err));
    return -1;
}

void program_output_failed(const error *err)
{
    if (error_errno(err) == EPIPE)
        stdout_guard_by_signal(SIGPIPE);
    message("%s", error_message(err));
}

int program_end(void)
{
    AUTO_ERROR error *err = NULL;

    if (stdout_guard_finish(&err) == 0)
        return 0;
    program_output_failed(err);
    return -1;
}

void program_print_version(void)
{
    printf("%s (virt-live-tools) %s\n", program, PACKAGE_VERSION);
}
