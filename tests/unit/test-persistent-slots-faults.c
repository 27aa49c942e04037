/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks that are held, appliances that fail, and what is not to be trusted.
 * test-persistent-slots-kills.c has commands that are killed. */
#include "lib/hosts.h"
#include "lib/persistent-slots-checks.h"

#include "base/clock.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SLOTS 4
#define NOT_LONG (CLOCK_SECOND / 5)

static int set_up(void **state)
{
    (void)state;
    return persistent_checks_begin(SLOTS);
}

static int tear_down(void **state)
{
    (void)state;
    return persistent_checks_end();
}

/* --- holding on --- */

static void a_disk_that_is_held_stays_unless_forced(void **state)
{
    (void)state;
    attach_disk(asked(1, "data", "/a"));
    fake_persistent_script(FAKE_RELEASE, FAKE_FAIL, 0);
    assert_not_detached(1, false, ERROR_REFUSED, "the script says: it is mounted");
    assert_image(1, "/a");
    assert_found("data", 1);
    assert_int_equal(persistent_slots_detach(command.disks, 1, true, NULL), 0);
    assert_image(1, NULL);
    assert_nameless("data");
}

static int attach_in_host(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    struct persistent_slots_request request = asked(1, NULL, "/b");
    unsigned slot;
    (void)data;
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(persistent_slots_attach(host.disks, &request, &slot, NULL) == 0);
    return 0;
}

static int detach_in_host(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    (void)data;
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(persistent_slots_detach(host.disks, 1, false, NULL) == 0);
    return 0;
}

/* The appliance stops at that point, and the command waits for it. */
static void assert_waits(host_work work, enum fake_point point)
{
    pid_t appliance = fake_persistent_machine()->pid;
    int status;
    fake_persistent_close(&command);
    fake_persistent_script(point, FAKE_PAUSE, 1);
    pid_t host = host_start(work, NULL);
    assert_int_equal(host_wait(appliance), HOST_STOPPED);
    usleep(30000);
    assert_int_equal(waitpid(host, &status, WNOHANG), 0);
    kill(appliance, SIGCONT);
    assert_int_equal(host_wait(host), HOST_DONE);
    next_command();
}

static void attach_returns_when_the_disk_has_its_name(void **state)
{
    (void)state;
    assert_waits(attach_in_host, FAKE_NAME);
    assert_image(1, "/b");
}

static void detach_returns_when_the_disk_is_gone_from_both_sides(void **state)
{
    static const enum fake_point points[] = {FAKE_RELEASE, FAKE_REMOVE, FAKE_GONE};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        attach_disk(asked(1, NULL, "/a"));
        assert_waits(detach_in_host, points[i]);
        assert_image(1, NULL);
    }
}

/* --- failures --- */

static void a_slot_stays_free_where_the_hypervisor_fails(void **state)
{
    static const enum fake_point points[] = {FAKE_ATTACH, FAKE_FILES, FAKE_NODE};
    static const char *const messages[] = {"the script says: the image is no good",
                                           "the script says: QEMU does not like the disk",
                                           "the script says: QEMU does not like the disk"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fake_persistent_script(points[i], FAKE_FAIL, 1);
        assert_not_attached(asked(1, "data", "/a"), ERROR_CORRUPT, messages[i]);
        assert_image(1, NULL);
    }
    attach_disk(asked(1, "data", "/a"));
}

static void a_disk_that_the_agent_refuses_is_taken_back(void **state)
{
    (void)state;
    fake_persistent_script(FAKE_NAME, FAKE_FAIL, 1);
    assert_not_attached(asked(1, "data", "/a"), ERROR_REFUSED, "the script says: no name");
    assert_true(fake_persistent_is_true(&command));
    attach_disk(asked(1, "data", "/b"));
    assert_image(1, "/b");
}

static void a_disk_that_is_never_announced_is_taken_back(void **state)
{
    unsigned asked_gone = atomic_load(&fake_script->calls[FAKE_GONE]);
    uint64_t begun = clock_now();
    (void)state;
    attach_disk(asked(0, NULL, "/other"));
    fake_persistent_script(FAKE_HOST_NAMES, FAKE_FAIL, 1);
    persistent_slots_set_patience(command.disks, NOT_LONG);
    assert_not_attached(asked(1, "data", "/a"), ERROR_TIMEOUT,
                        "no answer from the appliance in time");
    assert_true(clock_now() - begun < 10 * CLOCK_SECOND);
    assert_int_equal(atomic_load(&fake_script->calls[FAKE_GONE]), asked_gone);
    assert_image(1, NULL);
    assert_image(0, "/other");
    attach_disk(asked(1, "data", "/b"));
}

/* Otherwise a disk would be taken away that the guest has not let go of. */
static void a_late_answer_is_not_that_for_the_next_disk(void **state)
{
    pid_t appliance = fake_persistent_machine()->pid;
    (void)state;
    attach_disk(asked(0, NULL, "/a"));
    attach_disk(asked(1, NULL, "/b"));
    fake_persistent_script(FAKE_RELEASE, FAKE_PAUSE, 1);
    persistent_slots_set_patience(command.disks, NOT_LONG);
    assert_not_detached(1, false, ERROR_TIMEOUT, "no answer from the appliance in time");
    kill(appliance, SIGCONT);
    assert_not_detached(0, false, ERROR_TIMEOUT,
                        "the appliance has not answered what it was asked before");
    next_command();
    assert_image(0, "/a");
}

/* Wakes the appliance now and then. */
static _Noreturn void keep_waking(pid_t appliance)
{
    for (;;) {
        usleep(3 * NOT_LONG);
        kill(appliance, SIGCONT);
    }
}

/* More than the guest's memory may have to be written. */
static void a_disk_that_was_written_to_has_longer_to_be_released(void **state)
{
    pid_t appliance = fake_persistent_machine()->pid, waker = fork();
    struct persistent_slots_request request = asked(1, NULL, "/a");
    (void)state;
    if (waker == 0)
        keep_waking(appliance);
    request.mode = DISK_WRITABLE;
    attach_disk(request);
    fake_persistent_script(FAKE_RELEASE, FAKE_PAUSE, 1);
    persistent_slots_set_patience(command.disks, NOT_LONG);
    assert_int_equal(persistent_slots_detach(command.disks, 1, false, NULL), 0);
    kill(waker, SIGKILL);
    assert_int_equal(waitpid(waker, NULL, 0), waker);
    assert_image(1, NULL);
}

static void a_disk_that_does_not_go_is_an_error_and_the_next_command_s_duty(void **state)
{
    AUTO_ERROR error *err = NULL;
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_script(FAKE_REMOVE, FAKE_FAIL, 1);
    assert_int_equal(persistent_slots_detach_begin(command.disks, 1, false, NULL), 0);
    persistent_slots_set_patience(command.disks, NOT_LONG);
    assert_int_equal(persistent_slots_detach_end(command.disks, 1, &err), -1);
    assert_string_equal(error_message(err), "the appliance has not let go of the disk at slot 1");
    assert_int_equal(error_kind(err), ERROR_TIMEOUT);
    assert_image(1, NULL);

    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_script(FAKE_DETACH, FAKE_FAIL, 1);
    assert_not_detached(1, false, ERROR_APPLIANCE, "the script says: detach fails");
    assert_image(1, NULL);

    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_script(FAKE_GONE, FAKE_FAIL, 1);
    assert_not_detached(1, false, ERROR_APPLIANCE, "it does not go");
    assert_not_attached(asked(1, NULL, "/b"), ERROR_REFUSED, "slot 1 is being detached, not free");
    assert_image(1, NULL);
}

static void assert_no_command(const char *why)
{
    AUTO_ERROR error *err = NULL;
    fake_persistent_close(&command);
    assert_int_equal(fake_persistent_open(&command, &err), -1);
    assert_string_equal(error_message(err), why);
    assert_int_equal(error_kind(err), ERROR_APPLIANCE);
}

static void an_agent_that_lists_what_cannot_be_is_not_trusted(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_script(FAKE_LIST, FAKE_FAIL, 1);
    assert_no_command("the appliance cannot be trusted any more: its agent listed disks that "
                      "cannot be");
    next_command();
    assert_image(1, "/a");
}

static void a_hypervisor_that_does_not_tell_what_there_is_is_an_error(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_script(FAKE_INSPECT, FAKE_FAIL, 1);
    assert_no_command("the script says: inspect fails");
    next_command();
    assert_image(1, "/a");
}

static void an_appliance_that_dies_is_said_to_have_ended(void **state)
{
    static const enum fake_point attaching[] = {FAKE_APPEAR, FAKE_NAME},
                                 detaching[] = {FAKE_RELEASE, FAKE_REMOVE, FAKE_GONE};
    for (size_t i = 0; i < 5; i++) {
        attach_disk(asked(1, NULL, "/a"));
        fake_persistent_script(i < 2 ? attaching[i] : detaching[i - 2], FAKE_VANISH, 1);
        if (i < 2)
            assert_not_attached(asked(2, NULL, "/b"), ERROR_APPLIANCE, "the appliance has ended");
        else
            assert_not_detached(1, false, ERROR_APPLIANCE, "the appliance has ended");
        assert_no_command("there is no appliance");
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

/* --- what another has left --- */

/* A disk at slot 1 whose note is changed; it is not trusted, and taken away. */
static void assert_removed(const char *note)
{
    struct fake_held *held = &fake_persistent_machine()->held[1];
    attach_disk(asked(1, "data", "/a"));
    attach_disk(instead(asked(2, "other", "/b")));
    memcpy(held->record, note, strlen(note) + 1);
    next_command();
    assert_image(1, NULL);
    assert_image(2, "/b");
    attach_disk(asked(1, "data", "/a"));
    detach_disk(1);
}

static void a_disk_whose_note_is_none_is_removed(void **state)
{
    (void)state;
    assert_removed("");
    assert_removed("garbage");
    assert_removed("0000 ro data raw 4096");
    assert_removed("0000 ro data raw -1 /a");
    assert_removed("\xff\xfe\x01 %s%n");
}

static void a_disk_with_another_serial_than_its_note_s_is_removed(void **state)
{
    struct fake_held *held = &fake_persistent_machine()->held[1];
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    held->record[3] = held->record[3] == '0' ? '1' : '0';
    next_command();
    assert_image(1, NULL);
}

static void a_disk_without_a_note_is_removed(void **state)
{
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    fake_persistent_machine()->held[1].recorded = false;
    next_command();
    assert_image(1, NULL);
}

/* The hypervisor has no device any more, and perhaps files; the agent lists the disk still. */
static void a_disk_that_the_guest_still_sees_is_waited_for(void **state)
{
    struct fake_held *held = &fake_persistent_machine()->held[1];
    (void)state;
    attach_disk(asked(1, NULL, "/a"));
    for (unsigned i = 1; i <= 2; i++) {
        held->device = false;
        next_command();
        assert_null(persistent_slots_disk(command.disks, 1));
        assert_false(held->files);
        assert_int_equal(atomic_load(&fake_script->calls[FAKE_GONE]), i);
    }
    fake_persistent_script(FAKE_GONE, FAKE_FAIL, 1);
    assert_no_command("it does not go");
}

int main(int argc, char **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_disk_that_is_held_stays_unless_forced),
        T(attach_returns_when_the_disk_has_its_name),
        T(detach_returns_when_the_disk_is_gone_from_both_sides),
        T(a_slot_stays_free_where_the_hypervisor_fails),
        T(a_disk_that_the_agent_refuses_is_taken_back),
        T(a_disk_that_is_never_announced_is_taken_back),
        T(a_late_answer_is_not_that_for_the_next_disk),
        T(a_disk_that_was_written_to_has_longer_to_be_released),
        T(a_disk_that_does_not_go_is_an_error_and_the_next_command_s_duty),
        T(an_agent_that_lists_what_cannot_be_is_not_trusted),
        T(a_hypervisor_that_does_not_tell_what_there_is_is_an_error),
        T(an_appliance_that_dies_is_said_to_have_ended),
        T(a_disk_whose_note_is_none_is_removed),
        T(a_disk_with_another_serial_than_its_note_s_is_removed),
        T(a_disk_without_a_note_is_removed),
        T(a_disk_that_the_guest_still_sees_is_waited_for),
    };
    hosts_adopt();
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
