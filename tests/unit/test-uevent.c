/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's announcements: what is a device of ours, and what a name for a node. */
#include "agent/device/uevent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

#define HOST "/devices/pci0000:00/0000:00:02.0/virtio1/host0"

/* `message` ends with its literal's own NUL. */
#define PARSE(event, message) assert_true(uevent_parse(message, sizeof(message) - 1, &(event)))

static void a_partition_of_a_slot(void **state)
{
    struct uevent event;
    (void)state;
    PARSE(event, "add@" HOST "/target0:0:7/0:0:7:0/block/sda/sda3\0"
                 "SUBSYSTEM=block\0MAJOR=8\0MINOR=115\0PARTN=3");
    assert_int_equal(event.action, UEVENT_ADD);
    assert_int_equal(event.object, UEVENT_OF_PARTITION);
    assert_int_equal(event.target, 7);
    assert_int_equal(event.partition, 3);
    assert_int_equal(event.major, 8);
    assert_int_equal(event.minor, 115);
}

static void a_volume(void **state)
{
    struct uevent event;
    (void)state;
    PARSE(event, "add@/devices/virtual/block/dm-0\0"
                 "SUBSYSTEM=block\0MAJOR=254\0MINOR=0\0DEVNAME=dm-0\0DEVTYPE=disk");
    assert_int_equal(event.object, UEVENT_OF_VOLUME);
    assert_string_equal(event.name, "dm-0");
    assert_int_equal(event.major, 254);
    assert_int_equal(event.minor, 0);
}

static void a_partition_of_a_volume(void **state)
{
    struct uevent event;
    (void)state;
    PARSE(event, "remove@/devices/virtual/block/md127/md127p1\0"
                 "MAJOR=259\0MINOR=1\0DEVNAME=md127p1\0PARTN=1");
    assert_int_equal(event.action, UEVENT_REMOVE);
    assert_int_equal(event.object, UEVENT_OF_VOLUME);
    assert_string_equal(event.name, "md127p1");
}

static void a_volume_without_a_name_is_none(void **state)
{
    struct uevent event;
    (void)state;
    PARSE(event, "add@/devices/virtual/block/dm-0\0MAJOR=254\0MINOR=0");
    assert_int_equal(event.object, UEVENT_OF_OTHER);
}

static void a_volume_with_another_name_is_none(void **state)
{
    struct uevent event;
    (void)state;
    PARSE(event, "add@/devices/virtual/block/dm-0\0MAJOR=254\0MINOR=0\0DEVNAME=../sda");
    assert_int_equal(event.object, UEVENT_OF_OTHER);
    PARSE(event, "add@/devices/virtual/block/zram0\0MAJOR=254\0MINOR=0\0DEVNAME=zram0");
    assert_int_equal(event.object, UEVENT_OF_OTHER);
}

static void names_that_nodes_may_have(void **state)
{
    static const char *const good[] = {"dm-0", "dm-12", "md0", "md127p1", "md_home", "loop7"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(uevent_volume_name(good[i]));
}

static void names_that_nodes_may_not_have(void **state)
{
    static const char *const bad[] = {"",      "dm-",     "md",       "loop", "sda",
                                      "dm-0/", "dm-../x", "md/../x",  "md.",  "loop 0",
                                      "null",  "md0\n",   "loop\xc3", "/md0", "..md0"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uevent_volume_name(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_of_a_slot),
        cmocka_unit_test(a_volume),
        cmocka_unit_test(a_partition_of_a_volume),
        cmocka_unit_test(a_volume_without_a_name_is_none),
        cmocka_unit_test(a_volume_with_another_name_is_none),
        cmocka_unit_test(names_that_nodes_may_have),
        cmocka_unit_test(names_that_nodes_may_not_have),
    };
    return cmocka_run_group_tests_name("uevent", tests, NULL, NULL);
}
