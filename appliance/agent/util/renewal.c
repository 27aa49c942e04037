/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "renewal.h"
#include "base/cleanup.h"
#include "base/wall-clock.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GENERATOR "/dev/urandom"

/* The host's message was under way for some time, so a clock that is right seems to be ahead. It is
 * not set back for less than this: programs may run that look at it. */
#define AHEAD_MAX ((uint64_t)1000000000)

struct renewal {
    bool real;
    bool done;
    int generator; /* open from the start: a restored appliance need not open it. Or -errno */
};

renewal *renewal_new(bool real)
{
    renewal *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->real = real;
    int fd = real ? open(GENERATOR, O_RDONLY | O_CLOEXEC) : -1;
    self->generator = fd >= 0 ? fd : real ? -errno : -ENOENT;
    return self;
}

bool renewal_is_done(const renewal *self)
{
    return self->done;
}

void renewal_expire(renewal *self)
{
    self->done = false;
}

bool renewal_clock_differs(uint64_t guest, uint64_t host)
{
    return guest < host || guest - host > AHEAD_MAX;
}

int renewal_set_clock(renewal *self, uint64_t host)
{
    if (!self->real || !renewal_clock_differs(wall_clock_now(), host))
        return 0;
    return wall_clock_set(host);
}

/* The kernel mixes what it is given into its pool. Its generator has a key of its own, which it
 * renews from the pool every minute (Linux 6.1, drivers/char/random.c): here at once. The
 * generators of the processors, and what was drawn from them for later, follow the next time that
 * anything is drawn. */
static int reseed(int generator, const void *seed)
{
    union {
        struct rand_pool_info info;
        unsigned char room[sizeof(struct rand_pool_info) + RENEW_SEED];
    } entropy = {.info = {.entropy_count = 8 * RENEW_SEED, .buf_size = RENEW_SEED}};
    if (generator < 0)
        return generator;
    memcpy(entropy.info.buf, seed, RENEW_SEED);
    int result =
        ioctl(generator, RNDADDENTROPY, &entropy) < 0 || ioctl(generator, RNDRESEEDCRNG) < 0
            ? -errno
            : 0;
    explicit_bzero(&entropy, sizeof entropy);
    return result;
}

int renewal_take(renewal *self, struct renew_args *fresh, const char **what)
{
    int result = self->real ? reseed(self->generator, fresh->seed) : 0;
    *what = "the random number generator";
    explicit_bzero(fresh->seed, sizeof fresh->seed);
    if (result < 0)
        return result;
    *what = "the clock";
    result = renewal_set_clock(self, fresh->time);
    self->done = self->done || result == 0;
    return result;
}
