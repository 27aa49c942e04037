/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockdev.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Takes the object over and compares it with JSON that uses ' for ". */
static void assert_json(json_t *object, const char *expected)
{
    AUTO_FREE char *quoted = strdup(expected);
    for (char *p = quoted; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *wanted = json_loads(quoted, 0, NULL);
    AUTO_FREE char *text = json_dumps(object, JSON_SORT_KEYS);

    assert_non_null(wanted);
    if (!json_equal(object, wanted))
        fail_msg("%s", text);
    json_decref(wanted);
    json_decref(object);
}

static void names_and_slots_are_inverse(void **state)
{
    char name[BLOCKDEV_NAME_MAX];

    (void)state;
    assert_string_equal(blockdev_name(0, name), "slot0");
    assert_string_equal(blockdev_name(254, name), "slot254");
    assert_string_equal(blockdev_name(UINT32_MAX, name), "slot4294967295");
    for (int i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(blockdev_slot(blockdev_name((unsigned)i, name)), i);
}

static void ids_of_other_devices_are_no_slots(void **state)
{
    static const char *const wrong[] = {
        "",        "slot",    "slot-1",         "slot255",
        "slot256", "slot00",  "slot07",         "slot1 ",
        " slot1",  "Slot1",   "slot1x",         "scsi0",
        "root",    "slot0x1", "slot4294967296", "slot18446744073709551616"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(blockdev_slot(wrong[i]), -1);
}

static void a_raw_image_is_one_format_on_one_descriptor(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = 7;

    (void)state;
    assert_json(blockdev_chain(&chain, &set, 3),
                "{'driver': 'raw', 'node-name': 'slot3', 'read-only': true, 'force-share': true,"
                " 'file': {'driver': 'file', 'filename': '/dev/fdset/7', 'read-only': true,"
                " 'force-share': true, 'locking': 'off'}}");
}

static void a_block_device_has_the_driver_for_it(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW, .block_device = true};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = INT64_MAX;

    (void)state;
    assert_json(blockdev_chain(&chain, &set, 254),
                "{'driver': 'raw', 'node-name': 'slot254', 'read-only': true, 'force-share': true,"
                " 'file': {'driver': 'host_device', 'filename': '/dev/fdset/9223372036854775807',"
                " 'read-only': true, 'force-share': true, 'locking': 'off'}}");
}

static void every_layer_names_its_backing_and_the_last_has_none(void **state)
{
    struct image_layer layers[] = {
        {.format = IMAGE_QCOW2}, {.format = IMAGE_QED}, {.format = IMAGE_RAW}};
    struct image_chain chain = {.count = 3, .layers = layers};
    int64_t sets[] = {1, 2, 3};

    (void)state;
#define FILE_NODE(set)                                                                             \
    "'read-only': true, 'force-share': true, 'file': {'driver': 'file', 'filename': "              \
    "'/dev/fdset/" set "', 'read-only': true, 'force-share': true, 'locking': 'off'}"
    assert_json(
        blockdev_chain(&chain, sets, 0),
        "{'driver': 'qcow2', 'node-name': 'slot0', " FILE_NODE(
            "1") ", 'backing':"
                 " {'driver': 'qed', " FILE_NODE("2") ", 'backing':"
                                                      " {'driver': 'raw', " FILE_NODE("3") "}}}");
}

static void formats_that_could_open_a_parent_are_told_that_there_is_none(void **state)
{
    static const enum image_format with[] = {IMAGE_QCOW2, IMAGE_QED, IMAGE_VMDK};
    static const enum image_format without[] = {IMAGE_RAW, IMAGE_VDI, IMAGE_VHDX, IMAGE_VPC};
    int64_t set = 0;

    (void)state;
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        struct image_layer layer = {.format = with[i]};
        struct image_chain chain = {.count = 1, .layers = &layer};
        json_t *node = blockdev_chain(&chain, &set, 0);
        assert_true(json_is_null(json_object_get(node, "backing")));
        json_decref(node);
    }
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        struct image_layer layer = {.format = without[i]};
        struct image_chain chain = {.count = 1, .layers = &layer};
        json_t *node = blockdev_chain(&chain, &set, 0);
        assert_string_equal(json_string_value(json_object_get(node, "driver")),
                            image_format_name(without[i]));
        assert_null(json_object_get(node, "backing"));
        json_decref(node);
    }
}

static void the_device_is_at_its_target(void **state)
{
    (void)state;
    assert_json(blockdev_device(254, "scsi0.0", "g1d0", 4096),
                "{'driver': 'scsi-hd', 'id': 'slot254', 'bus': 'scsi0.0', 'channel': 0,"
                " 'scsi-id': 254, 'lun': 0, 'drive': 'slot254', 'serial': 'g1d0', 'share-rw': true,"
                " 'logical_block_size': 4096, 'physical_block_size': 4096}");
}

static void the_default_sector_has_512_bytes(void **state)
{
    json_t *device = blockdev_device(0, "scsi0.0", "x", 0);

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(device, "logical_block_size")), 512);
    assert_int_equal(json_integer_value(json_object_get(device, "physical_block_size")), 512);
    json_decref(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_slots_are_inverse),
        cmocka_unit_test(ids_of_other_devices_are_no_slots),
        cmocka_unit_test(a_raw_image_is_one_format_on_one_descriptor),
        cmocka_unit_test(a_block_device_has_the_driver_for_it),
        cmocka_unit_test(every_layer_names_its_backing_and_the_last_has_none),
        cmocka_unit_test(formats_that_could_open_a_parent_are_told_that_there_is_none),
        cmocka_unit_test(the_device_is_at_its_target),
        cmocka_unit_test(the_default_sector_has_512_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
