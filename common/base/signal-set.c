/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signal-set.h"

void signal_set_not_ignored(sigset_t *set, const int *numbers, size_t count)
{
    sigemptyset(set);
    for (size_t i = 0; i < count; i++) {
        struct sigaction now;
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(set, numbers[i]);
    }
}
