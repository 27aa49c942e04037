/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal on our stdin, for a command in the appliance. */
#ifndef VHP_TERMINAL_H
#define VHP_TERMINAL_H

#include "base/error.h"
#include <stdbool.h>
#include <termios.h>

struct terminal {
    bool changed;
    struct termios before;
};

/* The size of stdin's terminal; 24 rows of 80 where there is none. */
void terminal_size(unsigned *rows, unsigned *columns);

/* Turns on raw mode: every key is passed on, ^C too. 0 or -1 and *err. */
int terminal_raw(struct terminal *terminal, error **err);
void terminal_restore(const struct terminal *terminal);

#endif
