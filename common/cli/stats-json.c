/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats-json.h"

#include "base/clock.h"

#include <jansson.h>

static json_t *seconds(uint64_t microseconds)
{
    return json_real((double)microseconds / (double)CLOCK_SECOND);
}

char *stats_json(const struct supervisor_stats *s)
{
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "guests", (json_int_t)s->guests, "images", (json_int_t)s->images, "failed",
        (json_int_t)s->failed, "waves", (json_int_t)s->waves, "boots", (json_int_t)s->boots,
        "restores", (json_int_t)s->restores, "emptied", (json_int_t)s->emptied, "probes",
        (json_int_t)s->probes, "accel", s->accel[0] ? s->accel : NULL, "wall_s", seconds(s->wall),
        "prepare_s", seconds(s->prepare), "start_s", seconds(s->start), "attach_s",
        seconds(s->attach), "wait_s", seconds(s->wait), "probe_s", seconds(s->probe), "mount_s",
        seconds(s->mount));
    char *text = object ? json_dumps(object, JSON_REAL_PRECISION(15)) : NULL;

    json_decref(object);
    return text;
}
