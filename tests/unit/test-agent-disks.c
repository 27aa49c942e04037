/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent on the host, as that of an appliance that lives between commands: OP_NAME, OP_RELEASE,
 * OP_LIST. test-agent-keeping.c has OP_KEEP. */
#include "lib/agent-process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h> /* needs the above */

#define SIZE (1 << 20)

/* ---- asking ---- */

/* A message; what it is compared with must be all of it. */
struct said {
    char text[MAX_MESSAGE + 1];
};

static struct said message_of(answer *reply, const struct done_ret *done)
{
    struct said said = {.text = ""};
    if (done->message.message_len > 0)
        memcpy(said.text, done->message.message_val, done->message.message_len);
    agent_free_answer(reply);
    return said;
}

static void ask_name(struct agent_process *f, unsigned slot, uint64_t size, const char *serial,
                     const char *label)
{
    request asked = {.body.op = OP_NAME};
    name_args *args = &asked.body.request_body_u.name;
    args->disk.slot = slot;
    args->disk.size = size;
    args->disk.serial.serial_val = (char *)(uintptr_t)serial;
    args->disk.serial.serial_len = (u_int)strlen(serial);
    args->label.label_val = (char *)(uintptr_t)label;
    args->label.label_len = (u_int)strlen(label);
    agent_ask(f, &asked);
}

static struct said named(struct agent_process *f)
{
    answer reply = agent_expect(f, f->serial, OP_NAME);
    return message_of(&reply, &reply.body.answer_body_u.name);
}

static struct said name(struct agent_process *f, unsigned slot, const char *label)
{
    ask_name(f, slot, SIZE, "", label);
    return named(f);
}

static struct said release(struct agent_process *f, unsigned slot, bool force)
{
    request asked = {.body.op = OP_RELEASE,
                     .body.request_body_u.release = {.slot = slot, .force = force}};
    agent_ask(f, &asked);
    answer reply = agent_expect(f, f->serial, OP_RELEASE);
    return message_of(&reply, &reply.body.answer_body_u.release);
}

static answer list(struct agent_process *f)
{
    request asked = {.body.op = OP_LIST};
    agent_ask(f, &asked);
    return agent_expect(f, f->serial, OP_LIST);
}

/* What comes before has been seen when this returns: uevents and requests are different sockets. */
static void settle(struct agent_process *f)
{
    request asked = {.body.op = OP_GONE};
    unsigned slot = 250;
    asked.body.request_body_u.gone.slots.slots_val = &slot;
    asked.body.request_body_u.gone.slots.slots_len = 1;
    agent_say_device(f, "add", slot);
    agent_say_disk(f, "add", slot);
    agent_say_device(f, "bind", slot);
    agent_make_size(f, slot, SIZE);
    ask_name(f, slot, 0, "", "");
    assert_string_equal(named(f).text, "");
    agent_say_device(f, "remove", slot);
    agent_ask(f, &asked);
    answer reply = agent_expect(f, f->serial, OP_GONE);
    agent_free_answer(&reply);
}

static void make_disk(const struct agent_process *f, unsigned slot, const char *node)
{
    agent_make_image(f, node, SIZE, false);
    agent_make_size(f, slot, SIZE);
    agent_make_serial(f, slot, "0007 \n");
}

/* Where dev/disk/guestfs/LINK points; "" where it is not. */
static struct said link_of(const struct agent_process *f, const char *link)
{
    struct said said = {.text = ""};
    char path[AGENT_PATH_MAX];
    agent_path(f, path, "dev/disk/guestfs/%s", link);
    if (readlink(path, said.text, sizeof said.text - 1) < 0)
        said.text[0] = '\0';
    return said;
}

/* ---- OP_NAME ---- */

static void a_name_waits_for_its_disk(void **state)
{
    struct agent_process *f = *state;
    char byte;
    make_disk(f, 1, "sdb");
    ask_name(f, 1, SIZE, "0007", "data");
    agent_say_device(f, "add", 1);
    agent_say_disk(f, "add", 1);
    assert_int_equal(recv(f->channel, &byte, 1, MSG_DONTWAIT), -1);
    agent_say_device(f, "bind", 1);
    assert_string_equal(named(f).text, "");
    assert_string_equal(link_of(f, "data").text, "../../sdb");
}

static void partitions_have_the_label_and_their_number(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 1, "sdb");
    agent_say_device(f, "add", 1);
    agent_say_disk(f, "add", 1);
    agent_say_partition(f, "add", 1, 1);
    agent_say_partition(f, "add", 1, 12);
    agent_say_device(f, "bind", 1);
    assert_string_equal(name(f, 1, "data").text, "");
    assert_string_equal(link_of(f, "data1").text, "../../sdb1");
    assert_string_equal(link_of(f, "data12").text, "../../sdb12");
}

static void labels_follow_a_new_partition_table(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 1, "sdb");
    agent_appear(f, 1);
    assert_string_equal(name(f, 1, "data").text, "");
    agent_say_partition(f, "add", 1, 2);
    settle(f);
    assert_string_equal(link_of(f, "data2").text, "../../sdb2");
    agent_say_partition(f, "remove", 1, 2);
    settle(f);
    assert_string_equal(link_of(f, "data2").text, "");
    assert_string_equal(link_of(f, "data").text, "../../sdb");
}

static void labels_go_with_the_disk(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 1, "sdb");
    agent_appear(f, 1);
    agent_say_partition(f, "add", 1, 1);
    assert_string_equal(name(f, 1, "data").text, "");
    agent_say_device(f, "remove", 1);
    settle(f);
    assert_string_equal(link_of(f, "data").text, "");
    assert_string_equal(link_of(f, "data1").text, "");
}

static void a_label_is_of_one_disk(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    make_disk(f, 1, "sdb");
    agent_appear(f, 0);
    agent_appear(f, 1);
    assert_string_equal(name(f, 0, "data").text, "");
    assert_string_equal(name(f, 1, "data").text, "label data is that of slot 0");
    assert_string_equal(link_of(f, "data").text, "../../sda");
}

static void a_label_is_free_when_its_disk_has_gone(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    make_disk(f, 1, "sdb");
    agent_appear(f, 0);
    agent_appear(f, 1);
    assert_string_equal(name(f, 0, "data").text, "");
    agent_say_device(f, "remove", 0);
    settle(f);
    assert_string_equal(name(f, 1, "data").text, "");
    assert_string_equal(link_of(f, "data").text, "../../sdb");
}

static void a_disk_can_be_named_again(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    agent_appear(f, 0);
    assert_string_equal(name(f, 0, "old").text, "");
    assert_string_equal(name(f, 0, "new").text, "");
    assert_string_equal(link_of(f, "old").text, "");
    assert_string_equal(link_of(f, "new").text, "../../sda");
    assert_string_equal(name(f, 0, "new").text, "");
}

static void a_label_is_letters(void **state)
{
    static const char *const bad[] = {"a1", "1", "a/b", "..", "-", "a b", "\xc3\xa4"};
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    agent_appear(f, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(name(f, 0, bad[i]).text, "a label is 1 to 20 letters, a-z and A-Z");
    assert_string_equal(name(f, 0, "abcdefghijklmnopqrsT").text, "");
}

static void a_disk_of_another_size_is_not_named(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    agent_appear(f, 0);
    ask_name(f, 0, SIZE + 512, "", "data");
    assert_string_equal(named(f).text, "slot 0 has 1048576 bytes where 1049088 were announced");
    assert_string_equal(link_of(f, "data").text, "");
}

static void a_disk_with_another_serial_is_not_named(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    agent_appear(f, 0);
    ask_name(f, 0, SIZE, "0008", "data");
    assert_string_equal(named(f).text,
                        "slot 0 has the serial \"0007\" where \"0008\" was announced");
    assert_string_equal(link_of(f, "data").text, "");
}

static void only_slots_are_named(void **state)
{
    struct agent_process *f = *state;
    ask_name(f, SLOT_COUNT, 0, "", "");
    assert_int_equal(agent_ended(f), 1);
}

/* ---- OP_LIST ---- */

static void nothing_is_listed_where_nothing_is(void **state)
{
    answer reply = list(*state);
    assert_int_equal(reply.body.answer_body_u.list.disks.disks_len, 0);
    agent_free_answer(&reply);
}

static void disks_are_listed_in_order_of_slot(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 3, "sdd");
    make_disk(f, 1, "sdb");
    agent_appear(f, 3);
    agent_appear(f, 1);
    agent_appear(f, 255); /* the root drive */
    assert_string_equal(name(f, 3, "data").text, "");
    settle(f);
    answer reply = list(f);
    const list_ret *found = &reply.body.answer_body_u.list;
    assert_int_equal(found->disks.disks_len, 2);
    const struct listed *first = &found->disks.disks_val[0], *second = first + 1;
    assert_int_equal(first->disk.slot, 1);
    assert_int_equal(first->disk.size, SIZE);
    assert_int_equal(first->disk.serial.serial_len, 4);
    assert_memory_equal(first->disk.serial.serial_val, "0007", 4);
    assert_false(first->named);
    assert_int_equal(first->label.label_len, 0);
    assert_int_equal(second->disk.slot, 3);
    assert_true(second->named);
    assert_int_equal(second->label.label_len, 4);
    assert_memory_equal(second->label.label_val, "data", 4);
    agent_free_answer(&reply);
}

static void a_disk_without_a_label_is_named_too(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 0, "sda");
    agent_appear(f, 0);
    assert_string_equal(name(f, 0, "").text, "");
    answer reply = list(f);
    assert_int_equal(reply.body.answer_body_u.list.disks.disks_len, 1);
    assert_true(reply.body.answer_body_u.list.disks.disks_val[0].named);
    assert_int_equal(reply.body.answer_body_u.list.disks.disks_val[0].label.label_len, 0);
    agent_free_answer(&reply);
}

/* ---- OP_RELEASE ---- */

/* Slot 1 with two partitions, called data. */
static void make_partitioned(struct agent_process *f)
{
    make_disk(f, 1, "sdb");
    agent_make_image(f, "sdb1", SIZE / 2, false);
    agent_make_image(f, "sdb2", SIZE / 2, false);
    agent_say_device(f, "add", 1);
    agent_say_disk(f, "add", 1);
    agent_say_partition(f, "add", 1, 1);
    agent_say_partition(f, "add", 1, 2);
    agent_say_device(f, "bind", 1);
    assert_string_equal(name(f, 1, "data").text, "");
}

static void expect_refusal(struct agent_process *f, unsigned slot, const char *node,
                           const char *why)
{
    char expected[2 * AGENT_PATH_MAX];
    snprintf(expected, sizeof expected, "%s/dev/%s %s", f->directory, node, why);
    assert_string_equal(release(f, slot, false).text, expected);
}

static void a_release_frees_the_label(void **state)
{
    struct agent_process *f = *state;
    make_partitioned(f);
    assert_string_equal(release(f, 1, false).text, "");
    assert_string_equal(link_of(f, "data").text, "");
    assert_string_equal(link_of(f, "data2").text, "");
    answer reply = list(f);
    assert_int_equal(reply.body.answer_body_u.list.disks.disks_len, 1);
    assert_false(reply.body.answer_body_u.list.disks.disks_val[0].named);
    agent_free_answer(&reply);
}

/* A write to its store may fail, and is of no interest; that it is in use is. */
static void what_is_to_be_discarded_is_not_written_out(void **state)
{
    struct agent_process *f = *state;
    request asked = {.body.op = OP_RELEASE,
                     .body.request_body_u.release = {.slot = 1, .discard = true}};
    make_partitioned(f);
    agent_write(f, "proc/self/mountinfo",
                "30 22 8:17 / /mnt rw,relatime shared:1 - ext4 /dev/sdb1 rw\n");
    agent_ask(f, &asked);
    answer reply = agent_expect(f, f->serial, OP_RELEASE);
    assert_non_null(
        strstr(message_of(&reply, &reply.body.answer_body_u.release).text, "is mounted at /mnt"));
    agent_write(f, "proc/self/mountinfo", "");
    agent_ask(f, &asked);
    reply = agent_expect(f, f->serial, OP_RELEASE);
    assert_string_equal(message_of(&reply, &reply.body.answer_body_u.release).text, "");
    assert_string_equal(link_of(f, "data").text, "");
}

static void a_disk_that_was_never_named_can_be_released(void **state)
{
    struct agent_process *f = *state;
    make_disk(f, 2, "sdc");
    agent_appear(f, 2);
    settle(f);
    assert_string_equal(release(f, 2, false).text, "");
}

static void an_empty_slot_cannot_be_released(void **state)
{
    assert_string_equal(release(*state, 5, false).text, "there is no disk in slot 5");
}

static void a_mounted_partition_is_not_released(void **state)
{
    struct agent_process *f = *state;
    make_partitioned(f);
    agent_write(f, "proc/self/mountinfo",
                "22 1 254:0 / / ro - ext4 /dev/rootdrive ro\n"
                "30 22 8:17 / /mnt/a\\040b rw,relatime shared:1 - ext4 /dev/sdb1 rw\n");
    expect_refusal(f, 1, "sdb1", "is mounted at /mnt/a\\040b");
    assert_string_equal(link_of(f, "data").text, "../../sdb");
}

/* It has a device number of its own; what it is on is its source. */
static void a_mounted_btrfs_is_not_released(void **state)
{
    struct agent_process *f = *state;
    char line[2 * AGENT_PATH_MAX];
    make_partitioned(f);
    snprintf(line, sizeof line, "30 22 0:41 /sub /mnt rw - btrfs %s/dev/sdb2 rw,subvol=/sub\n",
             f->directory);
    agent_write(f, "proc/self/mountinfo", line);
    expect_refusal(f, 1, "sdb2", "is mounted at /mnt");
}

static void a_mount_of_another_disk_is_no_matter(void **state)
{
    struct agent_process *f = *state;
    make_partitioned(f);
    agent_write(f, "proc/self/mountinfo",
                "30 22 8:33 / /mnt rw - ext4 /dev/sdc1 rw\n"
                "31 22 18:17 / /mnt rw - ext4 /dev/x rw\n"
                "nonsense\n31 22 8:16\n\n - - -\n");
    assert_string_equal(release(f, 1, false).text, "");
}

static void swap_is_not_released(void **state)
{
    struct agent_process *f = *state;
    char line[2 * AGENT_PATH_MAX];
    make_partitioned(f);
    snprintf(line, sizeof line,
             "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
             "%s/dev/sdb2                               partition\t524284\t\t0\t\t-2\n",
             f->directory);
    agent_write(f, "proc/swaps", line);
    expect_refusal(f, 1, "sdb2", "is swap");
}

static void a_physical_volume_is_not_released(void **state)
{
    struct agent_process *f = *state;
    make_partitioned(f);
    agent_write(f, "sys/dev/block/8:17/holders/dm-0", "");
    agent_write(f, "sys/block/dm-0/dm/name", "vg-lv\n");
    expect_refusal(f, 1, "sdb1", "is held by /dev/dm-0 (vg-lv)");
}

static void a_member_of_an_array_is_not_released(void **state)
{
    struct agent_process *f = *state;
    make_partitioned(f);
    agent_write(f, "sys/dev/block/8:16/holders/md0", "");
    expect_refusal(f, 1, "sdb", "is held by /dev/md0");
}

static void force_releases_what_is_held(void **state)
{
    struct agent_process *f = *state;
    make_partitioned(f);
    agent_write(f, "proc/self/mountinfo", "30 22 8:17 / /mnt rw - ext4 /dev/sdb1 rw\n");
    agent_write(f, "sys/dev/block/8:16/holders/md0", "");
    assert_string_equal(release(f, 1, true).text, "");
    assert_string_equal(link_of(f, "data").text, "");
}

static void only_slots_are_released(void **state)
{
    struct agent_process *f = *state;
    request asked = {.body.op = OP_RELEASE, .body.request_body_u.release.slot = SLOT_COUNT};
    agent_ask(f, &asked);
    assert_int_equal(agent_ended(f), 1);
}

int main(void)
{
#define DISKS(name) cmocka_unit_test_setup_teardown(name, agent_set_up, agent_tear_down)
    const struct CMUnitTest tests[] = {
        DISKS(a_name_waits_for_its_disk),
        DISKS(partitions_have_the_label_and_their_number),
        DISKS(labels_follow_a_new_partition_table),
        DISKS(labels_go_with_the_disk),
        DISKS(a_label_is_of_one_disk),
        DISKS(a_label_is_free_when_its_disk_has_gone),
        DISKS(a_disk_can_be_named_again),
        DISKS(a_label_is_letters),
        DISKS(a_disk_of_another_size_is_not_named),
        DISKS(a_disk_with_another_serial_is_not_named),
        DISKS(only_slots_are_named),
        DISKS(nothing_is_listed_where_nothing_is),
        DISKS(disks_are_listed_in_order_of_slot),
        DISKS(a_disk_without_a_label_is_named_too),
        DISKS(a_release_frees_the_label),
        DISKS(what_is_to_be_discarded_is_not_written_out),
        DISKS(a_disk_that_was_never_named_can_be_released),
        DISKS(an_empty_slot_cannot_be_released),
        DISKS(a_mounted_partition_is_not_released),
        DISKS(a_mounted_btrfs_is_not_released),
        DISKS(a_mount_of_another_disk_is_no_matter),
        DISKS(swap_is_not_released),
        DISKS(a_physical_volume_is_not_released),
        DISKS(a_member_of_an_array_is_not_released),
        DISKS(force_releases_what_is_held),
        DISKS(only_slots_are_released),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!getenv("AGENT")) {
        fprintf(stderr, "AGENT: not set to the agent's program\n");
        return 1;
    }
    return cmocka_run_group_tests_name("agent's disks", tests, NULL, NULL);
}
