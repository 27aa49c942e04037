/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A question that supervisor, workers and the agent's client have never heard of
 * (lib/question-sizes.h): it needs nothing of theirs but the table of question.h. */
#include "lib/question-sizes.h"
#include "lib/trial.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* "512 512": in a trial every image has 512 bytes. */
static void read_sizes(struct trial_answer *seen, const struct question_answer *answer)
{
    const struct question_sizes_result result = question_sizes_result(answer);
    size_t length = 0;
    for (size_t i = 0; i < result.count; i++)
        length += (size_t)snprintf(seen->notes + length, sizeof seen->notes - length, "%s%ju",
                                   i ? " " : "", (uintmax_t)result.sizes[i]);
}

static struct trial *trial_of(void **state, unsigned guests)
{
    struct trial *t = *state;
    t->config.question = (struct question){&question_sizes, NULL};
    t->config.isolation = ISOLATE_GUEST;
    t->config.parallel = 2;
    t->read = read_sizes;
    trial_guests(t, guests);
    return t;
}

static void assert_sizes(const struct trial *t, unsigned guest, const char *sizes)
{
    assert_int_equal(t->answers[guest].status, STATUS_OK);
    assert_string_equal(t->answers[guest].notes, sizes);
}

static void each_disk_of_each_guest_has_its_size(void **state)
{
    struct trial *t = trial_of(state, 3);
    trial_big_guest(t, 4);
    trial_run(t);
    trial_assert_complete(t);
    for (unsigned i = 0; i < 3; i++)
        assert_sizes(t, i, "512");
    assert_sizes(t, 3, "512 512 512 512");
}

static void a_lie_costs_only_the_guest_that_tells_it(void **state)
{
    struct trial *t = trial_of(state, 4);
    unsigned crashed = 0;
    fake_script->steps[FAKE_LIST] = (struct fake_step){FAKE_FAIL, 1, 1};
    trial_run(t);
    trial_assert_complete(t);
    for (unsigned i = 0; i < 4; i++) {
        const struct trial_answer *answer = &t->answers[i];
        if (answer->status == STATUS_OK) {
            assert_sizes(t, i, "512");
            continue;
        }
        assert_int_equal(answer->status, STATUS_CRASHED);
        assert_non_null(strstr(answer->message, "trusted"));
        assert_string_equal(answer->notes, "");
        crashed++;
    }
    assert_int_equal(crashed, 1);
}

static void a_guest_that_is_not_asked_about_has_no_content(void **state)
{
    struct trial *t = trial_of(state, 3);
    fake_script->guests[1].attach = FAKE_FAIL;
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(t->answers[1].status, STATUS_CORRUPT);
    assert_string_equal(t->answers[1].notes, "");
    assert_sizes(t, 0, "512");
    assert_sizes(t, 2, "512");
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(each_disk_of_each_guest_has_its_size),
        TRIAL(a_lie_costs_only_the_guest_that_tells_it),
        TRIAL(a_guest_that_is_not_asked_about_has_no_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
