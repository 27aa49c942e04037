/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/disk-record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

/* What is written is read again. */
static void assert_returns(const char *image, const char *label)
{
    struct disk_record note = {.serial = "1a2b",
                               .mode = DISK_TRANSIENT,
                               .format = IMAGE_QCOW2,
                               .size = 12345,
                               .image = (char *)(uintptr_t)image};
    AUTO_DISK_RECORD struct disk_record read = {0};
    strcpy(note.label, label);
    AUTO_FREE char *text = disk_record_write(&note);
    assert_non_null(text);
    for (const char *p = text; *p; p++)
        assert_in_range((unsigned char)*p, ' ', '~');
    assert_int_equal(disk_record_read(text, &read), 0);
    assert_string_equal(read.image, image);
    assert_string_equal(read.label, label);
    assert_string_equal(read.serial, "1a2b");
    assert_int_equal(read.mode, DISK_TRANSIENT);
    assert_int_equal(read.format, IMAGE_QCOW2);
    assert_int_equal(read.size, 12345);
}

static void a_disk_is_found_again(void **state)
{
    (void)state;
    assert_returns("/srv/a.qcow2", "data");
    assert_returns("a", "");
}

static void each_mode_has_its_word(void **state)
{
    static const char *const words[] = {"ro", "rw", "transient"};
    static const enum disk_mode modes[] = {DISK_READ_ONLY, DISK_WRITABLE, DISK_TRANSIENT};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[64];
        AUTO_DISK_RECORD struct disk_record read = {0};
        snprintf(text, sizeof text, "1a2b %s - raw 512 a", words[i]);
        assert_int_equal(disk_record_read(text, &read), 0);
        assert_int_equal(read.mode, modes[i]);
        assert_string_equal(disk_record_mode_name(modes[i]), words[i]);
    }
}

static void any_bytes_of_a_path_come_through(void **state)
{
    (void)state;
    assert_returns("/a b/\"quo\\ted\"/\n\t\x01\x7f/\xff\xfe/\xc3\xa9/%41", "x");
    assert_returns("-", "");
}

static void what_is_no_note_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "s",
        "1a2b rw data qcow2 12345",
        "1a2b rw data qcow2 12345 a b",
        "1a2b  rw data qcow2 12345 a",
        "12345 rw data qcow2 12345 a",
        "1a2b rx data qcow2 12345 a",
        "1a2b rw da1a qcow2 12345 a",
        "1a2b rw abcdefghijklmnopqrstu qcow2 12345 a",
        "1a2b rw data word 12345 a",
        "1a2b rw data qcow2 -1 a",
        "1a2b rw data qcow2 99999999999999999999 a",
        "1a2b rw data qcow2 12345 %00",
        "1a2b rw data qcow2 12345 %zz",
    };
    struct disk_record note;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (disk_record_read(wrong[i], &note) == 0)
            fail_msg("accepted: \"%s\"", wrong[i]);
        assert_null(note.image);
    }
}

static void labels_are_letters(void **state)
{
    (void)state;
    assert_true(disk_record_label_valid("d", 1));
    assert_true(disk_record_label_valid("abcdefghijklmnopqrst", 20));
    assert_false(disk_record_label_valid("", 0));
    assert_false(disk_record_label_valid("abcdefghijklmnopqrstu", 21));
    assert_false(disk_record_label_valid("data1", 5));
    assert_false(disk_record_label_valid("da/a", 4));
    assert_false(disk_record_label_valid("d\xc3\xa9", 3));
}

/* A word means a label or a device, never both. */
static void a_disks_name_is_no_label(void **state)
{
    (void)state;
    assert_false(disk_record_label_valid("sda", 3));
    assert_false(disk_record_label_valid("sdiu", 4));
    assert_true(disk_record_label_valid("sd", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_is_found_again),
        cmocka_unit_test(each_mode_has_its_word),
        cmocka_unit_test(any_bytes_of_a_path_come_through),
        cmocka_unit_test(what_is_no_note_is_refused),
        cmocka_unit_test(labels_are_letters),
        cmocka_unit_test(a_disks_name_is_no_label),
    };
    return cmocka_run_group_tests_name("disk-note", tests, NULL, NULL);
}
