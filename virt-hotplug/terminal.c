/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal.h"

#include <sys/ioctl.h>

void terminal_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;
    bool known = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    *rows = known ? size.ws_row : 24;
    *columns = known ? size.ws_col : 80;
}

int terminal_raw(struct terminal *terminal, error **err)
{
    if (tcgetattr(STDIN_FILENO, &terminal->before) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "the terminal");
    struct termios raw = terminal->before;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "the terminal");
    terminal->changed = true;
    return 0;
}

void terminal_restore(const struct terminal *terminal)
{
    if (terminal->changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
}
