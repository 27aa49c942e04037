/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Pairs of a name and a value, NULL behind the last. */
static const char *const *environment;

static char *get(const char *name)
{
    for (const char *const *pair = environment; pair[0]; pair += 2)
        if (strcmp(pair[0], name) == 0)
            return (char *)pair[1];
    return NULL;
}

#define ENVIRONMENT(...)                                                                           \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void expect_pair(const char *word, uint64_t index, uint64_t count)
{
    struct shard shard = {0};

    assert_int_equal(shard_parse(word, &shard, NULL), 0);
    assert_int_equal(shard.index, index);
    assert_int_equal(shard.count, count);
}

static void expect_wrong(const char *word)
{
    struct shard shard = {0};
    AUTO_ERROR error *err = NULL;

    assert_int_equal(shard_parse(word, &shard, &err), -1);
    assert_int_equal(error_kind(err), ERROR_USAGE);
    if (!strstr(error_message(err), "--shard"))
        fail_msg("\"%s\"", error_message(err));
}

static void a_pair_is_read_strictly(void **state)
{
    static const char *const wrong[] = {"",    "1",    "/",    "1/",        "/2",  "2/2",
                                        "0/0", "-1/2", "0/2 ", "1/1000001", "a/b", "0/1/2"};

    (void)state;
    expect_pair("0/1", 0, 1);
    expect_pair("3/8", 3, 8);
    expect_pair("999999/1000000", 999999, 1000000);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_wrong(wrong[i]);
}

static void every_guest_is_in_exactly_one_shard(void **state)
{
    (void)state;
    for (uint64_t count = 1; count < 9; count++)
        for (uint64_t numbers = 0; numbers < 20; numbers++) {
            uint64_t in_all = 0;
            for (uint64_t index = 0; index < count; index++) {
                const struct shard shard = {.index = index, .count = count};
                uint64_t taken = 0;
                for (uint64_t number = 0; number < numbers; number++)
                    taken += shard_takes(&shard, number);
                assert_int_equal(taken, shard_size(&shard, numbers));
                in_all += taken;
            }
            assert_int_equal(in_all, numbers);
        }
}

static void no_shard_is_the_whole_list(void **state)
{
    const struct shard whole = {0};

    (void)state;
    assert_true(shard_takes(&whole, 0) && shard_takes(&whole, 7));
    assert_int_equal(shard_size(&whole, 5), 5);
}

static void expect_from(const char *const *variables, uint64_t index, uint64_t count)
{
    struct shard shard = {0};

    environment = variables;
    assert_int_equal(shard_from_environment(get, &shard, NULL), 0);
    assert_int_equal(shard.index, index);
    assert_int_equal(shard.count, count);
}

static void expect_none_from(const char *const *variables, const char *why)
{
    struct shard shard = {0};
    AUTO_ERROR error *err = NULL;

    environment = variables;
    assert_int_equal(shard_from_environment(get, &shard, &err), -1);
    if (!strstr(error_message(err), why))
        fail_msg("\"%s\" is not in \"%s\"", why, error_message(err));
}

#define ARRAY(id, count, first, last, step)                                                        \
    ENVIRONMENT("SLURM_ARRAY_TASK_ID", id, "SLURM_ARRAY_TASK_COUNT", count,                        \
                "SLURM_ARRAY_TASK_MIN", first, "SLURM_ARRAY_TASK_MAX", last,                       \
                "SLURM_ARRAY_TASK_STEP", step)

static void a_task_of_a_slurm_array_is_a_shard(void **state)
{
    (void)state;
    expect_from(ARRAY("0", "8", "0", "7", "1"), 0, 8);
    expect_from(ARRAY("8", "8", "1", "8", "1"), 7, 8);
    expect_from(ARRAY("14", "4", "10", "16", "2"), 2, 4);
    expect_from(ENVIRONMENT("SLURM_ARRAY_TASK_ID", "2", "SLURM_ARRAY_TASK_COUNT", "3",
                            "SLURM_ARRAY_TASK_MIN", "0", "SLURM_ARRAY_TASK_MAX", "2"),
                2, 3);
}

static void a_slurm_array_with_gaps_is_refused(void **state)
{
    (void)state;
    expect_none_from(ARRAY("2", "3", "0", "3", "1"), "gaps"); /* --array=0,2,3 */
    expect_none_from(ARRAY("3", "2", "0", "2", "2"), "SLURM_ARRAY_TASK_MAX");
    expect_none_from(ARRAY("1", "2", "0", "2", "2"), "gaps");
    expect_none_from(ENVIRONMENT("SLURM_ARRAY_TASK_ID", "1"), "SLURM_ARRAY_TASK_COUNT is not set");
}

static void a_pod_of_an_indexed_job_is_a_shard(void **state)
{
    (void)state;
    expect_from(ENVIRONMENT("JOB_COMPLETION_INDEX", "3", "JOB_COMPLETIONS", "4"), 3, 4);
    expect_none_from(ENVIRONMENT("JOB_COMPLETION_INDEX", "4", "JOB_COMPLETIONS", "4"),
                     "JOB_COMPLETION_INDEX");
    expect_none_from(ENVIRONMENT("JOB_COMPLETION_INDEX", "0"), "JOB_COMPLETIONS is not set");
    expect_none_from(ENVIRONMENT("JOB_COMPLETIONS", "4"), "neither");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_read_strictly),
        cmocka_unit_test(every_guest_is_in_exactly_one_shard),
        cmocka_unit_test(no_shard_is_the_whole_list),
        cmocka_unit_test(a_task_of_a_slurm_array_is_a_shard),
        cmocka_unit_test(a_slurm_array_with_gaps_is_refused),
        cmocka_unit_test(a_pod_of_an_indexed_job_is_a_shard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
