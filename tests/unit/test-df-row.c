/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/../../virt-df-live/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void percent_is_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(row_percent_up(0, 0), 0);
    assert_int_equal(row_percent_up(0, 3), 0);
    assert_int_equal(row_percent_up(1, 3), 34);
    assert_int_equal(row_percent_up(2, 3), 67);
    assert_int_equal(row_percent_up(3, 3), 100);
    assert_int_equal(row_percent_up(1, UINT64_MAX), 1);
    assert_int_equal(row_percent_up(UINT64_MAX - 1, UINT64_MAX), 100);
    assert_int_equal(row_percent_up(UINT64_MAX, UINT64_MAX), 100);
    assert_int_equal(row_percent_up(50, 100), 50);
}

/* As it is printed. */
static const char *exact(uint64_t used, uint64_t total)
{
    static char text[32];

    snprintf(text, sizeof text, "%.1f", row_percent_exact(used, total));
    return text;
}

static void exact_percent_has_one_decimal(void **state)
{
    (void)state;
    assert_string_equal(exact(0, 0), "0.0");
    assert_string_equal(exact(1, 3), "33.3");
    assert_string_equal(exact(2, 3), "66.7");
    assert_string_equal(exact(7, 7), "100.0");
    assert_string_equal(exact(441, 1000), "44.1");
    assert_string_equal(exact(UINT64_MAX, UINT64_MAX), "100.0");
}

static void threshold_means_fuller(void **state)
{
    (void)state;
    assert_false(row_percent_above(0, 0, 0));
    assert_false(row_percent_above(90, 100, 90));
    assert_true(row_percent_above(901, 1000, 90));
    assert_true(row_percent_above(1, 100, 0));
    assert_false(row_percent_above(100, 100, 100));
    assert_true(row_percent_above(UINT64_MAX, UINT64_MAX, 99));
}

static void figures_are_bytes(void **state)
{
    const usage u = {.block_size = 4096,
                     .blocks = 1000,
                     .blocks_free = 559,
                     .blocks_available = 500,
                     .files = 10,
                     .files_free = 3};
    struct figures f = row_figures(&u);

    (void)state;
    assert_int_equal(f.size, 4096000);
    assert_int_equal(f.used, 441 * 4096);
    assert_int_equal(f.available, 500 * 4096);
    assert_int_equal(f.inodes, 10);
    assert_int_equal(f.inodes_used, 7);
    assert_int_equal(f.inodes_free, 3);
}

static void impossible_figures_do_no_harm(void **state)
{
    const usage u = {.block_size = UINT64_MAX,
                     .blocks = 2,
                     .blocks_free = 3,
                     .blocks_available = UINT64_MAX,
                     .files = 1,
                     .files_free = UINT64_MAX};
    struct figures f = row_figures(&u);

    (void)state;
    assert_int_equal(f.size, UINT64_MAX);
    assert_int_equal(f.used, 0);
    assert_int_equal(f.available, UINT64_MAX);
    assert_int_equal(f.inodes_used, 0);
    row_figures_add(&f, &f);
    assert_int_equal(f.size, UINT64_MAX);
    assert_int_equal(f.inodes, 2);
}

static void an_undefined_count_of_inodes_is_none(void **state)
{
    const usage u = {
        .block_size = 4096, .blocks = 1000, .files = UINT64_MAX, .files_free = UINT64_MAX - 7};
    struct figures f = row_figures(&u);

    (void)state;
    assert_int_equal(f.inodes, 0);
    assert_int_equal(f.inodes_used, 0);
    assert_int_equal(f.inodes_free, 0);
}

static void devices_are_the_guests_own(void **state)
{
    char buffer[ROW_DEVICE_MAX];
    volume v = {.kind = VOLUME_DISK};

    (void)state;
    assert_string_equal(row_device(&v, buffer), "/dev/sda");
    v = (volume){.kind = VOLUME_PARTITION, .disk = 1, .partition = 15};
    assert_string_equal(row_device(&v, buffer), "/dev/sdb15");
    v = (volume){.kind = VOLUME_PARTITION, .disk = 254, .partition = UINT32_MAX};
    assert_string_equal(row_device(&v, buffer), "/dev/sdiu4294967295");
    v = (volume){.kind = VOLUME_LOGICAL, .name = {7, (char *)"vg/root"}};
    assert_string_equal(row_device(&v, buffer), "/dev/vg/root");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_is_rounded_up),
        cmocka_unit_test(exact_percent_has_one_decimal),
        cmocka_unit_test(threshold_means_fuller),
        cmocka_unit_test(figures_are_bytes),
        cmocka_unit_test(impossible_figures_do_no_harm),
        cmocka_unit_test(an_undefined_count_of_inodes_is_none),
        cmocka_unit_test(devices_are_the_guests_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
