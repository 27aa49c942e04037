/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OP_LS, with the agent on the host: the disk sdX "is" the directory sdX.tree
 * (detached_mounts_ops_pretend). What is mounted over others, and real filesystems, are for tests
 * with a virtual machine. */
#include "lib/agent-listing.h"

#include "base/drive-name.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h> /* needs the above */

#define IMAGE_SIZE QUESTION_DISK_SIZE

static void assert_heard(struct agent_process *f, const struct agent_listing *q, const char *text)
{
    struct heard heard;
    agent_listing_ask(f, q);
    agent_listing_hear(f, &heard);
    assert_string_equal(heard.message, "");
    assert_int_equal(heard.status, STATUS_OK);
    assert_string_equal(heard.text, text);
}

static void assert_refused(struct agent_process *f, const struct agent_listing *q,
                           enum status status, const char *message)
{
    struct heard heard;
    agent_listing_ask(f, q);
    agent_listing_hear(f, &heard);
    assert_string_equal(heard.message, message);
    assert_int_equal(heard.status, status);
    assert_string_equal(heard.text, "");
}

/* ---- the made-up guest ---- */

/* A disk with an ext2, which "is" a directory with these files. */
static void make_disk(struct agent_process *f, unsigned slot, const char *const *files)
{
    char name[DRIVE_NAME_MAX], below[256];
    drive_name(slot, name);
    agent_make_image(f, name, IMAGE_SIZE, true);
    agent_make_serial(f, slot, "");
    snprintf(below, sizeof below, "dev/%s.tree", name);
    agent_make_directories(f, below);
    for (; *files; files++) {
        snprintf(below, sizeof below, "dev/%s.tree/%s", name, *files);
        agent_write(f, below, "text\n");
    }
    agent_appear(f, slot);
}

static const char *const linux_files[] = {"etc/fstab", "etc/passwd", "usr/bin/env", "home/.keep",
                                          NULL};

/* ---- tests ---- */

static void a_system(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_disk(f, 0, linux_files);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    agent_listing_directory(&q, "/");
    agent_listing_directory(&q, "/etc");
    assert_heard(f, &q, "[0] etc home usr [1] fstab passwd");
    q.args.dots = true;
    assert_heard(f, &q, "[0] . .. etc home usr [1] . .. fstab passwd");
    q.args.order = LS_PATHS;
    q.args.directories.directories_len = 1;
    assert_heard(f, &q, "[0] etc etc/fstab etc/passwd home home/.keep usr usr/bin usr/bin/env");
    q.args.order = LS_TREE;
    assert_heard(f, &q, "[0]  etc etc/fstab etc/passwd home home/.keep usr usr/bin usr/bin/env");
}

static void directories_that_are_none(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    char path[AGENT_PATH_MAX];
    make_disk(f, 0, linux_files);
    agent_path(f, path, "dev/sda.tree/out");
    assert_int_equal(symlink("../../../../../../../proc", path), 0);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    agent_listing_directory(&q, "/nowhere");
    agent_listing_directory(&q, "/etc/passwd");
    agent_listing_directory(&q, "/out");
    agent_listing_directory(&q, "/home/../..//etc/");
    assert_heard(f, &q,
                 "[0] !: No such file or directory [1] !: Not a directory "
                 "[2] !: No such file or directory [3] fstab passwd");
}

static void no_system(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_disk(f, 1, (const char *const[]){"data/file", NULL});
    agent_listing_begin(&q, LS_PATHS);
    agent_listing_disk(&q, 1);
    agent_listing_directory(&q, "/");
    assert_refused(f, &q, STATUS_UNSUPPORTED,
                   "no operating system found: /dev/sda (ext2); -m DEV lists what is in one of "
                   "them");
    agent_listing_mount(&q, "/dev/sda", "/", "");
    assert_heard(f, &q, "[0] data data/file");
    q.args.mounts.mounts_len = 0;
    agent_listing_mount(&q, "LABEL=\x80 label", "", "ro,noatime");
    assert_heard(f, &q, "[0] data data/file");
}

static void nothing_at_all(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    agent_make_image(f, "sda", IMAGE_SIZE, false);
    agent_make_serial(f, 0, "");
    agent_appear(f, 0);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    assert_refused(f, &q, STATUS_EMPTY,
                   "no operating system found: /dev/sda (nothing that is known)");
}

static void several_systems(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_disk(f, 7, linux_files);
    make_disk(f, 3, linux_files);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 7);
    agent_listing_disk(&q, 3);
    agent_listing_directory(&q, "/home");
    assert_refused(f, &q, STATUS_UNSUPPORTED,
                   "several operating systems: choose with -m /dev/sda or /dev/sdb");
    agent_listing_mount(&q, "/dev/vdb", "/", "");
    assert_heard(f, &q, "[0] .keep");
}

static void what_fstab_lacks(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    struct heard heard;
    make_disk(f, 0, linux_files);
    agent_write(f, "dev/sda.tree/etc/fstab",
                "LABEL=label / ext4 defaults 0 1\n"
                "UUID=12345 /home ext4 defaults 0 2\n"
                "/dev/sda /home/nowhere ext4 defaults 0 2\n"
                "tmpfs /tmp tmpfs size=1m 0 0\n"
                "/dev/mapper/vg-srv /home/srv xfs defaults 0 0\n"
                "UUID=67890 /usb vfat nofail,noauto 0 0\n"
                "/swapfile none swap sw 0 0\n");
    agent_listing_begin(&q, LS_PATHS);
    agent_listing_disk(&q, 0);
    agent_listing_directory(&q, "//home/");
    agent_listing_directory(&q, "/home/srv/x");
    agent_listing_directory(&q, "/etc");
    agent_listing_ask(f, &q);
    agent_listing_hear(f, &heard);
    assert_int_equal(heard.status, STATUS_OK);
    assert_string_equal(heard.text,
                        "[0] !: the guest's disks have no such device "
                        "!srv: no such volume was found (is it in an encrypted one?) "
                        "!nowhere: /dev/sda is not mounted here: the mount point: No such file or "
                        "directory .keep "
                        "[1] !: the guest's disks have no such device "
                        "!: no such volume was found (is it in an encrypted one?) "
                        "!: No such file or directory "
                        "[2] fstab passwd");
    assert_string_equal(
        heard.notes,
        "root: /dev/sda\n"
        "/etc/fstab: line 2: UUID=12345 at /home: passed over: the guest's disks have no such "
        "device\n"
        "/etc/fstab: line 4: tmpfs at /tmp: passed over: not on a disk\n"
        "/etc/fstab: line 5: /dev/mapper/vg-srv at /home/srv: passed over: no such volume was "
        "found "
        "(is it in an encrypted one?)\n"
        "/etc/fstab: line 6: UUID=67890 at /usb: passed over: the guest's disks have no such "
        "device\n"
        "/etc/fstab: line 7: passed over: swap\n"
        "/etc/fstab: line 3: /dev/sda at /home/nowhere: the mount point: No such file or "
        "directory\n");
    /* What is in a directory itself does not lack what is in one of its directories. */
    q.args.order = LS_NAMES;
    q.args.directories.directories_len = 0;
    agent_listing_directory(&q, "/");
    assert_heard(f, &q, "[0] etc home usr");
}

static void an_fstab_that_is_none(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    struct heard heard;
    char path[AGENT_PATH_MAX];
    make_disk(f, 0, linux_files);
    agent_path(f, path, "dev/sda.tree/etc/fstab");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    agent_listing_ask(f, &q);
    agent_listing_hear(f, &heard);
    assert_int_equal(heard.status, STATUS_OK);
    assert_string_equal(heard.notes,
                        "root: /dev/sda\n/etc/fstab: line 1: passed over: no mount point\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    agent_write(f, "dev/sda.tree/etc/debian_version", "12\n");
    agent_listing_ask(f, &q);
    agent_listing_hear(f, &heard);
    assert_int_equal(heard.status, STATUS_OK);
    assert_string_equal(heard.notes, "root: /dev/sda\n/etc/fstab: Invalid argument\n");
}

static void mounts_that_are_refused(void **state)
{
    static const struct {
        const char *device, *where, *options, *message;
    } cases[] = {
        {"/dev/sdb", "/", "", "mount /dev/sdb: no such device; there are: /dev/sda (ext2)"},
        {"/dev/vg/lv", "/", "", "mount /dev/vg/lv: no such device; there are: /dev/sda (ext2)"},
        {"/dev/sda", "/", "remount", "mount /dev/sda: option remount: not allowed"},
        {"/dev/sda", "data", "", "mount /dev/sda: data: not an absolute path"},
        {"/dev/sda", "/data", "", "no filesystem is to be mounted at /"},
    };
    struct agent_process *f = *state;
    make_disk(f, 0, linux_files);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct agent_listing q;
        agent_listing_begin(&q, LS_NAMES);
        agent_listing_disk(&q, 0);
        agent_listing_mount(&q, cases[i].device, cases[i].where, cases[i].options);
        assert_refused(f, &q, STATUS_UNSUPPORTED, cases[i].message);
    }
}

static void mounts_that_fail(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_disk(f, 0, linux_files);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    agent_listing_mount(&q, "/dev/sda", "/", "subvol=nowhere");
    assert_refused(f, &q, STATUS_CORRUPT, "mount /dev/sda: mount: No such file or directory");
    q.args.mounts.mounts_len = 0;
    agent_listing_mount(&q, "/dev/sda", "/", "subvol=etc"); /* the pretended root of one */
    agent_listing_directory(&q, "/");
    assert_heard(f, &q, "[0] fstab passwd");
    SET(q.mounts[0].fstype.fstype, "minix");
    assert_refused(f, &q, STATUS_UNSUPPORTED,
                   "mount /dev/sda: unsupported filesystem: minix "
                   "(--filesystems=safe leaves it out)");
}

static void two_at_the_root(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_disk(f, 0, linux_files);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    agent_listing_mount(&q, "/dev/sda", "/", "");
    agent_listing_mount(&q, "/dev/sda", "//", "");
    assert_refused(f, &q, STATUS_UNSUPPORTED,
                   "two filesystems are to be mounted at /: /dev/sda and /dev/sda");
}

static void another_disk_than_announced(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_disk(f, 0, linux_files);
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 0);
    q.disks[0].size = IMAGE_SIZE / 2;
    assert_refused(f, &q, STATUS_CRASHED, "slot 0 has 1048576 bytes where 524288 were announced");
}

/* ---- parts ---- */

static void make_many(struct agent_process *f, unsigned count)
{
    char path[AGENT_PATH_MAX];
    make_disk(f, 0, linux_files);
    for (unsigned i = 0; i < count; i++) {
        agent_path(f, path, "dev/sda.tree/home/a-file-with-a-longer-name-%u", i);
        assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    }
}

static void many_files_come_in_parts(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    struct heard heard;
    make_many(f, 10000);
    agent_listing_begin(&q, LS_TREE);
    agent_listing_disk(&q, 0);
    agent_listing_directory(&q, "/");
    agent_listing_directory(&q, "/home");
    agent_listing_ask(f, &q);
    agent_listing_hear(f, &heard);
    assert_int_equal(heard.status, STATUS_OK);
    assert_int_equal(heard.entries, 20000 + 9 + 2);
    assert_int_equal(heard.problems, 0);
    assert_in_range(heard.answers, 15, 200);
    assert_memory_equal(heard.text, "[0]  etc etc/fstab etc/passwd home home/.keep home/a-file",
                        57);
}

static void what_is_asked_behind_it_waits(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    struct heard heard;
    make_many(f, 3000);
    agent_listing_begin(&q, LS_PATHS);
    agent_listing_disk(&q, 0);
    agent_listing_directory(&q, "/");
    agent_listing_ask(f, &q);
    agent_ask_hello(f, PROTOCOL_VERSION);
    f->serial--;
    agent_listing_hear(f, &heard);
    assert_int_equal(heard.entries, 3000 + 8);
    answer reply = agent_expect(f, ++f->serial, OP_HELLO);
    agent_free_answer(&reply);
}

static void the_host_goes_meanwhile(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    make_many(f, 5000);
    agent_listing_begin(&q, LS_PATHS);
    agent_listing_disk(&q, 0);
    agent_listing_directory(&q, "/");
    agent_listing_ask(f, &q);
    answer reply = agent_expect(f, f->serial, OP_LS);
    assert_false(reply.body.answer_body_u.ls.last);
    agent_free_answer(&reply);
    assert_int_equal(agent_ended(f), 0);
}

/* ---- what no host of ours says ---- */

static void an_order_that_is_none(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    agent_listing_begin(&q, (enum ls_order)3);
    agent_listing_ask(f, &q);
    assert_int_equal(agent_ended(f), 1);
}

static void a_checksum_that_is_none(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    agent_listing_begin(&q, LS_NAMES);
    q.args.checksum = (enum ls_checksum)8;
    agent_listing_ask(f, &q);
    assert_int_equal(agent_ended(f), 1);
}

static void a_slot_twice(void **state)
{
    struct agent_process *f = *state;
    struct agent_listing q;
    agent_listing_begin(&q, LS_NAMES);
    agent_listing_disk(&q, 1);
    agent_listing_disk(&q, 1);
    agent_listing_ask(f, &q);
    assert_int_equal(agent_ended(f), 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, agent_set_up, agent_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_system),
        TEST(directories_that_are_none),
        TEST(no_system),
        TEST(nothing_at_all),
        TEST(several_systems),
        TEST(what_fstab_lacks),
        TEST(an_fstab_that_is_none),
        TEST(mounts_that_are_refused),
        TEST(mounts_that_fail),
        TEST(two_at_the_root),
        TEST(another_disk_than_announced),
        TEST(many_files_come_in_parts),
        TEST(what_is_asked_behind_it_waits),
        TEST(the_host_goes_meanwhile),
        TEST(an_order_that_is_none),
        TEST(a_checksum_that_is_none),
        TEST(a_slot_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
