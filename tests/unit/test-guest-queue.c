/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan/guest-queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static struct guest *make_guest(uint64_t number, size_t images, const char *directory)
{
    struct guest *guest = guest_new(number);
    char path[64];
    assert_non_null(guest);
    for (size_t i = 0; i < images; i++) {
        snprintf(path, sizeof path, "%s%ju", directory, (uintmax_t)number);
        assert_int_equal(guest_add_image(guest, path, strlen(path), IMAGE_RAW, 0, NULL), 0);
    }
    return guest;
}

static struct entry *add_owned(guest_queue *w, uint64_t number, uid_t uid, const char *directory)
{
    struct entry *entry = guest_queue_add(w, make_guest(number, 1, directory));
    assert_non_null(entry);
    assert_int_equal(guest_queue_set_owner(entry, 0, uid, uid), 0);
    return entry;
}

static void fill(guest_queue *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_owned(w, i, 1, "/d/");
}

static void the_window_has_an_end(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    assert_true(guest_queue_empty(w));
    fill(w, GUEST_QUEUE_WINDOW - 1);
    assert_false(guest_queue_full(w));
    add_owned(w, GUEST_QUEUE_WINDOW, 1, "");
    assert_true(guest_queue_full(w));
    assert_int_equal(guest_queue_waiting(w), GUEST_QUEUE_WINDOW);
    assert_null(guest_queue_add(w, make_guest(9999, 1, ""))); /* and the guest is freed */
    guest_queue_free(w);
}

static struct guest *make_long_guest(uint64_t number)
{
    static char path[8000];
    struct guest *guest = guest_new(number);
    memset(path, 'x', sizeof path);
    assert_non_null(guest);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(guest_add_image(guest, path, sizeof path, IMAGE_RAW, 0, NULL), 0);
    return guest;
}

static void long_names_have_a_budget(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    unsigned count = 0;
    (void)state;
    for (; !guest_queue_full(w); count++)
        assert_non_null(guest_queue_add(w, make_long_guest(count)));
    assert_in_range(count, 30, GUEST_QUEUE_BYTES / (SLOT_COUNT * 8000) + 1);
    guest_queue_refuse(w, guest_queue_next(w, NULL, SLOT_COUNT), STATUS_EMPTY, "why", 0);
    guest_queue_pop(w);
    assert_false(guest_queue_full(w));
    guest_queue_free(w);
}

static void answer_at_length(guest_queue *w, struct entry *entry)
{
    guest_queue_take(w, entry);
    entry->answer.bytes = 1 << 20;
    guest_queue_answer(w, entry, 0);
}

static void long_answers_have_a_budget(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    fill(w, 200);
    struct entry *first = guest_queue_next(w, NULL, 1), *next;
    unsigned answered = 0;
    guest_queue_take(w, first);
    for (; (next = guest_queue_next(w, NULL, 1)); answered++)
        answer_at_length(w, next);
    assert_int_equal(answered, 65);
    assert_true(guest_queue_full(w));
    /* The one that they wait for may have to begin again. */
    guest_queue_give_back(w, &first, 1);
    assert_ptr_equal(guest_queue_next(w, NULL, 1), first);
    assert_true(guest_queue_is_first(w, first));
    answer_at_length(w, first);
    assert_null(guest_queue_next(w, NULL, 1));
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(guest_queue_front(w));
        guest_queue_pop(w);
    }
    assert_false(guest_queue_full(w));
    assert_non_null(guest_queue_next(w, NULL, 1));
    guest_queue_free(w);
}

static void the_window_goes_round(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    for (unsigned i = 0; i < 2 * GUEST_QUEUE_WINDOW + 5; i++) {
        struct entry *entry = add_owned(w, i, 1, "");
        assert_ptr_equal(guest_queue_next(w, NULL, 1), entry);
        guest_queue_take(w, entry);
        guest_queue_refuse(w, entry, STATUS_EMPTY, "why", 0);
        assert_int_equal(guest_queue_front(w)->guest->number, i);
        guest_queue_pop(w);
        assert_true(guest_queue_empty(w));
    }
    guest_queue_free(w);
}

/* valgrind 3.19 has no pidfd_open, without which there are no connections. */
static void needs_pidfds(void)
{
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (fd < 0)
        skip();
    close(fd);
}

static struct entry *add_far(guest_queue *w, uint64_t number)
{
    static const char uri[] = "nbd+unix:///?socket=/nonexistent/socket";
    struct guest *guest = guest_new(number);
    assert_int_equal(guest_add_image(guest, uri, sizeof uri - 1, IMAGE_RAW, 0, NULL), 0);
    return guest_queue_add(w, guest);
}

static void open_far(guest_queue *w, struct entry *entry)
{
    static const struct sandbox nobody_else;
    static const struct remote_means means = {&nobody_else, "/tmp", -1};
    remote *connections = remote_start(entry->guest, &means, NULL);
    assert_non_null(connections);
    guest_queue_open(w, entry, connections);
    assert_true(guest_queue_owns(w, remote_pid(connections)));
}

static void what_is_elsewhere_waits_when_it_has_been_looked_at(void **state)
{
    needs_pidfds();
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    struct entry *near = add_owned(w, 0, 1, ""), *far = add_far(w, 1), *other = add_far(w, 2);
    assert_int_equal(guest_queue_waiting(w), 1);
    assert_ptr_equal(guest_queue_find(w, ENTRY_FAR, NULL), far);
    assert_ptr_equal(guest_queue_find(w, ENTRY_FAR, far), other);
    assert_null(guest_queue_find(w, ENTRY_FAR, other));
    assert_null(guest_queue_find(w, ENTRY_OPENING, NULL));
    open_far(w, far);
    assert_ptr_equal(guest_queue_find(w, ENTRY_OPENING, NULL), far);
    assert_ptr_equal(guest_queue_find(w, ENTRY_FAR, NULL), other);
    assert_int_equal(guest_queue_connections(w), 1);
    guest_queue_take(w, guest_queue_next(w, NULL, 1));
    assert_null(guest_queue_next(w, NULL, 1));
    guest_queue_opened(w, far);
    assert_ptr_equal(guest_queue_next(w, NULL, 1), far); /* although the search was behind it */
    assert_int_equal(guest_queue_waiting(w), 1);
    assert_false(guest_queue_may_share(w, near, far));
    assert_false(guest_queue_may_share(w, far, other));
    assert_true(guest_queue_may_share(w, far, far));
    guest_queue_free(w);
}

static struct entry *add_live(guest_queue *w, uint64_t number, const char *uuid)
{
    struct entry *entry = add_far(w, number);
    entry->guest->live = true;
    snprintf(entry->guest->uuid, sizeof entry->guest->uuid, "%s", uuid);
    return entry;
}

/* The others would wait for it with their clocks running. */
static void a_guest_has_one_backup_at_a_time(void **state)
{
    needs_pidfds();
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    assert_null(guest_queue_next_far(w));
    struct entry *one = add_live(w, 1, "a"), *again = add_live(w, 2, "a"),
                 *other = add_live(w, 3, "b"), *far = add_far(w, 4);
    assert_ptr_equal(guest_queue_next_far(w), one);
    open_far(w, one);
    assert_ptr_equal(guest_queue_next_far(w), other);
    open_far(w, other);
    assert_ptr_equal(guest_queue_next_far(w), far);
    guest_queue_opened(w, one);
    guest_queue_take(w, one);
    assert_ptr_equal(guest_queue_next_far(w), far); /* it is being read */
    guest_queue_refuse(w, one, STATUS_TIMEOUT, "", 0);
    assert_ptr_equal(guest_queue_next_far(w), again);
    guest_queue_free(w);
}

static void what_is_opened_with_a_key_shares_with_nobody(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    struct entry *plain = add_owned(w, 0, 1, ""), *sealed = add_owned(w, 1, 1, "");
    assert_true(guest_queue_may_share(w, plain, sealed));
    sealed->sealed = true;
    assert_false(guest_queue_may_share(w, plain, sealed));
    assert_false(guest_queue_may_share(w, sealed, plain));
    assert_true(guest_queue_may_share(w, sealed, sealed));
    guest_queue_free(w);
}

static void what_is_elsewhere_is_connected_anew_for_every_appliance(void **state)
{
    needs_pidfds();
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    struct entry *far = add_far(w, 1);
    open_far(w, far);
    pid_t pid = remote_pid(far->connections);
    guest_queue_opened(w, far);
    guest_queue_take(w, far);
    assert_int_equal(guest_queue_put_back(w, &far, 1, false), 0);
    assert_int_equal(far->state, ENTRY_FAR);
    assert_null(far->connections);
    assert_false(guest_queue_owns(w, pid));
    assert_int_equal(guest_queue_connections(w), 0);
    assert_int_equal(guest_queue_waiting(w), 0);
    open_far(w, far);
    guest_queue_refuse(w, far, STATUS_TIMEOUT, "late", 0);
    assert_int_equal(guest_queue_connections(w), 0);
    assert_int_equal(guest_queue_waiting(w), 0);
    guest_queue_pop(w);
    assert_null(guest_queue_find(w, ENTRY_FAR, NULL));
    guest_queue_free(w);
}

static void guests_are_taken_from_the_oldest_on(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    fill(w, 3);
    for (unsigned i = 0; i < 3; i++) {
        struct entry *entry = guest_queue_next(w, NULL, SLOT_COUNT);
        assert_int_equal(entry->guest->number, i);
        guest_queue_take(w, entry);
        assert_int_equal(guest_queue_waiting(w), 2 - i);
    }
    assert_null(guest_queue_next(w, NULL, SLOT_COUNT));
    guest_queue_free(w);
}

static void answers_leave_in_the_order_of_the_list(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entries[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        entries[i] = add_owned(w, i, 1, "");
        guest_queue_take(w, entries[i]);
    }
    guest_queue_refuse(w, entries[2], STATUS_EMPTY, "", 0);
    assert_null(guest_queue_front(w));
    guest_queue_refuse(w, entries[0], STATUS_EMPTY, "", 0);
    assert_int_equal(guest_queue_front(w)->guest->number, 0);
    guest_queue_pop(w);
    assert_null(guest_queue_front(w));
    guest_queue_refuse(w, entries[1], STATUS_EMPTY, "", 0);
    assert_int_equal(guest_queue_front(w)->guest->number, 1);
    guest_queue_pop(w);
    assert_int_equal(guest_queue_front(w)->guest->number, 2);
    guest_queue_pop(w);
    assert_true(guest_queue_empty(w));
    guest_queue_free(w);
}

static void free_content(void *content)
{
    *(bool *)content = true;
}

static void an_answer_is_kept_until_it_is_popped(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entry = add_owned(w, 0, 1, "");
    bool freed = false;
    (void)state;
    guest_queue_take(w, entry);
    entry->answer = (struct question_answer){.status = STATUS_CORRUPT,
                                             .message = strdup("why"),
                                             .message_length = 3,
                                             .content = &freed,
                                             .free_content = free_content};
    guest_queue_answer(w, entry, 42);
    assert_int_equal(guest_queue_front(w)->answer.status, STATUS_CORRUPT);
    assert_int_equal(guest_queue_front(w)->elapsed, 42);
    assert_int_equal(guest_queue_waiting(w), 0);
    assert_false(freed);
    guest_queue_pop(w);
    assert_true(freed);
    guest_queue_free(w);
}

static void one_that_waits_can_be_refused(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    guest_queue_refuse(w, add_owned(w, 0, 1, ""), STATUS_REFUSED, "why", 0);
    assert_int_equal(guest_queue_waiting(w), 0);
    assert_memory_equal(guest_queue_front(w)->answer.message, "why", 3);
    assert_null(guest_queue_next(w, NULL, 1));
    guest_queue_free(w);
}

static void a_long_message_is_cut(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    char message[2 * MAX_MESSAGE];
    (void)state;
    memset(message, 'm', sizeof message);
    message[sizeof message - 1] = 0;
    guest_queue_refuse(w, add_owned(w, 0, 1, ""), STATUS_REFUSED, message, 0);
    assert_int_equal(guest_queue_front(w)->answer.message_length, MAX_MESSAGE);
    guest_queue_free(w);
}

static void a_guest_with_too_many_images_is_passed_over(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    guest_queue_add(w, make_guest(0, 3, ""));
    guest_queue_add(w, make_guest(1, 2, ""));
    assert_int_equal(guest_queue_next(w, NULL, 2)->guest->number, 1);
    assert_int_equal(guest_queue_next(w, NULL, 3)->guest->number, 0);
    assert_null(guest_queue_next(w, NULL, 1));
    guest_queue_free(w);
}

/* Guests a, b of one owner and directory; c of another owner; d of another directory. */
static void check_isolation(enum isolation isolation, bool same, bool owner, bool directory)
{
    guest_queue *w = guest_queue_new(isolation);
    struct entry *a = add_owned(w, 0, 1, "/x/"), *b = add_owned(w, 1, 1, "/x/"),
                 *c = add_owned(w, 2, 2, "/x/"), *d = add_owned(w, 3, 1, "/y/");
    assert_int_equal(guest_queue_may_share(w, a, b), same);
    assert_int_equal(guest_queue_may_share(w, a, c), owner);
    assert_int_equal(guest_queue_may_share(w, a, d), directory);
    assert_true(guest_queue_may_share(w, a, a));
    guest_queue_free(w);
}

static void without_isolation_all_share(void **state)
{
    (void)state;
    check_isolation(ISOLATE_NONE, true, true, true);
}

static void owners_do_not_share(void **state)
{
    (void)state;
    check_isolation(ISOLATE_OWNER, true, false, true);
}

static void directories_do_not_share(void **state)
{
    (void)state;
    check_isolation(ISOLATE_DIRECTORY, true, false, false);
}

static void guests_do_not_share(void **state)
{
    (void)state;
    check_isolation(ISOLATE_GUEST, false, false, false);
}

static void groups_count_as_owners(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_OWNER);
    struct entry *a = add_owned(w, 0, 1, ""), *b = guest_queue_add(w, make_guest(1, 1, ""));
    (void)state;
    assert_int_equal(guest_queue_set_owner(b, 0, 1, 2), 0);
    assert_false(guest_queue_may_share(w, a, b));
    guest_queue_free(w);
}

static void a_guest_of_several_owners_shares_with_nobody(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_OWNER);
    struct entry *mixed[2], *plain = add_owned(w, 9, 1, "");
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        mixed[i] = guest_queue_add(w, make_guest(i, 2, ""));
        guest_queue_set_owner(mixed[i], 0, 1, 1);
        assert_false(mixed[i]->mixed);
        guest_queue_set_owner(mixed[i], 1, 2, 2);
        assert_true(mixed[i]->mixed);
    }
    assert_false(guest_queue_may_share(w, mixed[0], plain));
    assert_false(guest_queue_may_share(w, plain, mixed[0]));
    assert_false(guest_queue_may_share(w, mixed[0], mixed[1]));
    guest_queue_free(w);
}

static void several_directories_matter_only_where_directories_count(void **state)
{
    static const enum isolation isolations[] = {ISOLATE_OWNER, ISOLATE_DIRECTORY};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        guest_queue *w = guest_queue_new(isolations[i]);
        struct entry *plain = add_owned(w, 0, 1, "a/"),
                     *wide = guest_queue_add(w, make_guest(1, 2, "a/"));
        guest_queue_set_owner(wide, 0, plain->uid, plain->gid);
        free(wide->guest->images[1].path);
        wide->guest->images[1].path = strdup("b/x");
        guest_queue_set_owner(wide, 1, plain->uid, plain->gid);
        assert_int_equal(guest_queue_may_share(w, plain, wide), isolations[i] == ISOLATE_OWNER);
        guest_queue_free(w);
    }
}

static void the_next_is_one_that_may_share(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_OWNER);
    struct entry *first = add_owned(w, 0, 1, "");
    (void)state;
    add_owned(w, 1, 2, "");
    add_owned(w, 2, 1, "");
    guest_queue_take(w, first);
    assert_int_equal(guest_queue_next(w, first, 1)->guest->number, 2);
    assert_int_equal(guest_queue_next(w, NULL, 1)->guest->number, 1);
    guest_queue_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_has_an_end),
        cmocka_unit_test(long_names_have_a_budget),
        cmocka_unit_test(long_answers_have_a_budget),
        cmocka_unit_test(the_window_goes_round),
        cmocka_unit_test(what_is_elsewhere_waits_when_it_has_been_looked_at),
        cmocka_unit_test(a_guest_has_one_backup_at_a_time),
        cmocka_unit_test(what_is_opened_with_a_key_shares_with_nobody),
        cmocka_unit_test(what_is_elsewhere_is_connected_anew_for_every_appliance),
        cmocka_unit_test(guests_are_taken_from_the_oldest_on),
        cmocka_unit_test(answers_leave_in_the_order_of_the_list),
        cmocka_unit_test(an_answer_is_kept_until_it_is_popped),
        cmocka_unit_test(one_that_waits_can_be_refused),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(a_guest_with_too_many_images_is_passed_over),
        cmocka_unit_test(without_isolation_all_share),
        cmocka_unit_test(owners_do_not_share),
        cmocka_unit_test(directories_do_not_share),
        cmocka_unit_test(guests_do_not_share),
        cmocka_unit_test(groups_count_as_owners),
        cmocka_unit_test(a_guest_of_several_owners_shares_with_nobody),
        cmocka_unit_test(several_directories_matter_only_where_directories_count),
        cmocka_unit_test(the_next_is_one_that_may_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
