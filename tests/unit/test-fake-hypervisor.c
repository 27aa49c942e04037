/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scripted appliance that lives between commands: what it holds when a command is killed at
 * each point of attaching and detaching. What is then to be done about that is
 * common/appliance/persistent-slots.h's. */
#include "lib/fake-hypervisor.h"
#include "lib/hosts.h"

#include "appliance/agent-client.h"
#include "base/clock.h"
#include "wire/port-name.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SLOT 3

static const struct launch_settings settled = {8, 600};

static struct machine_spec spec(void)
{
    return (struct machine_spec){
        .name = "appliance",
        .uuid = "kept",
        .accel = "tcg",
        .memory_mib = 512,
        .kernel = "/k",
        .initrd = "/i",
        .root_drive = "/r",
        .architecture = architecture_native(),
        .sessions = true,
        .settings = &settled,
    };
}

/* What a command has: the hypervisor and the agent. */
struct command {
    hypervisor *hv;
    agent_client *agent;
};

static void finish(struct command *command)
{
    agent_client_free(command->agent);
    /* free() would end the appliance: the process ends instead, as a command does. */
}

/* 0 if the agent did it. */
static int hear(agent_client *agent, int asked)
{
    answer reply = {0};
    if (asked < 0 || agent_client_wait(agent, clock_now() + 5 * CLOCK_SECOND, &reply, NULL) < 0)
        return -1;
    bool refused =
        reply.body.op != OP_HELLO && reply.body.answer_body_u.gone.message.message_len > 0;
    agent_client_answer_clear(&reply);
    return refused ? 1 : 0;
}

static int greet(struct command *command)
{
    int fd = command->hv->ops->open_port(command->hv, AGENT_PORT_NAME, NULL);
    command->agent = fd < 0 ? NULL : agent_client_new(fd, NULL);
    return command->agent ? agent_client_greet(command->agent, clock_now() + 5 * CLOCK_SECOND, NULL)
                          : -1;
}

static int launch(void *data)
{
    CLEANUP(finish) struct command command = {.hv = fake_hypervisor_create(NULL)};
    struct machine_spec asked = spec();
    (void)data;
    HOST_CHECK(command.hv->ops->launch(command.hv, &asked, -1, NULL) == 0);
    HOST_CHECK(greet(&command) == 0);
    int kept = hear(command.agent, agent_client_keep(command.agent, settled.idle, NULL));
    return kept == 0 ? 0 : 2;
}

static int find(struct command *command)
{
    *command = (struct command){.hv = fake_hypervisor_create(NULL)};
    if (!command->hv || command->hv->ops->find(command->hv, "kept", NULL) != 0)
        return -1;
    return greet(command);
}

static int find_only(void *data)
{
    CLEANUP(finish) struct command command = {0};
    (void)data;
    HOST_CHECK(find(&command) == 0);
    struct launch_settings found;
    HOST_CHECK(command.hv->ops->settings(command.hv, &found, NULL) == 0);
    HOST_CHECK(found.slots == settled.slots && found.idle == settled.idle);
    return 0;
}

static int attach(void *data)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    struct image_layer layer = {.fd = fd, .format = IMAGE_RAW};
    struct image_chain chain = {.count = 1, .layers = &layer, .size = 4096};
    struct hypervisor_disk disk = {
        .slot = SLOT, .chain = &chain, .serial = "0001", .record = "record"};
    name_args name = {.disk = {.slot = SLOT, .size = 4096}};
    CLEANUP(finish) struct command command = {0};
    (void)data;
    name.disk.serial.serial_val = (char *)(uintptr_t) "0001";
    name.disk.serial.serial_len = 4;
    name.label.label_val = (char *)(uintptr_t) "data";
    name.label.label_len = 4;
    HOST_CHECK(find(&command) == 0);
    if (command.hv->ops->attach(command.hv, &disk, NULL) < 0)
        return 2;
    if (hear(command.agent, agent_client_name(command.agent, &name, NULL)) != 0)
        return 3;
    close(fd);
    return 0;
}

static int await_removal(hypervisor *hv)
{
    for (;;) {
        struct hypervisor_event event = hv->ops->next_event(hv);
        if (event.kind != HYPERVISOR_NOTHING)
            return event.kind == HYPERVISOR_DISK_REMOVED && event.slot == SLOT ? 0 : -1;
        struct pollfd wait = {hv->ops->event_fd(hv), POLLIN, 0};
        if (poll(&wait, 1, 5000) != 1)
            return -1;
    }
}

static int detach(void *data)
{
    release_args release = {.slot = SLOT};
    u_int slot = SLOT;
    gone_args gone = {.slots = {1, &slot}};
    CLEANUP(finish) struct command command = {0};
    (void)data;
    HOST_CHECK(find(&command) == 0);
    int released = hear(command.agent, agent_client_release(command.agent, &release, NULL));
    if (released != 0)
        return 2;
    HOST_CHECK(command.hv->ops->detach(command.hv, SLOT, NULL) == 0);
    HOST_CHECK(await_removal(command.hv) == 0);
    HOST_CHECK(hear(command.agent, agent_client_gone(command.agent, &gone, NULL)) == 0);
    return 0;
}

/* What a command sees, as one word: device, files, in the agent's list, with its name. */
static int look(void *data)
{
    char *seen = data;
    CLEANUP(finish) struct command command = {0};
    struct hypervisor_slot table[SLOT_COUNT];
    answer reply = {0};
    HOST_CHECK(find(&command) == 0);
    HOST_CHECK(command.hv->ops->inspect(command.hv, table, NULL) == 0);
    HOST_CHECK(agent_client_list(command.agent, NULL) == 0);
    HOST_CHECK(agent_client_wait(command.agent, clock_now() + 5 * CLOCK_SECOND, &reply, NULL) == 0);
    const list_ret *list = &reply.body.answer_body_u.list;
    const listed *first = list->disks.disks_len ? &list->disks.disks_val[0] : NULL;
    snprintf(seen, 8, "%s%s%s%s", table[SLOT].device ? "d" : "", table[SLOT].files ? "f" : "",
             first ? "a" : "", first && first->named ? "n" : "");
    HOST_CHECK(!table[SLOT].record || strcmp(table[SLOT].record, "record") == 0);
    HOST_CHECK(!first ||
               (first->named ? first->label.label_len == 4 : first->label.label_len == 0));
    free(table[SLOT].record);
    agent_client_answer_clear(&reply);
    return 0;
}

static int clear(void *data)
{
    CLEANUP(finish) struct command command = {0};
    (void)data;
    HOST_CHECK(find(&command) == 0);
    int result = command.hv->ops->clear(command.hv, SLOT, NULL);
    return result == 0 ? 0 : 2;
}

static void assert_seen(const char *expected)
{
    char *seen = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);
    assert_int_equal(host_run(look, seen), HOST_DONE);
    assert_string_equal(seen, expected);
    munmap(seen, 8);
}

static int set_up(void **state)
{
    *state = fake_script = fake_script_new();
    return fake_script && host_run(launch, NULL) == HOST_DONE ? 0 : -1;
}

static int tear_down(void **state)
{
    unsigned mistakes = atomic_load(&fake_script->mistakes);
    fake_machines_end();
    fake_script_free(*state);
    return mistakes == 0 ? 0 : -1;
}

static void script(enum fake_point point, enum fake_act what)
{
    fake_script->steps[point] = (struct fake_step){
        .act = what, .first = atomic_load(&fake_script->calls[point]), .count = 1};
}

/* --- tests --- */

static void it_outlives_the_command_that_launched_it(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(host_run(find_only, NULL), HOST_DONE);
    assert_int_equal(fake_machine_find("kept")->idle, settled.idle);
    assert_seen("");
}

static void another_is_not_found(void **state)
{
    hypervisor *hv = fake_hypervisor_create(NULL);
    (void)state;
    assert_int_equal(hv->ops->find(hv, "other", NULL), 1);
    hv->ops->free(hv);
}

static void one_that_was_killed_is_not_found(void **state)
{
    hypervisor *hv = fake_hypervisor_create(NULL);
    (void)state;
    fake_machines_end();
    assert_int_equal(hv->ops->find(hv, "kept", NULL), 1);
    hv->ops->free(hv);
}

static void a_command_that_ends_it_has_ended_it(void **state)
{
    hypervisor *hv = fake_hypervisor_create(NULL);
    (void)state;
    assert_int_equal(hv->ops->find(hv, "kept", NULL), 0);
    hv->ops->end(hv);
    struct pollfd wait = {hv->ops->event_fd(hv), POLLIN, 0};
    assert_int_equal(poll(&wait, 1, 5000), 1);
    assert_int_equal(hv->ops->next_event(hv).kind, HYPERVISOR_ENDED);
    assert_int_equal(hv->ops->find(hv, "kept", NULL), 1);
    hv->ops->free(hv);
}

static void a_disk_stays_between_commands(void **state)
{
    (void)state;
    assert_int_equal(host_run(attach, NULL), HOST_DONE);
    assert_seen("dfan");
    assert_int_equal(host_run(attach, NULL), HOST_FAILED); /* the slot is taken */
    assert_seen("dfan");
    atomic_store(&fake_script->mistakes, 0);
    assert_int_equal(host_run(detach, NULL), HOST_DONE);
    assert_seen("");
    assert_int_equal(host_run(attach, NULL), HOST_DONE);
    assert_seen("dfan");
}

struct phase {
    enum fake_point point;
    const char *left; /* by a command that was killed there */
};

static const struct phase attaching[] = {
    {FAKE_ATTACH, ""},    {FAKE_FILES, "f"},        {FAKE_NODE, "f"},
    {FAKE_DEVICE, "dfa"}, {FAKE_HOST_NAMES, "dfa"}, {FAKE_HOST_NAMED, "dfan"},
};

static const struct phase detaching[] = {
    {FAKE_HOST_RELEASES, "dfan"}, {FAKE_HOST_RELEASED, "dfa"}, {FAKE_DETACH, "dfa"},
    {FAKE_DELETED, "f"},          {FAKE_EVENT, "f"},           {FAKE_DROPPED, ""},
    {FAKE_HOST_ASKS_GONE, ""},    {FAKE_HOST_KNOWS_GONE, ""},
};

static void a_command_killed_while_attaching_leaves_what_it_had_done(void **state)
{
    for (size_t i = 0; i < sizeof attaching / sizeof attaching[0]; i++) {
        print_message("point %d\n", attaching[i].point);
        script(attaching[i].point, FAKE_VANISH);
        assert_int_equal(host_run(attach, NULL), HOST_KILLED);
        assert_seen(attaching[i].left);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

static void a_command_killed_while_detaching_leaves_what_it_had_not_done(void **state)
{
    for (size_t i = 0; i < sizeof detaching / sizeof detaching[0]; i++) {
        print_message("point %d\n", detaching[i].point);
        assert_int_equal(host_run(attach, NULL), HOST_DONE);
        script(detaching[i].point, FAKE_VANISH);
        assert_int_equal(host_run(detach, NULL), HOST_KILLED);
        assert_seen(detaching[i].left);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

static void pause_and_go_on(host_work work, const struct phase *phase)
{
    print_message("point %d\n", phase->point);
    script(phase->point, FAKE_PAUSE);
    pid_t pid = host_start(work, NULL);
    assert_int_equal(host_wait(pid), HOST_STOPPED);
    kill(pid, SIGCONT);
    assert_int_equal(host_wait(pid), HOST_DONE);
}

static void a_command_that_was_stopped_goes_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof detaching / sizeof detaching[0]; i++) {
        pause_and_go_on(attach, &attaching[i % (sizeof attaching / sizeof attaching[0])]);
        assert_seen("dfan");
        pause_and_go_on(detach, &detaching[i]);
        assert_seen("");
    }
}

static void what_is_left_can_be_cleared(void **state)
{
    (void)state;
    script(FAKE_NODE, FAKE_VANISH);
    assert_int_equal(host_run(attach, NULL), HOST_KILLED);
    assert_int_equal(host_run(clear, NULL), HOST_DONE);
    assert_seen("");
    assert_int_equal(host_run(attach, NULL), HOST_DONE);
    assert_int_equal(host_run(clear, NULL), HOST_FAILED); /* there is a device */
    assert_seen("dfan");
    atomic_store(&fake_script->mistakes, 0);
}

static void a_disk_that_qemu_refuses_leaves_nothing(void **state)
{
    static const enum fake_point points[] = {FAKE_ATTACH, FAKE_FILES, FAKE_NODE};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        script(points[i], FAKE_FAIL);
        assert_int_equal(host_run(attach, NULL), HOST_FAILED);
        assert_seen("");
    }
}

static void a_disk_that_is_held_is_not_released(void **state)
{
    (void)state;
    assert_int_equal(host_run(attach, NULL), HOST_DONE);
    script(FAKE_RELEASE, FAKE_FAIL);
    assert_int_equal(host_run(detach, NULL), HOST_FAILED);
    assert_seen("dfan");
}

static void it_ends_with_the_host_that_did_not_have_it_kept(void **state)
{
    hypervisor *hv = fake_hypervisor_create(NULL);
    (void)state;
    fake_machines_end();
    script(FAKE_KEEP, FAKE_FAIL);
    assert_int_equal(host_run(launch, NULL), HOST_FAILED);
    host_wait(fake_machine_find("kept")->pid); /* by itself, and in its own time */
    assert_int_equal(hv->ops->find(hv, "kept", NULL), 1);
    hv->ops->free(hv);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(it_outlives_the_command_that_launched_it),
        T(another_is_not_found),
        T(one_that_was_killed_is_not_found),
        T(a_command_that_ends_it_has_ended_it),
        T(a_disk_stays_between_commands),
        T(a_command_killed_while_attaching_leaves_what_it_had_done),
        T(a_command_killed_while_detaching_leaves_what_it_had_not_done),
        T(a_command_that_was_stopped_goes_on),
        T(what_is_left_can_be_cleared),
        T(a_disk_that_qemu_refuses_leaves_nothing),
        T(a_disk_that_is_held_is_not_released),
        T(it_ends_with_the_host_that_did_not_have_it_kept),
    };
    hosts_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
