/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor, with a list of a million names: what it takes of
 * memory does not depend on the list. */
#include "lib/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* One name of so many is an image; the others are not there, and are answered for all the same. */
#define IMAGES_IN 100

#define PATIENCE_MS 200000

/* KiB: an eighth of what four bytes for each name of a million would take. */
#define NOISE 512

static void write_list(struct trial *t, unsigned count, char path[128])
{
    char image[256];
    snprintf(path, 128, "%s/list", t->directory);
    AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    snprintf(image, sizeof image, "%s", trial_image(t, 0, NULL));
    for (unsigned i = 0; i < count; i++)
        fprintf(file, "%s%s\n", image, i % IMAGES_IN == 0 ? "" : "-is-not-there");
    assert_int_equal(ferror(file), 0);
}

/* Its memory, KiB. */
static size_t scan_list(unsigned count)
{
    void *state;
    char path[128];
    assert_int_equal(trial_set_up(&state), 0);
    struct trial *t = state;
    t->patience = PATIENCE_MS;
    t->config.parallel = 2;
    trial_guests(t, 1); /* makes the image */
    write_list(t, count, path);
    assert_int_equal(guest_list_add_file(t->guests, GUEST_LIST_IMAGES, path, IMAGE_RAW, 0, NULL),
                     0);
    trial_run(t);
    assert_int_equal(t->end, SUPERVISOR_DONE);
    assert_int_equal(t->answer_count, 1 + count);
    assert_int_equal(t->stats.failed, count - (count + IMAGES_IN - 1) / IMAGES_IN);
    size_t memory = t->memory;
    assert_int_equal(trial_tear_down(&state), 0);
    return memory;
}

static void memory_does_not_grow_with_the_list(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* what is freed is kept for a while */
#endif
    size_t few = scan_list(10000), many = scan_list(1000000);
    print_message("10,000 names: %zu KiB, 1,000,000 names: %zu KiB\n", few, many);
    assert_true(few > 0);
    assert_true(many <= few + NOISE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_does_not_grow_with_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
