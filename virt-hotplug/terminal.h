/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal that a command in the appliance is given the use of. */
#ifndef VHP_TERMINAL_H
#define VHP_TERMINAL_H

#include "base/error.h"
#include <stdbool.h>
#include <termios.h>

struct terminal {
    bool changed;
    struct termios before;
};

/* Of stdin's terminal; 24 rows of 80 where there is none. */
void terminal_size(unsigned *rows, unsigned *columns);

/* Every key goes through, ^C too. 0 or -1 and *err. */
int terminal_raw(struct terminal *terminal, error **err);
void terminal_restore(const struct terminal *terminal);

#endif
