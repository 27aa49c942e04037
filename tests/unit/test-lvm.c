/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent makes of the lines in which volume-groups tells of logical volumes. Images choose
 * the names in them. */
#include "agent/volume/lvm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

static struct lvm_volume read_line(const char *line)
{
    struct lvm_volume volume;
    lvm_read_volume(line, "what LVM said\nanother thing\n", &volume);
    return volume;
}

#define REST "LVM2_LV_KERNEL_MAJOR='253' LVM2_LV_KERNEL_MINOR='7'"

static void a_volume_that_is_active_has_a_device(void **state)
{
    static const char *const lines[] = {
        "LVM2_VG_NAME='vg-0' LVM2_LV_NAME='a.b_c+d' " REST,
        "LVM2_VG_NAME='vg-0'  LVM2_LV_NAME='a.b_c+d'   " REST " LVM2_LV_HEALTH_STATUS='' ",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lvm_volume volume = read_line(lines[i]);
        assert_true(volume.plain);
        assert_string_equal(volume.name, "vg-0/a.b_c+d");
        assert_int_equal(major(volume.number), 253);
        assert_int_equal(minor(volume.number), 7);
        assert_string_equal(volume.node, "/dev/logical7");
    }
}

static void one_that_is_not_says_why(void **state)
{
    static const char start[] = "LVM2_VG_NAME='v' LVM2_LV_NAME='l' LVM2_LV_KERNEL_MAJOR='-1' "
                                "LVM2_LV_KERNEL_MINOR='-1' LVM2_LV_HEALTH_STATUS='%s'";
    char line[256];
    (void)state;
    snprintf(line, sizeof line, start, "partial");
    struct lvm_volume partial = read_line(line);
    snprintf(line, sizeof line, start, "");
    struct lvm_volume inactive = read_line(line);
    assert_true(partial.plain && inactive.plain);
    assert_true(partial.number == 0 && inactive.number == 0);
    assert_string_equal(partial.why, "a physical volume of it is missing");
    assert_string_equal(inactive.why, "not activated: what LVM said");
}

static void the_complaint_that_names_it_is_its_reason(void **state)
{
    static const char complaints[] =
        "first of all\n"
        "device-mapper: reload ioctl on vg-a--b (254:5) failed: Invalid argument\n"
        "Refusing activation of partial LV vg/a.\n"
        "Can't process LV vg/ab: vdo target support missing from kernel?\n";
    static const struct {
        const char *name, *why;
        bool damaged;
    } cases[] = {
        {"a-b",
         "not activated: device-mapper: reload ioctl on vg-a--b (254:5) failed: Invalid argument",
         true},
        {"a", "not activated: Refusing activation of partial LV vg/a.", false},
        {"ab", "not activated: Can't process LV vg/ab: vdo target support missing from kernel?",
         false},
        {"b", "not activated: first of all", false},
    };
    char line[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lvm_volume volume;
        snprintf(line, sizeof line,
                 "LVM2_VG_NAME='vg' LVM2_LV_NAME='%s' LVM2_LV_KERNEL_MAJOR='-1' "
                 "LVM2_LV_KERNEL_MINOR='-1' LVM2_LV_HEALTH_STATUS=''",
                 cases[i].name);
        lvm_read_volume(line, complaints, &volume);
        assert_string_equal(volume.why, cases[i].why);
        assert_int_equal(volume.damaged, cases[i].damaged);
    }
}

static void what_a_physical_volume_is(void **state)
{
    static const struct {
        const char *use, *areas, *system, *group;
        enum lvm_member is;
    } cases[] = {
        {"used", "1", "", "vg", LVM_MEMBER_USED},
        {"used", "1", "node1", "vg", LVM_MEMBER_USED},
        {"", "1", "", "", LVM_MEMBER_ORPHAN},
        {"used", "0", "", "", LVM_MEMBER_ELSEWHERE},
        {"used", "1", "", "", LVM_MEMBER_DAMAGED},
        {"used", "1", "", "[unknown]", LVM_MEMBER_DAMAGED},
        {"used", "1", "it's", "vg", LVM_MEMBER_DAMAGED}, /* the line ends there */
    };
    char line[512], node[LVM_NODE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(line, sizeof line,
                 "LVM2_PV_NAME='/dev/mapper/overlay1' LVM2_PV_IN_USE='%s' LVM2_PV_MDA_COUNT='%s' "
                 "LVM2_VG_UUID='' LVM2_VG_EXPORTED='' LVM2_VG_CLUSTERED='' LVM2_VG_LOCK_TYPE='' "
                 "LVM2_VG_SYSTEMID='%s' LVM2_VG_NAME='%s'",
                 cases[i].use, cases[i].areas, cases[i].system, cases[i].group);
        assert_int_equal(lvm_read_member(line, node), cases[i].is);
        assert_string_equal(node, "/dev/mapper/overlay1");
    }
}

/* The host would take a name like these for a lie, and throw the appliance away. */
static void names_that_lvm_would_not_give_are_not_passed_on(void **state)
{
    static const char *const names[][2] = {{"a\033[1mb", "v/a__1mb"},
                                           {"a b", "v/a_b"},
                                           {"\xff", "v/_"},
                                           {"a/b", "v/a_b"},
                                           {"a?b", "v/a_b"}};
    char line[256];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(line, sizeof line, "LVM2_VG_NAME='v' LVM2_LV_NAME='%s' " REST, names[i][0]);
        struct lvm_volume volume = read_line(line);
        assert_false(volume.plain);
        assert_string_equal(volume.name, names[i][1]);
        assert_true(volume.number == 0);
        assert_non_null(strstr(volume.why, "characters that LVM does not allow"));
    }
}

/* Or it would be shown what is on another guest's disk. */
static void a_name_does_not_choose_the_device(void **state)
{
    static const char *const lines[] = {
        "LVM2_VG_NAME='v' LVM2_LV_NAME='x' LVM2_LV_KERNEL_MAJOR='8' LVM2_LV_KERNEL_MINOR='0' "
        "LVM2_LV_HEALTH_STATUS='' " REST " LVM2_LV_HEALTH_STATUS=''",
        "LVM2_VG_NAME='v' LVM2_LV_NAME='x' LVM2_LV_KERNEL_MAJOR='8' LVM2_LV_KERNEL_MINOR='0' "
        "' " REST,
        "LVM2_VG_NAME='v' LVM2_LV_KERNEL_MAJOR='8' LVM2_LV_KERNEL_MINOR='0' LVM2_LV_NAME='x' " REST,
        "LVM2_VG_NAME='v' LVM2_LV_NAME='x",
        "LVM2_VG_NAME='v",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct lvm_volume volume = read_line(lines[i]);
        assert_false(volume.plain);
        assert_true(volume.number == 0);
        assert_true(strchr(volume.name, '/') && !strchr(volume.name, '\''));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_volume_that_is_active_has_a_device),
        cmocka_unit_test(one_that_is_not_says_why),
        cmocka_unit_test(the_complaint_that_names_it_is_its_reason),
        cmocka_unit_test(what_a_physical_volume_is),
        cmocka_unit_test(names_that_lvm_would_not_give_are_not_passed_on),
        cmocka_unit_test(a_name_does_not_choose_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
