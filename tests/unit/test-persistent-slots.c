/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots, what is in them and what it is called. test-persistent-slots-faults.c and
 * test-persistent-slots-kills.c have what can go wrong. */
#include "lib/hosts.h"
#include "lib/persistent-slots-checks.h"

#include "base/clock.h"
#include "base/drive-name.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SLOTS 4

static unsigned seed;

static int set_up(void **state)
{
    (void)state;
    return persistent_checks_begin(SLOTS);
}

static int set_up_all(void **state)
{
    (void)state;
    return persistent_checks_begin(SLOT_COUNT);
}

static int tear_down(void **state)
{
    (void)state;
    return persistent_checks_end();
}

/* --- slots --- */

static void a_new_appliance_has_free_slots_and_no_others(void **state)
{
    (void)state;
    assert_int_equal(persistent_slots_settings(command.disks)->slots, SLOTS);
    for (unsigned slot = 0; slot <= SLOT_COUNT + 1; slot++)
        assert_null(persistent_slots_disk(command.disks, slot));
    assert_true(fake_persistent_is_true(&command));
}

static void a_disk_goes_to_the_lowest_free_slot(void **state)
{
    (void)state;
    assert_int_equal(attach_disk(asked(1, NULL, "/b")), 1);
    assert_int_equal(attach_disk(asked(-1, NULL, "/a")), 0);
    assert_int_equal(attach_disk(asked(-1, NULL, "/c")), 2);
    detach_disk(1);
    assert_image(2, "/c");
    assert_int_equal(attach_disk(asked(-1, NULL, "/again")), 1);
    assert_int_equal(attach_disk(asked(-1, NULL, "/d")), 3);
    assert_not_attached(asked(-1, NULL, "/e"), ERROR_REFUSED, "no slot is free (there are 4)");
    assert_image(1, "/again");
}

static void a_disk_is_what_was_asked_for(void **state)
{
    struct persistent_slots_request request = asked(3, "data", "/images/ö %41\n.img");
    (void)state;
    request.mode = DISK_WRITABLE;
    attach_disk(request);
    assert_image(3, "/images/ö %41\n.img");
    const struct disk_record *note = persistent_slots_disk(command.disks, 3);
    assert_string_equal(note->label, "data");
    assert_true(note->mode == DISK_WRITABLE && fake_persistent_machine()->held[3].writable);
    assert_int_equal(note->size, request.chain->size);
    assert_int_equal(note->format, IMAGE_RAW);
    attach_disk(asked(2, NULL, "/read-only"));
    assert_false(persistent_slots_disk(command.disks, 2)->mode != DISK_READ_ONLY ||
                 fake_persistent_machine()->held[2].writable);
}

static void a_slot_that_is_not_reserved_is_an_error_that_says_which_are(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    assert_not_attached(asked(4, NULL, "/b"), ERROR_REFUSED,
                        "slot 4 is not reserved (slots 0-3 are)");
    assert_not_attached(instead(asked(255, NULL, "/b")), ERROR_REFUSED,
                        "slot 255 is not reserved (slots 0-3 are)");
    assert_not_found("4", "slot 4 is not reserved (slots 0-3 are)");
    assert_not_found("/dev/sdzz", "slot 701 is not reserved (slots 0-3 are)");
    assert_not_detached(4, false, ERROR_REFUSED, "there is no disk at slot 4");
    assert_not_detached(255, true, ERROR_REFUSED, "there is no disk at slot 255");
    assert_image(1, "/a");
}

static void an_occupied_slot_is_an_error(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    assert_not_attached(asked(1, NULL, "/b"), ERROR_REFUSED, "slot 1 is attached, not free");
    assert_image(1, "/a");
}

static void several_can_go_at_once_and_are_waited_for_in_any_order(void **state)
{
    (void)state;
    for (int slot = 0; slot < 4; slot++)
        attach_disk(asked(slot, NULL, "/a"));
    for (unsigned slot = 0; slot < 3; slot++)
        assert_int_equal(persistent_slots_detach_begin(command.disks, slot, false, NULL), 0);
    assert_not_detached(1, false, ERROR_REFUSED, "there is no disk at slot 1");
    for (unsigned slot = 3; slot-- > 0;)
        assert_int_equal(persistent_slots_detach_end(command.disks, slot, NULL), 0);
    for (unsigned slot = 0; slot < 3; slot++)
        assert_image(slot, NULL);
    assert_image(3, "/a");
    attach_disk(asked(1, NULL, "/b"));
    assert_image(1, "/b");
}

static void nothing_can_be_detached_from_a_free_slot(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    assert_not_detached(0, false, ERROR_REFUSED, "there is no disk at slot 0");
    assert_not_detached(0, true, ERROR_REFUSED, "there is no disk at slot 0");
    detach_disk(1);
    assert_not_detached(1, false, ERROR_REFUSED, "there is no disk at slot 1");
    assert_image(1, NULL);
}

static void shuffle(unsigned order[SLOT_COUNT])
{
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        order[i] = i;
    for (unsigned i = SLOT_COUNT; i-- > 1;) {
        unsigned other = (unsigned)rand() % (i + 1), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static void all_slots_are_filled_and_emptied_in_any_order_and_filled_again(void **state)
{
    unsigned order[SLOT_COUNT];
    char name[DRIVE_NAME_MAX];
    (void)state;
    print_message("SEED=%u\n", seed);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        assert_int_equal(attach_disk(asked(-1, NULL, drive_name(slot, name))), slot);
    assert_not_attached(asked(-1, NULL, "/b"), ERROR_REFUSED, "no slot is free (there are 255)");
    next_command();
    shuffle(order);
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        assert_string_equal(persistent_slots_disk(command.disks, order[i])->image,
                            drive_name(order[i], name));
        detach_disk(order[i]);
        assert_null(persistent_slots_disk(command.disks, order[i]));
    }
    assert_image(0, NULL);
    shuffle(order);
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        attach_disk(asked((int)order[i], NULL, drive_name(order[i], name)));
    next_command();
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        assert_string_equal(persistent_slots_disk(command.disks, slot)->image,
                            drive_name(slot, name));
    assert_image(254, "sdiu");
}

/* --- replacing --- */

static void a_disk_is_replaced(void **state)
{
    (void)state;
    attach_disk(asked(1, "old", "/a"));
    attach_disk(instead(asked(1, "new", "/b")));
    assert_image(1, "/b");
    assert_nameless("old");
    attach_disk(
        instead(asked(1, "new", "/c"))); /* the label goes with the old disk, and comes back */
    assert_found("new", 1);
    attach_disk(instead(asked(2, NULL, "/d"))); /* where there is nothing */
    assert_image(1, "/c");
    assert_image(2, "/d");
}

static void a_disk_that_is_held_is_not_replaced(void **state)
{
    (void)state;
    attach_disk(asked(1, "data", "/a"));
    fake_persistent_script(FAKE_RELEASE, FAKE_FAIL, 1);
    assert_not_attached(instead(asked(1, NULL, "/b")), ERROR_REFUSED,
                        "the script says: it is mounted");
    assert_image(1, "/a");
    assert_found("data", 1);
}

static void a_disk_stays_where_what_should_replace_it_may_not_be(void **state)
{
    (void)state;
    attach_disk(asked(0, "data", "/a"));
    attach_disk(asked(1, NULL, "/b"));
    assert_not_attached(instead(asked(1, "data", "/c")), ERROR_REFUSED,
                        "the label data is that of the disk at slot 0");
    assert_image(1, "/b");
}

static void without_a_slot_nothing_is_replaced(void **state)
{
    (void)state;
    for (int slot = 0; slot < SLOTS; slot++)
        attach_disk(asked(slot, NULL, "/a"));
    assert_not_attached(instead(asked(-1, NULL, "/b")), ERROR_REFUSED,
                        "no slot is free (there are 4)");
    assert_image(0, "/a");
}

static void a_slot_is_free_where_the_disk_that_replaces_another_fails(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_script(FAKE_NODE, FAKE_FAIL, 1);
    assert_not_attached(instead(asked(1, NULL, "/b")), ERROR_CORRUPT,
                        "the script says: QEMU does not like the disk");
    assert_image(1, NULL);
    attach_disk(asked(1, NULL, "/c"));
}

/* --- null drives --- */

static void a_null_drive_reserves_its_slot_for_another_disk(void **state)
{
    (void)state;
    attach_disk(null_drive(1));
    assert_image(1, "/dev/null");
    attach_disk(asked(1, NULL, "/a"));
    assert_image(1, "/a");
    assert_not_attached(asked(1, NULL, "/b"), ERROR_REFUSED, "slot 1 is attached, not free");
    attach_disk(asked(2, "data", "/dev/null"));
    attach_disk(asked(2, "data", "/c")); /* its label is free with it */
    assert_image(2, "/c");
}

static void null_drives_give_way_from_the_lowest_when_no_slot_is_free(void **state)
{
    (void)state;
    attach_disk(null_drive(1));
    attach_disk(null_drive(2));
    assert_int_equal(attach_disk(asked(-1, NULL, "/a")), 0);
    assert_int_equal(attach_disk(asked(-1, NULL, "/b")), 3);
    assert_not_attached(asked(-1, "none", "/dev/null"), ERROR_REFUSED,
                        "no slot is free (there are 4)");
    assert_int_equal(attach_disk(asked(-1, NULL, "/c")), 1);
    assert_int_equal(attach_disk(asked(-1, NULL, "/d")), 2);
    assert_not_attached(asked(-1, NULL, "/e"), ERROR_REFUSED, "no slot is free (there are 4)");
    assert_image(1, "/c");
}

static void a_null_drive_does_not_give_way_to_another(void **state)
{
    (void)state;
    attach_disk(null_drive(1));
    assert_not_attached(null_drive(1), ERROR_REFUSED, "slot 1 is attached, not free");
    attach_disk(instead(asked(1, "data", "/dev/null")));
    assert_found("data", 1);
}

static void a_null_drive_that_is_written_to_stays(void **state)
{
    struct persistent_slots_request scratch = null_drive(1);
    (void)state;
    scratch.mode = DISK_WRITABLE;
    attach_disk(scratch);
    assert_not_attached(asked(1, NULL, "/a"), ERROR_REFUSED, "slot 1 is attached, not free");
    assert_image(1, "/dev/null");
}

static void a_null_drive_that_is_held_stays(void **state)
{
    (void)state;
    attach_disk(null_drive(1));
    fake_persistent_script(FAKE_RELEASE, FAKE_FAIL, 1);
    assert_not_attached(asked(1, NULL, "/a"), ERROR_REFUSED, "the script says: it is mounted");
    assert_image(1, "/dev/null");
}

/* --- names --- */

static void a_label_is_unique(void **state)
{
    (void)state;
    attach_disk(asked(1, "data", "/a"));
    assert_not_attached(asked(-1, "data", "/b"), ERROR_REFUSED,
                        "the label data is that of the disk at slot 1");
    assert_not_attached(asked(2, "data", "/b"), ERROR_REFUSED,
                        "the label data is that of the disk at slot 1");
    assert_int_equal(attach_disk(asked(-1, "Data", "/b")), 0);
    assert_image(2, NULL);
    assert_found("data", 1);
}

static void a_label_that_only_the_agent_knows_is_unique_too(void **state)
{
    (void)state;
    attach_disk(asked(1, "data", "/a"));
    char *label = strstr(fake_persistent_machine()->held[1].record, "data");
    assert_non_null(label);
    *label = 'D';
    next_command();
    assert_not_attached(asked(2, "data", "/b"), ERROR_REFUSED, "another disk has that label");
    assert_null(persistent_slots_disk(command.disks, 2));
    *label = 'd';
    assert_image(2, NULL);
    attach_disk(asked(2, "other", "/b"));
}

static void a_label_can_be_used_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(attach_disk(asked(i % SLOTS, "data", "/a")), i % SLOTS);
        assert_found("data", i % SLOTS);
        if (i % 10 == 0)
            next_command();
        detach_disk((unsigned)(i % SLOTS));
    }
    assert_image(0, NULL);
    assert_nameless("data");
}

static void a_disk_is_found_by_its_slot_its_device_or_its_label(void **state)
{
    (void)state;
    attach_disk(asked(2, "data", "/a"));
    for (int i = 0; i < 2; i++) {
        assert_found("2", 2);
        assert_found("sdc", 2);
        assert_found("/dev/sdc", 2);
        assert_found("data", 2);
        assert_found("0", 0); /* a slot can be named before it has a disk */
        assert_found("/dev/sdd", 3);
        next_command();
    }
}

static void what_is_no_name_is_not_found(void **state)
{
    static const char *const words[] = {"",
                                        "-1",
                                        "2 ",
                                        " 2",
                                        "0x2",
                                        "1e0",
                                        "+1",
                                        "2,3",
                                        "Sdc",
                                        "sd",
                                        "/dev/",
                                        "dev/sdc",
                                        "sdc1",
                                        "sdc ",
                                        "/sdc",
                                        "Data",
                                        "dat",
                                        "/dev/vda",
                                        "rootdrive",
                                        "/dev/rootdrive",
                                        "99999999999999999999",
                                        "sdzzzzzzzzzz"};
    AUTO_FREE char *expected = NULL;
    (void)state;
    attach_disk(asked(2, "data", "/a"));
    attach_disk(asked(1, NULL, "/b")); /* whose label is not "" */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        free(expected);
        assert_true(asprintf(&expected, "\"%s\" is no slot, no device of one, and no disk's label",
                             words[i]) > 0);
        assert_not_found(words[i], expected);
    }
}

static void the_hidden_drive_is_no_slot(void **state)
{
    static const char *const words[] = {"255", "sdiv", "/dev/sdiv"};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_not_found(words[i], "slot 255 is not reserved (slots 0-254 are)");
    assert_found("254", 254);
    assert_found("sdiu", 254);
    assert_not_attached(asked(255, NULL, "/a"), ERROR_REFUSED,
                        "slot 255 is not reserved (slots 0-254 are)");
    assert_not_detached(255, true, ERROR_REFUSED, "there is no disk at slot 255");
    assert_not_found("rootdrive",
                     "\"rootdrive\" is no slot, no device of one, and no disk's label");
}

int main(int argc, char **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define ALL(test) cmocka_unit_test_setup_teardown(test, set_up_all, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_new_appliance_has_free_slots_and_no_others),
        T(a_disk_goes_to_the_lowest_free_slot),
        T(a_disk_is_what_was_asked_for),
        T(a_slot_that_is_not_reserved_is_an_error_that_says_which_are),
        T(an_occupied_slot_is_an_error),
        T(several_can_go_at_once_and_are_waited_for_in_any_order),
        T(nothing_can_be_detached_from_a_free_slot),
        ALL(all_slots_are_filled_and_emptied_in_any_order_and_filled_again),
        T(a_disk_is_replaced),
        T(a_disk_that_is_held_is_not_replaced),
        T(a_disk_stays_where_what_should_replace_it_may_not_be),
        T(without_a_slot_nothing_is_replaced),
        T(a_slot_is_free_where_the_disk_that_replaces_another_fails),
        T(a_null_drive_reserves_its_slot_for_another_disk),
        T(null_drives_give_way_from_the_lowest_when_no_slot_is_free),
        T(a_null_drive_does_not_give_way_to_another),
        T(a_null_drive_that_is_written_to_stays),
        T(a_null_drive_that_is_held_stays),
        T(a_label_is_unique),
        T(a_label_that_only_the_agent_knows_is_unique_too),
        T(a_label_can_be_used_again_and_again),
        T(a_disk_is_found_by_its_slot_its_device_or_its_label),
        T(what_is_no_name_is_not_found),
        ALL(the_hidden_drive_is_no_slot),
    };
    const char *given = getenv("SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_now();
    srand(seed);
    hosts_adopt();
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
