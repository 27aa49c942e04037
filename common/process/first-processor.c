/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "first-processor.h"

#include <stddef.h>

void first_processor_enter(cpu_set_t *before)
{
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_ZERO(before);
    /* Fails where the host has more processors than fit in. */
    if (sched_getaffinity(0, sizeof *before, before) < 0)
        return;
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&first) == 0; i++)
        if (CPU_ISSET(i, before))
            CPU_SET(i, &first);
    if (sched_setaffinity(0, sizeof first, &first) < 0)
        CPU_ZERO(before);
}

void first_processor_leave(const cpu_set_t *before)
{
    if (CPU_COUNT(before) > 0)
        sched_setaffinity(0, sizeof *before, before);
}
