/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/qmp-blockdev.h"
#include "wire/protocol.h"

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
    char name[QMP_BLOCKDEV_NAME_MAX];

    (void)state;
    assert_string_equal(qmp_blockdev_name(0, name), "s0");
    assert_string_equal(qmp_blockdev_name(254, name), "s254");
    assert_string_equal(qmp_blockdev_name(UINT32_MAX, name), "s4294967295");
    for (int i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(qmp_blockdev_slot(qmp_blockdev_name((unsigned)i, name)), i);
}

static void ids_of_other_devices_are_no_slots(void **state)
{
    static const char *const wrong[] = {
        "",    "s",  "s-1", "s255",  "s256", "s00",  "s07",         "s1 ",
        " s1", "S1", "s1x", "scsi0", "root", "s0x1", "s4294967296", "s18446744073709551616"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(qmp_blockdev_slot(wrong[i]), -1);
}

static void a_tag_is_read_back(void **state)
{
    const char *note = "";

    (void)state;
    assert_json(qmp_blockdev_tag(12, NULL), "{'opaque': 's12'}");
    assert_json(qmp_blockdev_tag(254, "a b"), "{'opaque': 's254 a b'}");
    assert_json(qmp_blockdev_tag(0, ""), "{'opaque': 's0 '}");
    assert_json(qmp_blockdev_tag(0, "\xc3\xa4"), "{'opaque': 's0 \xc3\xa4'}");
    assert_null(qmp_blockdev_tag(0, "\xff"));
    assert_int_equal(qmp_blockdev_read_tag("s12", &note), 12);
    assert_null(note);
    assert_int_equal(qmp_blockdev_read_tag("s254 a b", &note), 254);
    assert_string_equal(note, "a b");
    assert_int_equal(qmp_blockdev_read_tag("s0 ", &note), 0);
    assert_string_equal(note, "");
}

static void tags_of_others_are_no_slots(void **state)
{
    static const char *const wrong[] = {"",
                                        " ",
                                        "s",
                                        "s255",
                                        "s01 x",
                                        "S1",
                                        "s1x",
                                        " s1",
                                        "libvirt 1",
                                        "s1\tx",
                                        "s00000000000000000000000000000000000000001 x"};
    const char *note;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(qmp_blockdev_read_tag(wrong[i], &note), -1);
}

static void a_writable_disk_is_locked(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = 7;

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, &set, 3, false, true, NULL),
                "{'driver': 'file', 'node-name': 's3', 'read-only': false,"
                " 'filename': '/dev/fdset/7', 'locking': 'auto'}");
}

static void what_backs_a_writable_disk_is_read_only(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2}, {.format = IMAGE_RAW}};
    struct image_chain chain = {.count = 2, .layers = layers};
    int64_t sets[] = {1, 2};

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, sets, 0, false, true, NULL),
                "{'driver': 'qcow2', 'node-name': 's0', 'read-only': false,"
                " 'file': {'driver': 'file', 'filename': '/dev/fdset/1', 'locking': 'auto'},"
                " 'backing': {'driver': 'raw', 'read-only': true,"
                "  'file': {'driver': 'file', 'filename': '/dev/fdset/2', 'locking': 'auto'}}}");
}

/* The image is neither locked nor written; what is written ends at a size, and is never flushed. */
static void a_transient_disk_is_a_file_in_front_of_its_image(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2, .size = 65536}, {.format = IMAGE_RAW}};
    struct image_chain chain = {.count = 2, .layers = layers, .overlay = true};
    int64_t sets[] = {1, 2};

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, sets, 0, false, true, NULL),
                "{'driver': 'qcow2', 'node-name': 's0', 'read-only': false,"
                " 'cache': {'no-flush': true},"
                " 'file': {'driver': 'raw', 'offset': 0, 'size': 65536, 'file':"
                "  {'driver': 'file', 'filename': '/dev/fdset/1', 'locking': 'off'}},"
                " 'backing': {'driver': 'raw', 'read-only': true,"
                "  'file': {'driver': 'file', 'filename': '/dev/fdset/2', 'locking': 'off'}}}");
}

static void a_raw_image_is_a_descriptor_and_nothing_above_it(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = 7;

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, &set, 3, false, false, NULL),
                "{'driver': 'file', 'node-name': 's3', 'read-only': true,"
                " 'filename': '/dev/fdset/7', 'locking': 'off'}");
}

static void behind_a_reserved_device_is_nothing(void **state)
{
    (void)state;
    assert_json(qmp_blockdev_reserved(1),
                "{'driver': 'null-co', 'node-name': 's1', 'read-only': true, 'size': 1048576,"
                " 'read-zeroes': true}");
}

static void the_next_disk_has_a_name_of_its_own(void **state)
{
    struct image_layer layer = {.format = IMAGE_QCOW2};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = 8;

    (void)state;
    assert_json(
        qmp_blockdev_successor(qmp_blockdev_chain(&chain, &set, 3, false, false, NULL), 3, 12),
        "{'driver': 'qcow2', 'node-name': 'n3.12', 'read-only': true, 'backing': null,"
        " 'file': {'driver': 'file', 'filename': '/dev/fdset/8', 'locking': 'off'}}");
    assert_json(qmp_blockdev_replace(3, 12),
                "{'path': '/machine/peripheral/s3', 'property': 'drive', 'value': 'n3.12'}");
    assert_null(qmp_blockdev_successor(NULL, 3, 12));
    assert_int_equal(qmp_blockdev_slot("n3.12"), -1);
}

static void io_uring_is_used_where_there_is_one(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = 7;

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, &set, 3, true, false, NULL),
                "{'driver': 'file', 'node-name': 's3', 'read-only': true,"
                " 'filename': '/dev/fdset/7', 'locking': 'off', 'aio': 'io_uring'}");
}

/* The texts of QEMU 7.2 and 11.1. */
static void that_io_uring_is_refused_is_seen(void **state)
{
    (void)state;
    assert_true(qmp_blockdev_lacks_io_uring(
        "blockdev-add: Unable to use io_uring: failed to init linux io_uring ring: Operation not "
        "permitted"));
    assert_true(qmp_blockdev_lacks_io_uring(
        "blockdev-add: aio=io_uring was specified, but is not available (disabled via "
        "io_uring_disabled sysctl or blocked by container runtime seccomp policy?)"));
    assert_false(qmp_blockdev_lacks_io_uring("blockdev-add: Could not open '/dev/fdset/7'"));
}

static void a_block_device_has_the_driver_for_it(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW, .block_device = true};
    struct image_chain chain = {.count = 1, .layers = &layer};
    int64_t set = INT64_MAX;

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, &set, 254, false, false, NULL),
                "{'driver': 'host_device', 'node-name': 's254', 'read-only': true,"
                " 'filename': '/dev/fdset/9223372036854775807', 'locking': 'off'}");
}

static void every_layer_names_its_backing_and_the_last_has_none(void **state)
{
    struct image_layer layers[] = {
        {.format = IMAGE_QCOW2}, {.format = IMAGE_QED}, {.format = IMAGE_QCOW2}};
    struct image_chain chain = {.count = 3, .layers = layers};
    int64_t sets[] = {1, 2, 3};

    (void)state;
#define FILE_NODE(set)                                                                             \
    "'file': {'driver': 'file', 'filename': '/dev/fdset/" set "', 'locking': 'off'}"
    assert_json(
        qmp_blockdev_chain(&chain, sets, 0, false, false, NULL),
        "{'driver': 'qcow2', 'node-name': 's0', 'read-only': true, " FILE_NODE(
            "1") ", 'backing': {'driver': 'qed', " FILE_NODE("2") ", 'backing':"
                                                                  " {'driver': 'qcow2', " FILE_NODE(
                                                                      "3") ", 'backing': null}}}");
}

static void a_data_file_is_given_beside_the_backing(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2},
                                   {.format = IMAGE_RAW, .role = IMAGE_ROLE_DATA},
                                   {.format = IMAGE_QCOW2},
                                   {.format = IMAGE_RAW, .role = IMAGE_ROLE_DATA}};
    struct image_chain chain = {.count = 4, .layers = layers};
    int64_t sets[] = {1, 2, 3, 4};

    (void)state;
    assert_json(
        qmp_blockdev_chain(&chain, sets, 0, false, false, NULL),
        "{'driver': 'qcow2', 'node-name': 's0', 'read-only': true, " FILE_NODE(
            "1") ","
                 " 'data-file': {'driver': 'file', 'filename': '/dev/fdset/2', 'locking': 'off'},"
                 " 'backing': {'driver': 'qcow2', " FILE_NODE(
                     "3") ", 'backing': null,"
                          " 'data-file': {'driver': 'file', 'filename': '/dev/fdset/4', 'locking': "
                          "'off'}}}");
}

static unsigned allowed, asked;

/* There is none once, after so many times. */
static void *scarce_memory(size_t size)
{
    return asked++ == allowed ? NULL : malloc(size);
}

static void without_memory_it_is_not_another_disk(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2},
                                   {.format = IMAGE_RAW, .role = IMAGE_ROLE_DATA},
                                   {.format = IMAGE_QCOW2}};
    struct image_chain chain = {.count = 3, .layers = layers};
    int64_t sets[] = {1, 2, 3};

    (void)state;
    bool enough = false;
    for (allowed = 0; !enough; allowed++) {
        asked = 0;
        json_set_alloc_funcs(scarce_memory, free);
        json_t *node = qmp_blockdev_chain(&chain, sets, 0, false, false, NULL);
        json_set_alloc_funcs(malloc, free);
        if (node) {
            assert_non_null(json_object_get(node, "data-file"));
            assert_non_null(json_object_get(node, "backing"));
        }
        enough = asked <= allowed;
        assert_true(node || !enough);
        json_decref(node);
    }
}

static void a_vhd_has_the_size_of_its_footer(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2}, {.format = IMAGE_VPC}};
    struct image_chain chain = {.count = 2, .layers = layers};
    char export_name[] = "x";
    int64_t sets[] = {1, 2};

    (void)state;
    assert_true(qmp_blockdev_wants_option(&chain));
    assert_json(qmp_blockdev_as_options(qmp_blockdev_chain(&chain, sets, 4, false, false, NULL)),
                "{'command-line': 'drive_add -n 0 driver=qcow2,file.driver=file,"
                "file.filename=/dev/fdset/1,file.locking=off,backing.driver=vpc,"
                "backing.file.driver=file,backing.file.filename=/dev/fdset/2,"
                "backing.file.locking=off,backing.force_size_calc=current_size,"
                "read-only=on,node-name=s4'}");
    assert_json(qmp_blockdev_as_options(json_pack("{s:s, s:b}", "a", "b,c", "d", 0)),
                "{'command-line': 'drive_add -n 0 a=b,,c,d=off'}");
    assert_null(qmp_blockdev_as_options(NULL));
    layers[1].format = IMAGE_RAW;
    assert_false(qmp_blockdev_wants_option(&chain));
    chain.nbd_export = export_name;
    layers[1].format = IMAGE_VPC;
    assert_false(qmp_blockdev_wants_option(&chain));
}

static void a_remote_image_is_a_socket_that_qemu_has(void **state)
{
    struct image_layer layer = {.format = IMAGE_RAW};
    char export_name[] = "a b";
    struct image_chain chain = {.count = 1, .layers = &layer, .nbd_export = export_name};

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, NULL, 7, true, false, NULL),
                "{'driver': 'nbd', 'node-name': 's7', 'read-only': true,"
                " 'server': {'type': 'fd', 'str': 's7'}, 'export': 'a b'}");
    layer.format = IMAGE_QCOW2;
    assert_json(qmp_blockdev_chain(&chain, NULL, 8, true, false, NULL),
                "{'driver': 'qcow2', 'node-name': 's8', 'read-only': true, 'backing': null, 'file':"
                " {'driver': 'nbd', 'server': {'type': 'fd', 'str': 's8'}, 'export': 'a b'}}");
}

static void extents_are_in_the_descriptor_and_nowhere_else(void **state)
{
    struct image_layer layers[] = {
        {.format = IMAGE_QCOW2},
        {.format = IMAGE_VMDK},
        {.format = IMAGE_RAW, .role = IMAGE_ROLE_EXTENT, .offset = 1024, .size = 4096},
        {.format = IMAGE_VMDK, .role = IMAGE_ROLE_EXTENT, .size = 8192}};
    struct image_chain chain = {.count = 4, .layers = layers};
    int64_t sets[] = {1, 2, 3, 4};

    (void)state;
    assert_false(qmp_blockdev_has_extents(&chain, 0));
    assert_true(qmp_blockdev_has_extents(&chain, 1));
    assert_false(qmp_blockdev_has_extents(&chain, 2));
    assert_false(qmp_blockdev_has_extents(&chain, 3));
    AUTO_FREE char *text = qmp_blockdev_descriptor(&chain, 1, sets);
    assert_non_null(
        strstr(text, "\nRW 8 FLAT \"/dev/fdset/3\" 2\nRW 16 SPARSE \"/dev/fdset/4\"\n"));
    assert_null(strstr(text, "\n\n"));
    assert_json(qmp_blockdev_chain(&chain, sets, 0, false, false, NULL),
                "{'driver': 'qcow2', 'node-name': 's0', 'read-only': true, " FILE_NODE(
                    "1") ","
                         " 'backing': {'driver': 'vmdk', " FILE_NODE("2") ", 'backing': null}}");
}

/* The parts of a snapshot's file are put together below its format. */
static void parts_of_a_file_are_joined_without_locks(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2},
                                   {.format = IMAGE_RAW, .role = IMAGE_ROLE_EXTENT, .size = 512},
                                   {.format = IMAGE_RAW, .role = IMAGE_ROLE_EXTENT, .offset = 512},
                                   {.format = IMAGE_RAW}};
    struct image_chain chain = {.count = 4, .layers = layers};
    int64_t sets[] = {1, 2, 3, 4};

    (void)state;
    assert_true(qmp_blockdev_wants_option(&chain));
    assert_json(qmp_blockdev_chain(&chain, sets, 0, false, false, NULL),
                "{'driver': 'qcow2', 'node-name': 's0', 'read-only': true, 'file': "
                "{'driver': 'vmdk', 'backing': null, " FILE_NODE(
                    "1") ","
                         " 'extents': {'0': {'locking': 'off'}, '1': {'locking': 'off'}}},"
                         " 'backing': {'driver': 'raw', " FILE_NODE("4") "}}");
}

static void a_raw_backing_file_has_a_node_for_its_format(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2}, {.format = IMAGE_RAW}};
    struct image_chain chain = {.count = 2, .layers = layers};
    int64_t sets[] = {1, 2};

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, sets, 0, false, false, NULL),
                "{'driver': 'qcow2', 'node-name': 's0', 'read-only': true, " FILE_NODE(
                    "1") ", 'backing': {'driver': 'raw', " FILE_NODE("2") "}}");
}

static void formats_that_could_open_a_parent_are_told_that_there_is_none(void **state)
{
    static const enum image_format with[] = {IMAGE_QCOW2, IMAGE_QED, IMAGE_VMDK};
    static const enum image_format without[] = {IMAGE_VDI, IMAGE_VHDX, IMAGE_VPC, IMAGE_PARALLELS};
    int64_t set = 0;

    (void)state;
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        struct image_layer layer = {.format = with[i]};
        struct image_chain chain = {.count = 1, .layers = &layer};
        json_t *node = qmp_blockdev_chain(&chain, &set, 0, false, false, NULL);
        assert_true(json_is_null(json_object_get(node, "backing")));
        json_decref(node);
    }
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        struct image_layer layer = {.format = without[i]};
        struct image_chain chain = {.count = 1, .layers = &layer};
        json_t *node = qmp_blockdev_chain(&chain, &set, 0, false, false, NULL);
        assert_string_equal(json_string_value(json_object_get(node, "driver")),
                            image_format_name(without[i]));
        assert_null(json_object_get(node, "backing"));
        json_decref(node);
    }
}

static void the_device_is_at_its_target(void **state)
{
    (void)state;
    assert_json(
        qmp_blockdev_device(254, "0001", 4096, false),
        "{'driver': 'scsi-hd', 'id': 's254', 'scsi-id': 254, 'drive': 's254', 'ver': '0001',"
        " 'logical_block_size': 4096, 'physical_block_size': 4096}");
}

static void sectors_of_512_bytes_need_not_be_said(void **state)
{
    (void)state;
    assert_json(qmp_blockdev_device(0, "0001", 0, false),
                "{'driver': 'scsi-hd', 'id': 's0', 'scsi-id': 0, 'drive': 's0', 'ver': '0001'}");
    assert_json(qmp_blockdev_device(0, "0001", 512, false),
                "{'driver': 'scsi-hd', 'id': 's0', 'scsi-id': 0, 'drive': 's0', 'ver': '0001'}");
}

static void a_full_host_is_an_error_of_the_disk_that_is_written(void **state)
{
    (void)state;
    assert_json(qmp_blockdev_device(0, "0001", 512, true),
                "{'driver': 'scsi-hd', 'id': 's0', 'scsi-id': 0, 'drive': 's0', 'ver': '0001',"
                " 'werror': 'report'}");
}

static void encrypted_layers_have_the_secret(void **state)
{
    struct image_layer layers[] = {{.format = IMAGE_QCOW2, .encrypted = true},
                                   {.format = IMAGE_QCOW2},
                                   {.format = IMAGE_RAW, .encrypted = true}};
    const struct image_chain chain = {.count = 3, .layers = layers};
    const struct image_chain around = {.count = 1, .layers = &layers[2]};
    const int64_t sets[] = {1, 2, 3};

    (void)state;
    assert_json(qmp_blockdev_chain(&chain, sets, 0, false, false, "k"),
                "{'driver':'qcow2','file':{'driver':'file','filename':'/dev/fdset/1','locking':"
                "'off'},'encrypt':{'format':'luks','key-secret':'k'},'backing':{'driver':'qcow2',"
                "'file':{'driver':'file','filename':'/dev/fdset/2','locking':'off'},'backing':{"
                "'driver':'luks','file':{'driver':'file','filename':'/dev/fdset/3','locking':"
                "'off'},'key-secret':'k'}},'read-only':true,'node-name':'s0'}");
    assert_json(qmp_blockdev_chain(&around, sets, 0, false, false, "k"),
                "{'driver':'luks','file':{'driver':'file','filename':'/dev/fdset/1','locking':"
                "'off'},'key-secret':'k','read-only':true,'node-name':'s0'}");
    assert_json(qmp_blockdev_secret("k", 12),
                "{'qom-type':'secret','id':'k','file':'/proc/self/fd/12'}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_slots_are_inverse),
        cmocka_unit_test(ids_of_other_devices_are_no_slots),
        cmocka_unit_test(a_tag_is_read_back),
        cmocka_unit_test(tags_of_others_are_no_slots),
        cmocka_unit_test(a_writable_disk_is_locked),
        cmocka_unit_test(what_backs_a_writable_disk_is_read_only),
        cmocka_unit_test(a_transient_disk_is_a_file_in_front_of_its_image),
        cmocka_unit_test(a_raw_image_is_a_descriptor_and_nothing_above_it),
        cmocka_unit_test(behind_a_reserved_device_is_nothing),
        cmocka_unit_test(the_next_disk_has_a_name_of_its_own),
        cmocka_unit_test(io_uring_is_used_where_there_is_one),
        cmocka_unit_test(that_io_uring_is_refused_is_seen),
        cmocka_unit_test(a_block_device_has_the_driver_for_it),
        cmocka_unit_test(every_layer_names_its_backing_and_the_last_has_none),
        cmocka_unit_test(a_data_file_is_given_beside_the_backing),
        cmocka_unit_test(without_memory_it_is_not_another_disk),
        cmocka_unit_test(a_vhd_has_the_size_of_its_footer),
        cmocka_unit_test(a_remote_image_is_a_socket_that_qemu_has),
        cmocka_unit_test(extents_are_in_the_descriptor_and_nowhere_else),
        cmocka_unit_test(parts_of_a_file_are_joined_without_locks),
        cmocka_unit_test(a_raw_backing_file_has_a_node_for_its_format),
        cmocka_unit_test(formats_that_could_open_a_parent_are_told_that_there_is_none),
        cmocka_unit_test(the_device_is_at_its_target),
        cmocka_unit_test(sectors_of_512_bytes_need_not_be_said),
        cmocka_unit_test(encrypted_layers_have_the_secret),
        cmocka_unit_test(a_full_host_is_an_error_of_the_disk_that_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
