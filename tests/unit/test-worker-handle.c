/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan/worker-handle.h"

#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct crew {
    struct guest guests[3];
    struct entry entries[3];
    struct worker_handle member;
};

/* A member with guests 10, 11 and 12. */
static struct crew *make_crew(void)
{
    struct crew *crew = calloc(1, sizeof *crew);
    assert_non_null(crew);
    for (size_t i = 0; i < 3; i++) {
        crew->guests[i].number = 10 + i;
        crew->entries[i].guest = &crew->guests[i];
        crew->member.given[i] = &crew->entries[i];
    }
    crew->member.given_count = 3;
    crew->member.state = WORKER_HANDLE_READY;
    return crew;
}

static void a_guest_is_found_by_its_number(void **state)
{
    AUTO_FREE struct crew *crew = make_crew();
    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        assert_ptr_equal(worker_handle_find(&crew->member, 10 + i), &crew->entries[i]);
    assert_null(worker_handle_find(&crew->member, 13));
}

static void a_guest_that_is_still_being_handed_over_cannot_be_answered_for(void **state)
{
    AUTO_FREE struct crew *crew = make_crew();
    (void)state;
    crew->member.handover.entry = &crew->entries[2];
    assert_null(worker_handle_find(&crew->member, 12));
    assert_non_null(worker_handle_find(&crew->member, 11));
    assert_int_equal(crew->member.given_count, 3);
}

static void the_order_stays_when_one_is_answered(void **state)
{
    AUTO_FREE struct crew *crew = make_crew();
    (void)state;
    worker_handle_answered(&crew->member, &crew->entries[1]);
    assert_int_equal(crew->member.given_count, 2);
    assert_ptr_equal(crew->member.given[0], &crew->entries[0]);
    assert_ptr_equal(crew->member.given[1], &crew->entries[2]);
    worker_handle_answered(&crew->member, &crew->entries[1]);
    assert_int_equal(crew->member.given_count, 2);
}

static void who_owes_an_answer_is_working(void **state)
{
    AUTO_FREE struct crew *crew = make_crew();
    (void)state;
    assert_true(worker_handle_working(&crew->member));
    crew->member.state = WORKER_HANDLE_ENDED;
    assert_false(worker_handle_working(&crew->member));
    crew->member.state = WORKER_HANDLE_FINISHING;
    assert_true(worker_handle_working(&crew->member));
    crew->member.given_count = 0;
    assert_false(worker_handle_working(&crew->member));
}

static void trust_is_a_copy(void **state)
{
    AUTO_FREE struct crew *crew = make_crew();
    char directory[] = "/srv/";
    (void)state;
    crew->entries[0].directory = directory;
    crew->entries[0].uid = 7;
    assert_int_equal(worker_handle_set_trust(&crew->member, &crew->entries[0]), 0);
    directory[1] = 'X';
    assert_string_equal(crew->member.trust.directory, "/srv/");
    assert_int_equal(crew->member.trust.uid, 7);
    assert_true(crew->member.has_trust);
    free(crew->member.trust.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_is_found_by_its_number),
        cmocka_unit_test(a_guest_that_is_still_being_handed_over_cannot_be_answered_for),
        cmocka_unit_test(the_order_stays_when_one_is_answered),
        cmocka_unit_test(who_owes_an_answer_is_working),
        cmocka_unit_test(trust_is_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
