/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fstab, device names, mount options: text of strangers. */
#include "agent/guest/fstab.h"

#include "agent/mount/mount-options.h"
#include "agent/volume/device-spec.h"
#include "base/cleanup.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

/* ---- fstab ---- */

static struct fstab parse(const char *text)
{
    struct fstab table;
    assert_int_equal(fstab_parse(text, strlen(text), &table), 0);
    return table;
}

static void assert_entry(const struct fstab *table, size_t index, unsigned line, const char *device,
                         const char *where, const char *type, const char *options)
{
    assert_true(index < table->count);
    const struct fstab_entry *entry = &table->entries[index];
    assert_null(entry->problem);
    assert_int_equal(entry->line, line);
    assert_string_equal(entry->device, device);
    assert_string_equal(entry->where, where);
    assert_string_equal(entry->type, type);
    assert_string_equal(entry->options, options);
}

static void a_usual_one(void **state)
{
    struct fstab table = parse("# /etc/fstab\n"
                               "\n"
                               "UUID=abc / ext4 errors=remount-ro 0 1\n"
                               "  LABEL=boot\t/boot\text2\tdefaults,nofail\t0\t2  # x\n"
                               "\t# comment\n"
                               "/dev/sda5 none swap sw 0 0");
    (void)state;
    assert_int_equal(table.count, 3);
    assert_entry(&table, 0, 3, "UUID=abc", "/", "ext4", "errors=remount-ro");
    assert_entry(&table, 1, 4, "LABEL=boot", "/boot", "ext2", "defaults,nofail");
    assert_entry(&table, 2, 6, "/dev/sda5", "none", "swap", "sw");
    fstab_free(&table);
}

static void missing_fields_and_line_ends(void **state)
{
    struct fstab table = parse("/dev/sda1 /a\r\n/dev/sda2 /b ext4\n/dev/sda3\n");
    (void)state;
    assert_int_equal(table.count, 3);
    assert_entry(&table, 0, 1, "/dev/sda1", "/a", "auto", "defaults");
    assert_entry(&table, 1, 2, "/dev/sda2", "/b", "ext4", "defaults");
    assert_string_equal(table.entries[2].problem, "no mount point");
    fstab_free(&table);
}

static void escapes(void **state)
{
    struct fstab table = parse("LABEL=a\\040b /my\\040disk\\011x\\134 ext4 ro\n"
                               "/dev/sda1 /not\\48\\4\\ ext4 ro\n"
                               "/dev/sda2 /nul\\000x ext4 ro\n");
    (void)state;
    assert_int_equal(table.count, 3);
    assert_entry(&table, 0, 1, "LABEL=a b", "/my disk\tx\\", "ext4", "ro");
    assert_entry(&table, 1, 2, "/dev/sda1", "/not\\48\\4\\", "ext4", "ro");
    assert_string_equal(table.entries[2].problem, "a NUL byte");
    fstab_free(&table);
}

static void bytes_of_no_text(void **state)
{
    static const char bytes[] = "/dev/sda1 /a ext4\n/dev/sd\0a2 /b ext4\n/dev/sda3 /\xff\xfe ext4";
    struct fstab table;
    (void)state;
    assert_int_equal(fstab_parse(bytes, sizeof bytes - 1, &table), 0);
    assert_int_equal(table.count, 3);
    assert_string_equal(table.entries[1].problem, "a NUL byte");
    assert_entry(&table, 2, 3, "/dev/sda3", "/\xff\xfe", "ext4", "defaults");
    fstab_free(&table);
    assert_int_equal(fstab_parse(NULL, 0, &table), 0);
    assert_int_equal(table.count, 0);
    fstab_free(&table);
}

static void too_much(void **state)
{
    struct fstab table;
    size_t size = FSTAB_SIZE_MAX + 100;
    static const char line[] = {'a', ' ', 'b', '\n'};
    AUTO_FREE char *text = malloc(size);
    (void)state;
    memset(text, 'x', size); /* one field */
    assert_int_equal(fstab_parse(text, size, &table), 0);
    assert_int_equal(table.count, 2);
    assert_string_equal(table.entries[0].problem, "a field is too long");
    assert_non_null(strstr(table.entries[1].problem, "the file is too large"));
    fstab_free(&table);
    for (size_t i = 0; i + 4 <= size; i += 4)
        memcpy(text + i, line, sizeof line);
    assert_int_equal(fstab_parse(text, size, &table), 0);
    assert_int_equal(table.count, FSTAB_ENTRIES_MAX + 1);
    assert_null(table.entries[FSTAB_ENTRIES_MAX - 1].problem);
    assert_non_null(strstr(table.entries[FSTAB_ENTRIES_MAX].problem, "too many entries"));
    fstab_free(&table);
}

static void passed_over(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"/dev/sda1 / ext4", NULL},
        {"tmpfs /tmp tmpfs", NULL}, /* its device decides */
        {"/dev/sda1 /a ext4 noauto,nofail", NULL},
        {"/dev/sda1 none swap sw", "swap"},
        {"/dev/sda1 swap swap", "swap"},
        {"/dev/sda1 none ext4", "it has no mount point"},
        {"/dev/sda1 relative ext4", "it has no mount point"},
        {"/a /b none bind", "a bind mount"},
        {"/a /b none rw,rbind,x-y", "a bind mount"},
        {"/a /b none binding", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fstab table = parse(cases[i].text);
        const char *why = fstab_passed_over(&table.entries[0]);
        if (cases[i].why)
            assert_string_equal(why, cases[i].why);
        else
            assert_null(why);
        fstab_free(&table);
    }
}

static void options(void **state)
{
    char value[8];
    (void)state;
    assert_true(mount_options_value("rw,subvol=/@,x", "subvol", value, sizeof value));
    assert_string_equal(value, "/@");
    assert_true(
        mount_options_value("subvolid=5,subvol=@home/too/long", "subvol", value, sizeof value));
    assert_string_equal(value, "@home/t");
    assert_false(mount_options_value("subvolid=5,xsubvol=1", "subvol", value, sizeof value));
    assert_false(mount_options_value("subvol", "subvol", value, sizeof value));
    assert_false(mount_options_value("", "subvol", value, sizeof value));
    assert_true(mount_options_has("a,nofail", "nofail"));
    assert_true(mount_options_has("nofail", "nofail"));
    assert_false(mount_options_has("nofails,anofail,nofail=1", "nofail"));
    assert_false(mount_options_has("", "nofail"));
}

/* ---- devices ---- */

static void assert_node(const char *text, unsigned disk, unsigned partition)
{
    struct device_spec spec;
    device_spec_parse(text, &spec);
    assert_int_equal(spec.kind, DEVICE_SPEC_NODE);
    assert_int_equal(spec.disk, disk);
    assert_int_equal(spec.partition, partition);
}

static void nodes(void **state)
{
    (void)state;
    assert_node("/dev/sda", 0, 0);
    assert_node("/dev/sda1", 0, 1);
    assert_node("/dev/sdb12", 1, 12);
    assert_node("/dev/vdc3", 2, 3);
    assert_node("/dev/xvda2", 0, 2);
    assert_node("/dev/hdd1", 3, 1);
    assert_node("/dev/sdaa1", 26, 1);
    assert_node("/dev/nvme0n1", 0, 0);
    assert_node("/dev/nvme1n1p2", 1, 2);
    assert_node("/dev/mmcblk0p1", 0, 1);
}

static void assert_named(const char *text, enum device_spec_kind kind, const char *value)
{
    struct device_spec spec;
    device_spec_parse(text, &spec);
    assert_int_equal(spec.kind, kind);
    assert_string_equal(spec.value, value);
}

static void names(void **state)
{
    (void)state;
    assert_named("UUID=12-34", DEVICE_SPEC_UUID, "12-34");
    assert_named("UUID=\"12-34\"", DEVICE_SPEC_UUID, "12-34");
    assert_named("LABEL='a b'", DEVICE_SPEC_LABEL, "a b");
    assert_named("LABEL=\"", DEVICE_SPEC_LABEL, "\"");
    assert_named("LABEL=", DEVICE_SPEC_LABEL, "");
    assert_named("PARTUUID=a", DEVICE_SPEC_PARTUUID, "a");
    assert_named("PARTLABEL=EFI", DEVICE_SPEC_PARTLABEL, "EFI");
    assert_named("/dev/disk/by-uuid/12", DEVICE_SPEC_UUID, "12");
    assert_named("/dev/disk/by-label/a\\x20b\\x2", DEVICE_SPEC_LABEL, "a b\\x2");
    assert_named("/dev/disk/by-partuuid/1", DEVICE_SPEC_PARTUUID, "1");
    assert_named("/dev/disk/by-partlabel/1", DEVICE_SPEC_PARTLABEL, "1");
}

static void kinds(void **state)
{
    static const char *const mapped[] = {"/dev/mapper/vg-root", "/dev/vg/root", "/dev/md0",
                                         "/dev/dm-0", "/dev/md/x"};
    static const char *const hardware[] = {
        "/dev/disk/by-id/x", "/dev/disk/by-path/x", "/dev/sr0",       "/dev/sda0",
        "/dev/sd1",          "/dev/sda1x",          "/dev/nvme0n2p1", "/dev/nvme0",
        "/dev/vg/",          "/dev/sda99999999",    "/dev/sdaaaa1"};
    static const char *const others[] = {"tmpfs", "server:/x",      "",
                                         "/dev/", "//server/share", "/swapfile"};
    struct device_spec spec;
    (void)state;
    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++) {
        device_spec_parse(mapped[i], &spec);
        assert_int_equal(spec.kind, DEVICE_SPEC_MAPPED);
    }
    for (size_t i = 0; i < sizeof hardware / sizeof *hardware; i++) {
        device_spec_parse(hardware[i], &spec);
        assert_int_equal(spec.kind, DEVICE_SPEC_HARDWARE);
        assert_int_equal(spec.partition, 0);
    }
    device_spec_parse("/dev/disk/by-id/scsi-x-part1-part12", &spec);
    assert_int_equal(spec.kind, DEVICE_SPEC_HARDWARE);
    assert_int_equal(spec.partition, 12);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        device_spec_parse(others[i], &spec);
        assert_int_equal(spec.kind, DEVICE_SPEC_OTHER);
    }
}

static void mapped_names_are_those_of_volumes(void **state)
{
    static const char *const names[][2] = {
        {"/dev/vg/lv", "vg/lv"},
        {"/dev/mapper/vg-lv", "vg/lv"},
        {"/dev/disk/lv", "disk/lv"},
        {"/dev/disk/by-id/dm-name-vg-lv", "vg/lv"},
        {"/dev/disk/by-id/md-name-host:data", "md/data"},
        {"/dev/disk/by-id/md-name-host:0", "md0"},
        {"/dev/mapper/vg--0-var--log", "vg-0/var-log"},
        {"/dev/mapper/luks-1-2", "mapper/luks-1-2"}, /* two dashes: no logical volume */
        {"/dev/mapper/plain", "mapper/plain"},
        {"/dev/mapper/ldm_vol_PC-Dg0_Volume1", "mapper/ldm_vol_PC-Dg0_Volume1"},
        {"/dev/md0", "md0"},
        {"/dev/md/0", "md0"},
        {"/dev/md/data", "md/data"},
    };
    struct device_spec spec;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        device_spec_parse(names[i][0], &spec);
        assert_int_equal(spec.kind, DEVICE_SPEC_MAPPED);
        assert_string_equal(spec.value, names[i][1]);
    }
}

static void long_names_are_cut(void **state)
{
    char text[1000], name[900] = "";
    struct device_spec spec;
    (void)state;
    memset(name, 'x', sizeof name - 1);
    snprintf(text, sizeof text, "LABEL=%s", name);
    device_spec_parse(text, &spec);
    assert_int_equal(strlen(spec.value), DEVICE_SPEC_MAX - 1);
    snprintf(text, sizeof text, "/dev/disk/by-label/%s", name);
    device_spec_parse(text, &spec);
    assert_int_equal(strlen(spec.value), DEVICE_SPEC_MAX - 1);
}

/* ---- -m ---- */

static void assert_permitted(const char *given, const char *wanted)
{
    char kept[256];
    const char *refused = NULL;
    assert_true(strlen(given) < sizeof kept);
    assert_true(mount_options_permitted(given, kept, &refused));
    assert_string_equal(kept, wanted);
}

static void assert_refused(const char *given, const char *what)
{
    char kept[256];
    const char *refused = NULL;
    assert_false(mount_options_permitted(given, kept, &refused));
    assert_string_equal(refused, what);
}

static void what_may_be_given(void **state)
{
    (void)state;
    assert_permitted("", "");
    assert_permitted("ro", "");
    assert_permitted("rw,suid,dev,exec", "");
    assert_permitted("subvol=@home", "subvol=@home");
    assert_permitted("ro,,subvol=/a/b,noatime,umask=022,", "subvol=/a/b,umask=022");
    assert_permitted("norecovery,nouuid", "norecovery,nouuid");
    assert_refused("loop", "loop");
    assert_refused("ro,remount,x", "remount");
    assert_refused("subvol", "subvol");
    assert_refused("device=/dev/sdb", "device=/dev/sdb");
    assert_refused("ro=1", "ro=1");
    assert_refused("roo", "roo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_one),
        cmocka_unit_test(missing_fields_and_line_ends),
        cmocka_unit_test(escapes),
        cmocka_unit_test(bytes_of_no_text),
        cmocka_unit_test(too_much),
        cmocka_unit_test(passed_over),
        cmocka_unit_test(options),
        cmocka_unit_test(nodes),
        cmocka_unit_test(names),
        cmocka_unit_test(kinds),
        cmocka_unit_test(mapped_names_are_those_of_volumes),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(what_may_be_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
