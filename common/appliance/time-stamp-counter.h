/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast the time stamp counter of an emulated x86 processor runs. QEMU hands on the host's own
 * (cpu_get_host_ticks(), QEMU's include/qemu/timer.h). A kernel that measures it while it boots is
 * wrong where the host is busy: QEMU loses the processor between the kernel's look at the timer and
 * its look at the counter. Such a guest's clock runs several times too fast, for as long as its
 * template lives: of ten boots beside six busy processes on two processors two were wrong, by 3.3
 * and 6.6 times. So the host measures, and says. */
#ifndef VLT_TIME_STAMP_COUNTER_H
#define VLT_TIME_STAMP_COUNTER_H

/* In kHz, by CLOCK_MONOTONIC, which is QEMU's clock, too. It takes 5 ms. 0 where it is not known:
 * on hosts of other processors, and where what was measured cannot be. */
unsigned time_stamp_counter_khz(void);

#endif
