/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan/worker-handle.h"

#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct handle {
    struct guest guests[3];
    struct entry entries[3];
    struct worker_handle worker;
};

/* A worker with guests 10, 11 and 12. */
static struct handle *make_handle(void)
{
    struct handle *handle = calloc(1, sizeof *handle);
    assert_non_null(handle);
    for (size_t i = 0; i < 3; i++) {
        handle->guests[i].number = 10 + i;
        handle->entries[i].guest = &handle->guests[i];
        handle->worker.given[i] = &handle->entries[i];
    }
    handle->worker.given_count = 3;
    handle->worker.state = WORKER_HANDLE_READY;
    return handle;
}

static void a_guest_is_found_by_its_number(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        assert_ptr_equal(worker_handle_find(&handle->worker, 10 + i), &handle->entries[i]);
    assert_null(worker_handle_find(&handle->worker, 13));
}

static void a_guest_that_is_still_being_handed_over_cannot_be_answered_for(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    (void)state;
    handle->worker.handover.entry = &handle->entries[2];
    assert_null(worker_handle_find(&handle->worker, 12));
    assert_non_null(worker_handle_find(&handle->worker, 11));
    assert_int_equal(handle->worker.given_count, 3);
}

static void a_guest_whose_image_grows_is_sent_when_its_turn_has_come(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    (void)state;
    assert_false(worker_handle_sending(&handle->worker));
    handle->worker.handover.entry = &handle->entries[2];
    assert_true(worker_handle_sending(&handle->worker));
    handle->worker.handover.grows = true;
    assert_false(worker_handle_sending(&handle->worker));
    assert_int_equal(worker_handle_hand_over(&handle->worker), 0);
    assert_ptr_equal(handle->worker.handover.entry, &handle->entries[2]);
    worker_handle_answered(&handle->worker, &handle->entries[0]);
    assert_false(worker_handle_sending(&handle->worker));
    worker_handle_answered(&handle->worker, &handle->entries[1]);
    assert_true(worker_handle_sending(&handle->worker));
}

static void the_order_stays_when_one_is_answered(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    (void)state;
    worker_handle_answered(&handle->worker, &handle->entries[1]);
    assert_int_equal(handle->worker.given_count, 2);
    assert_ptr_equal(handle->worker.given[0], &handle->entries[0]);
    assert_ptr_equal(handle->worker.given[1], &handle->entries[2]);
    worker_handle_answered(&handle->worker, &handle->entries[1]);
    assert_int_equal(handle->worker.given_count, 2);
}

static void who_owes_an_answer_is_working(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    (void)state;
    assert_true(worker_handle_working(&handle->worker));
    handle->worker.state = WORKER_HANDLE_ENDED;
    assert_false(worker_handle_working(&handle->worker));
    handle->worker.state = WORKER_HANDLE_FINISHING;
    assert_true(worker_handle_working(&handle->worker));
    handle->worker.given_count = 0;
    assert_false(worker_handle_working(&handle->worker));
}

static void trust_is_a_copy(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    char directory[] = "/srv/";
    (void)state;
    handle->entries[0].directory = directory;
    handle->entries[0].uid = 7;
    assert_int_equal(worker_handle_set_trust(&handle->worker, &handle->entries[0]), 0);
    directory[1] = 'X';
    assert_string_equal(handle->worker.trust.directory, "/srv/");
    assert_int_equal(handle->worker.trust.uid, 7);
    assert_true(handle->worker.has_trust);
    free(handle->worker.trust.directory);
}

static void the_first_event_stays(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    struct worker_handle *worker = &handle->worker;
    (void)state;
    assert_true(worker_handle_undisturbed(worker));
    worker_handle_raise_guest(worker, &handle->entries[0], STATUS_TIMEOUT, "late");
    worker_handle_raise(worker, WORKER_EVENT_VANISHED, "gone");
    worker_handle_raise_guest(worker, &handle->entries[1], STATUS_CRASHED, "dead");
    assert_false(worker_handle_undisturbed(worker));
    assert_int_equal(worker->event.kind, WORKER_EVENT_GUEST);
    assert_ptr_equal(worker->event.guest, &handle->entries[0]);
    assert_int_equal(worker->event.status, STATUS_TIMEOUT);
    assert_string_equal(worker->event.why, "late");
}

static void a_turn_begins_once_and_earlier_by_the_connecting(void **state)
{
    AUTO_FREE struct handle *handle = make_handle();
    struct entry *first = handle->worker.given[0];
    (void)state;
    assert_int_equal(worker_handle_since_turn(first), 0);
    first->connecting = 5 * CLOCK_SECOND;
    worker_handle_begin_turn(&handle->worker);
    uint64_t turn = first->turn;
    assert_true(worker_handle_since_turn(first) >= 5 * CLOCK_SECOND);
    worker_handle_begin_turn(&handle->worker);
    assert_int_equal(first->turn, turn);
    assert_int_equal(handle->worker.given[1]->turn, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_is_found_by_its_number),
        cmocka_unit_test(a_guest_that_is_still_being_handed_over_cannot_be_answered_for),
        cmocka_unit_test(a_guest_whose_image_grows_is_sent_when_its_turn_has_come),
        cmocka_unit_test(the_order_stays_when_one_is_answered),
        cmocka_unit_test(who_owes_an_answer_is_working),
        cmocka_unit_test(trust_is_a_copy),
        cmocka_unit_test(the_first_event_stays),
        cmocka_unit_test(a_turn_begins_once_and_earlier_by_the_connecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
