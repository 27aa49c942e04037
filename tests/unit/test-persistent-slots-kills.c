/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that are killed, or stopped and then killed, at each point of attaching, detaching and
 * replacing a disk, and of putting in order what such a command has left. The next one finds the
 * slot ready or free, and goes on. */
#include "lib/hosts.h"
#include "lib/persistent-slots-checks.h"

#include "base/clock.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS 4
#define SLOT 1      /* at which commands are killed */
#define NEIGHBOUR 2 /* has a disk all the time */
#define NOT_LONG (CLOCK_SECOND / 5)

/* --- the commands --- */

static int attach_request(struct persistent_slots_request request)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    unsigned slot;
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(persistent_slots_attach(host.disks, &request, &slot, NULL) == 0);
    return 0;
}

static int attach(void *data)
{
    (void)data;
    return attach_request(asked(SLOT, "data", "/new"));
}

static int replace(void *data)
{
    (void)data;
    return attach_request(instead(asked(SLOT, "data", "/new")));
}

static int detach(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    (void)data;
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(persistent_slots_detach(host.disks, SLOT, false, NULL) == 0);
    return 0;
}

/* Puts in order what others have left. */
static int list(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    (void)data;
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    return 0;
}

/* --- where they are killed, and what is then at the slot --- */

static const char nothing[] = "", old[] = "/old", new[] = "/new";

struct point {
    enum fake_point point;
    const char *when;
    /* The disk that the next command finds, of one that was killed there, and of one that was
     * stopped first: then the agent may have done what it was asked for. */
    const char *killed, *stopped;
};

static const struct point attaching[] = {
    {FAKE_ATTACH, "before anything of the disk was there", nothing, nothing},
    {FAKE_FILES, "after the files were passed", nothing, nothing},
    {FAKE_NODE, "after the node was added", nothing, nothing},
    {FAKE_DEVICE, "after the device was added", nothing, nothing},
    {FAKE_HOST_NAMES, "when the agent was asked to name it", nothing, new},
    {FAKE_HOST_NAMED, "before the agent said that it was named", new, new},
};

static const struct point detaching[] = {
    {FAKE_FIND, "before it found the appliance", old, old},
    {FAKE_CHANNEL, "before it connected to the agent", old, old},
    {FAKE_INSPECT, "before it knew what there was", old, old},
    {FAKE_HOST_RELEASES, "when the agent was asked to release it", old, nothing},
    {FAKE_HOST_RELEASED, "before the agent said that it was released", nothing, nothing},
    {FAKE_DETACH, "before the device was deleted", nothing, nothing},
    {FAKE_DELETED, "after the device was deleted", nothing, nothing},
    {FAKE_EVENT, "after it heard that the disk was removed", nothing, nothing},
    {FAKE_DROPPED, "after the node and the files were dropped", nothing, nothing},
    {FAKE_HOST_ASKS_GONE, "when the agent was asked whether it was gone", nothing, nothing},
    {FAKE_HOST_KNOWS_GONE, "before the agent said that it was gone", nothing, nothing},
};

/* Of the second command, after one that was killed while it attached: with a device … */
static const struct point removing[] = {
    {FAKE_INSPECT, "before it knew what there was", nothing, nothing},
    {FAKE_DETACH, "before the device was deleted", nothing, nothing},
    {FAKE_DELETED, "after the device was deleted", nothing, nothing},
    {FAKE_EVENT, "after it heard that the disk was removed", nothing, nothing},
    {FAKE_DROPPED, "after the node and the files were dropped", nothing, nothing},
    {FAKE_HOST_ASKS_GONE, "when the agent was asked whether it was gone", nothing, nothing},
    {FAKE_HOST_KNOWS_GONE, "before the agent said that it was gone", nothing, nothing},
};

/* … or without one. */
static const struct point clearing[] = {
    {FAKE_CLEAR, "before the files were dropped", nothing, nothing},
    {FAKE_CLEARED, "after the files were dropped", nothing, nothing},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct operation {
    const char *name;
    host_work work;
    bool occupied;           /* there is a disk at first */
    enum fake_point earlier; /* where another command is killed, before */
    const struct point *points;
    size_t count;
} operations[] = {
    {"attach", attach, false, 0, attaching, COUNT(attaching)},
    {"detach", detach, true, 0, detaching, COUNT(detaching)},
    {"replace", replace, true, 0, detaching, COUNT(detaching)},
    {"replace", replace, true, 0, attaching, COUNT(attaching)},
    {"mend", list, false, FAKE_DEVICE, removing, COUNT(removing)},
    {"mend", list, false, FAKE_NODE, clearing, COUNT(clearing)},
};

#define KILLS                                                                                      \
    (2 * (2 * COUNT(attaching) + 2 * COUNT(detaching) + COUNT(removing) + COUNT(clearing)))

/* A test. */
struct kill {
    const struct operation *operation;
    const struct point *point;
    bool stopped;
    char name[100];
};

/* --- the tests --- */

static int set_up(void **state)
{
    (void)state;
    if (persistent_checks_begin(SLOTS) < 0)
        return -1;
    attach_disk(asked(NEIGHBOUR, "neighbour", "/neighbour"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return persistent_checks_end();
}

static void kill_at(host_work work, enum fake_point point, bool stopped)
{
    fake_persistent_close(&command);
    fake_persistent_script(point, stopped ? FAKE_PAUSE : FAKE_VANISH, 1);
    pid_t pid = host_start(work, NULL);
    if (stopped) {
        assert_int_equal(host_wait(pid), HOST_STOPPED);
        kill(pid, SIGKILL);
    }
    assert_int_equal(host_wait(pid), HOST_KILLED);
}

static void assert_slots(const char *image)
{
    assert_image(SLOT, *image ? image : NULL);
    assert_found("neighbour", NEIGHBOUR);
    assert_string_equal(persistent_slots_disk(command.disks, NEIGHBOUR)->image, "/neighbour");
    if (*image)
        assert_found("data", SLOT);
    else
        assert_nameless("data");
}

/* Disks come and go at that slot and at others. */
static void go_on(void)
{
    if (persistent_slots_disk(command.disks, SLOT))
        detach_disk(SLOT);
    assert_int_equal(attach_disk(asked(-1, "data", "/first")), 0);
    attach_disk(asked(SLOT, NULL, "/again"));
    assert_image(SLOT, "/again");
    detach_disk(0);
    attach_disk(instead(asked(SLOT, "data", "/more")));
    assert_slots("/more");
    detach_disk(SLOT);
    assert_slots(nothing);
    detach_disk(NEIGHBOUR);
    assert_image(NEIGHBOUR, NULL);
}

static void the_slot_is_ready_or_free(void **state)
{
    const struct kill *kill = *state;
    if (kill->operation->occupied)
        attach_disk(asked(SLOT, "data", old));
    if (kill->operation->earlier)
        kill_at(attach, kill->operation->earlier, false);
    kill_at(kill->operation->work, kill->point->point, kill->stopped);
    next_command();
    assert_slots(kill->stopped ? kill->point->stopped : kill->point->killed);
    go_on();
}

static size_t make_tests(struct CMUnitTest tests[], struct kill kills[])
{
    size_t count = 0;
    for (size_t i = 0; i < 2 * COUNT(operations); i++) {
        const struct operation *operation = &operations[i / 2];
        for (size_t j = 0; j < operation->count; j++, count++) {
            struct kill *kill = &kills[count];
            *kill = (struct kill){operation, &operation->points[j], i % 2, ""};
            snprintf(kill->name, sizeof kill->name, "%s, %skilled %s", operation->name,
                     kill->stopped ? "stopped and " : "", kill->point->when);
            tests[count] =
                (struct CMUnitTest){kill->name, the_slot_is_ready_or_free, set_up, tear_down, kill};
        }
    }
    return count;
}

/* --- two at a time --- */

/* What a command that was killed has removed is not what this one removes. */
static int use_slot(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    struct persistent_slots_request here = asked(SLOT, "data", "/b"),
                                    elsewhere = asked(0, NULL, "/c");
    unsigned slot;
    (void)data;
    HOST_CHECK(fake_persistent_find(&host, NULL) == 0);
    raise(SIGSTOP);
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(!persistent_slots_disk(host.disks, SLOT) && fake_persistent_is_true(&host));
    HOST_CHECK(persistent_slots_attach(host.disks, &here, &slot, NULL) == 0);
    HOST_CHECK(persistent_slots_attach(host.disks, &elsewhere, &slot, NULL) == 0);
    HOST_CHECK(persistent_slots_detach(host.disks, 0, false, NULL) == 0);
    HOST_CHECK(fake_persistent_is_true(&host));
    HOST_CHECK(persistent_slots_detach(host.disks, SLOT, false, NULL) == 0);
    HOST_CHECK(fake_persistent_is_true(&host));
    HOST_CHECK(persistent_slots_attach(host.disks, &here, &slot, NULL) == 0);
    HOST_CHECK(fake_persistent_is_true(&host));
    return 0;
}

static int fail_to_detach(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    struct persistent_slots_request here = asked(SLOT, "data", "/b");
    AUTO_ERROR error *err = NULL;
    unsigned slot;
    (void)data;
    HOST_CHECK(fake_persistent_find(&host, NULL) == 0);
    raise(SIGSTOP);
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(persistent_slots_attach(host.disks, &here, &slot, NULL) == 0);
    fake_persistent_script(FAKE_REMOVE, FAKE_FAIL, 1);
    HOST_CHECK(persistent_slots_detach_begin(host.disks, SLOT, false, NULL) == 0);
    persistent_slots_set_patience(host.disks, NOT_LONG);
    HOST_CHECK(persistent_slots_detach_end(host.disks, SLOT, &err) < 0);
    HOST_CHECK(error_kind(err) == ERROR_TIMEOUT);
    return 0;
}

/* The second is there already when the first, which is killed, has the disk removed: both hear of
 * it. */
static void run_second(host_work second)
{
    attach_disk(asked(SLOT, "data", old));
    fake_persistent_close(&command);
    fake_persistent_script(FAKE_DETACH, FAKE_PAUSE, 1);
    pid_t first = host_start(detach, NULL);
    assert_int_equal(host_wait(first), HOST_STOPPED);
    pid_t other = host_start(second, NULL);
    assert_int_equal(host_wait(other), HOST_STOPPED);
    fake_persistent_script(FAKE_EVENT, FAKE_VANISH, 1);
    kill(first, SIGCONT);
    assert_int_equal(host_wait(first), HOST_KILLED);
    kill(other, SIGCONT);
    assert_int_equal(host_wait(other), HOST_DONE);
    next_command();
}

static void a_removal_that_another_command_asked_for_changes_nothing(void **state)
{
    (void)state;
    run_second(use_slot);
    assert_slots("/b");
    go_on();
}

static void a_removal_that_another_command_asked_for_is_not_one_s_own(void **state)
{
    (void)state;
    run_second(fail_to_detach);
    assert_slots(nothing);
    go_on();
}

static int fail_to_detach_neighbour(void *data)
{
    AUTO_FAKE_PERSISTENT struct fake_persistent host = {0};
    AUTO_ERROR error *err = NULL;
    (void)data;
    HOST_CHECK(fake_persistent_open(&host, NULL) == 0);
    HOST_CHECK(persistent_slots_detach_begin(host.disks, NEIGHBOUR, false, NULL) == 0);
    persistent_slots_set_patience(host.disks, NOT_LONG);
    HOST_CHECK(persistent_slots_detach_end(host.disks, NEIGHBOUR, &err) < 0);
    HOST_CHECK(error_kind(err) == ERROR_TIMEOUT);
    return 0;
}

static void a_removal_of_another_disk_is_not_the_one_that_is_waited_for(void **state)
{
    (void)state;
    attach_disk(asked(SLOT, "data", old));
    fake_persistent_close(&command);
    fake_persistent_script(FAKE_DETACH, FAKE_PAUSE, 1);
    pid_t pid = host_start(fail_to_detach_neighbour, NULL);
    assert_int_equal(host_wait(pid), HOST_STOPPED);

    assert_int_equal(fake_persistent_find(&command, NULL), 0);
    assert_int_equal(command.hv->ops->detach(command.hv, SLOT, NULL), 0);
    struct pollfd removed = {command.hv->ops->event_fd(command.hv), POLLIN, 0};
    assert_int_equal(poll(&removed, 1, 5000), 1);
    fake_persistent_script(FAKE_REMOVE, FAKE_FAIL, 1);
    kill(pid, SIGCONT);
    assert_int_equal(host_wait(pid), HOST_DONE);
    next_command();
    assert_image(SLOT, NULL);
    assert_image(NEIGHBOUR, NULL);
}

int main(int argc, char **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    static struct kill kills[KILLS];
    struct CMUnitTest tests[KILLS + 3] = {
        T(a_removal_that_another_command_asked_for_changes_nothing),
        T(a_removal_that_another_command_asked_for_is_not_one_s_own),
        T(a_removal_of_another_disk_is_not_the_one_that_is_waited_for),
    };
    if (make_tests(tests + 3, kills) != KILLS)
        return 1;
    hosts_adopt();
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
