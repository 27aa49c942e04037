/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#define WIDTH_MAX 120
#define WIDTH_DEFAULT 79
#define BAR_MIN 10 /* a narrower bar says nothing: then only the figures */
#define FIRST_AFTER (2 * CLOCK_SECOND)
#define EVERY (CLOCK_SECOND / 10)

struct progress {
    FILE *to;
    uint64_t started, next; /* not before */
    bool shown;
};

progress *progress_new(FILE *to, enum progress_mode mode)
{
    if (mode == PROGRESS_NEVER || (mode == PROGRESS_AUTO && !isatty(fileno(to))))
        return NULL;
    progress *bar = calloc(1, sizeof *bar);
    if (!bar)
        return NULL;
    bar->to = to;
    bar->started = clock_now();
    bar->next = mode == PROGRESS_AUTO ? bar->started + FIRST_AFTER : bar->started;
    return bar;
}

void progress_free(progress *bar)
{
    progress_hide(bar);
    free(bar);
}

void progress_hide(progress *bar)
{
    if (!bar || !bar->shown)
        return;
    fputs("\r\033[K", bar->to);
    fflush(bar->to);
    bar->shown = false;
}

/* " 12/s", or a minute where that says more; nothing while nothing is known. */
static void rate(uint64_t done, uint64_t elapsed, char *buffer, size_t size)
{
    double each_second = elapsed ? (double)done * CLOCK_SECOND / (double)elapsed : 0;

    if (each_second == 0)
        *buffer = '\0';
    else if (each_second < 1)
        snprintf(buffer, size, " %.1f/min", each_second * 60);
    else
        snprintf(buffer, size, each_second < 10 ? " %.1f/s" : " %.0f/s", each_second);
}

char *progress_figures(uint64_t done, uint64_t total, uint64_t elapsed,
                       char buffer[PROGRESS_FIGURES_MAX])
{
    char speed[40];

    rate(done, elapsed, speed, sizeof speed);
    if (total == 0) {
        snprintf(buffer, PROGRESS_FIGURES_MAX, "%" PRIu64 " done%s", done, speed);
        return buffer;
    }
    if (done > total)
        done = total;
    double share = (double)done / (double)total;
    int length = snprintf(buffer, PROGRESS_FIGURES_MAX, "%" PRIu64 "/%" PRIu64 " %u%%%s", done,
                          total, (unsigned)(100 * share), speed);
    if (done == 0 || done == total)
        return buffer;
    uint64_t left = (uint64_t)((double)elapsed / share * (1 - share)) / CLOCK_SECOND;
    snprintf(buffer + length, PROGRESS_FIGURES_MAX - (size_t)length, " %" PRIu64 ":%02u left",
             left / 60, (unsigned)(left % 60));
    return buffer;
}

char *progress_text(uint64_t done, uint64_t total, uint64_t elapsed, unsigned width, char *buffer)
{
    char behind[PROGRESS_FIGURES_MAX];

    if (total > 0 && done > total)
        done = total;
    progress_figures(done, total, elapsed, behind);
    size_t length = strlen(behind);
    if (total == 0 || width < length + 3 + BAR_MIN) {
        snprintf(buffer, (size_t)width + 1, "%s", behind);
        return buffer;
    }
    size_t bar = width - length - 3;
    size_t filled = (size_t)((double)bar * ((double)done / (double)total));
    buffer[0] = '[';
    memset(buffer + 1, '#', filled);
    memset(buffer + 1 + filled, '.', bar - filled);
    snprintf(buffer + 1 + bar, length + 3, "] %s", behind);
    return buffer;
}

/* One column stays free: a full line makes some terminals wrap. */
static unsigned line_width(FILE *to)
{
    struct winsize size;

    if (ioctl(fileno(to), TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
        return WIDTH_DEFAULT;
    return size.ws_col - 1 > WIDTH_MAX ? WIDTH_MAX : size.ws_col - 1u;
}

void progress_update(progress *bar, uint64_t done, uint64_t total)
{
    char text[WIDTH_MAX + 1];
    uint64_t now = clock_now();

    if (!bar || now < bar->next)
        return;
    bar->next = now + EVERY;
    fprintf(bar->to, "\r%s\033[K",
            progress_text(done, total, now - bar->started, line_width(bar->to), text));
    fflush(bar->to);
    bar->shown = true;
}
