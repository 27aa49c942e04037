/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_chain_open() on single files: what is an image, and what is said where it is none. Backing
 * files: test-image-backing.c. */
#include "lib/image-files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

static void a_raw_file_is_a_chain_of_one(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    struct stat st;

    (void)state;
    make_raw("raw", 1 << 20);
    chain = open_chain("raw", BACKING_SAME_DIR);
    assert_int_equal(stat("raw", &st), 0);
    assert_int_equal(chain->count, 1);
    assert_int_equal(chain->size, 1 << 20);
    assert_int_equal(chain->uid, st.st_uid);
    assert_int_equal(chain->gid, st.st_gid);
    assert_int_equal(chain->layers[0].format, IMAGE_RAW);
    assert_string_equal(chain->layers[0].path, "raw");
    assert_false(chain->layers[0].block_device);
}

static void descriptors_are_read_only_and_close_on_exec(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_raw("raw", 512);
    chain = open_chain("raw", BACKING_DENY);
    assert_int_equal(fcntl(chain->layers[0].fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_true(fcntl(chain->layers[0].fd, F_GETFD) & FD_CLOEXEC);
}

static void the_access_time_of_our_own_file_stays(void **state)
{
    const struct timespec old[] = {{.tv_sec = 1}, {.tv_sec = 2}};
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    struct stat st;

    (void)state;
    make_raw("raw", 512);
    assert_int_equal(utimensat(AT_FDCWD, "raw", old, 0), 0);
    chain = open_chain("raw", BACKING_DENY);
    assert_int_equal(stat("raw", &st), 0);
    assert_int_equal(st.st_atim.tv_sec, 1);
}

static void what_is_no_file_is_refused_by_its_kind(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    AUTO_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_refused("fifo", ERROR_REFUSED, "it is a FIFO");
    assert_refused("socket", ERROR_REFUSED, "it is a socket");
    assert_refused("sub", ERROR_REFUSED, "it is a directory");
    assert_refused("sub/", ERROR_REFUSED, "it is a directory");
    assert_refused(".", ERROR_REFUSED, "it is a directory");
    assert_refused("/", ERROR_REFUSED, "it is a directory");
    assert_refused("/dev/null", ERROR_REFUSED, "it is a character device");
}

static void a_fifo_is_not_even_opened(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("quiet", 0600), 0);
    /* A writer that does not wait gets ENXIO as long as nobody has it open for reading. */
    assert_refused("quiet", ERROR_REFUSED, "it is a FIFO");
    assert_int_equal(open("quiet", O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
    assert_int_equal(errno, ENXIO);
}

static void an_empty_file_is_empty_in_any_format(void **state)
{
    (void)state;
    make_raw("empty", 0);
    assert_refused("empty", ERROR_EMPTY, "the file is empty (0 bytes)");
    for (int format = IMAGE_RAW; format < IMAGE_FORMAT_COUNT; format++)
        assert_refused_as("empty", (enum image_format)format, 512, BACKING_DENY, ERROR_EMPTY,
                          "the file is empty (0 bytes)");
}

static void an_empty_disk_is_empty(void **state)
{
    (void)state;
    make_qcow2_file("empty.qcow2", NULL, NULL);
    AUTO_FD int fd = open("empty.qcow2", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\0\0\0\0", 4, 28), 4);
    assert_refused("empty.qcow2", ERROR_EMPTY, "the disk is empty");
}

static void an_odd_size_is_filled_up_and_never_written(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL, *odd = NULL;
    AUTO_ERROR error *err = NULL;

    (void)state;
    make_raw("odd", 513);
    assert_int_equal(image_chain_open("odd", IMAGE_DETECT, 0, BACKING_DENY, &odd, NULL), 0);
    assert_int_equal(odd->size, 1024);
    assert_int_equal(image_chain_make_writable(odd, &err), -1);
    assert_non_null(strstr(error_message(err), "not a multiple of the sector size"));
    make_raw("even", 512);
    assert_refused_as("even", IMAGE_DETECT, 4096, BACKING_DENY, ERROR_REFUSED, "4096 bytes");
    assert_int_equal(image_chain_open("even", IMAGE_RAW, 0, BACKING_DENY, &chain, NULL), 0);
}

static void what_is_missing_is_unreadable(void **state)
{
    (void)state;
    assert_refused("missing", ERROR_UNREADABLE, "open missing: No such file or directory");
    assert_refused("no/missing", ERROR_UNREADABLE, "open no/missing: No such file");
    assert_refused("", ERROR_UNREADABLE, "No such file or directory");
    make_raw("raw", 512);
    assert_refused("raw/x", ERROR_UNREADABLE, "Not a directory");
    assert_refused("raw/", ERROR_UNREADABLE, "Not a directory");
}

static void white_space_around_a_missing_name_is_pointed_out(void **state)
{
    (void)state;
    assert_refused("missing ", ERROR_UNREADABLE, "(the name ends with a space)");
    assert_refused("missing\r", ERROR_UNREADABLE, "(the name ends with a carriage return)");
    assert_refused("missing\t", ERROR_UNREADABLE, "(the name ends with white space)");
    assert_refused(" missing", ERROR_UNREADABLE, "(the name starts with a space)");
    assert_refused("\tmissing", ERROR_UNREADABLE, "(the name starts with white space)");
}

static void a_name_with_white_space_is_a_name(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_raw(" a b ", 512);
    chain = open_chain(" a b ", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 1);
}

/* In a child as nobody, because root may read anything. */
static void a_file_without_permission_is_unreadable(void **state)
{
    (void)state;
    make_raw("secret", 512);
    assert_int_equal(chmod("secret", 0), 0);
    pid_t child = fork();
    if (child == 0) {
        struct image_chain *chain = NULL;
        error *err = NULL;
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(2);
        image_chain_open("secret", IMAGE_DETECT, 512, BACKING_SAME_DIR, &chain, &err);
        _exit(err && error_kind(err) == ERROR_UNREADABLE && error_errno(err) == EACCES ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

/* O_NOATIME is refused there: the file is root's. */
static void somebody_elses_file_is_opened_all_the_same(void **state)
{
    (void)state;
    make_raw("roots", 512);
    pid_t child = fork();
    if (child == 0) {
        struct image_chain *chain = NULL;
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(2);
        _exit(image_chain_open("roots", IMAGE_DETECT, 512, BACKING_SAME_DIR, &chain, NULL) < 0);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

static void a_symlink_that_the_user_named_is_followed(void **state)
{
    (void)state;
    make_raw("sub/target", 1024);
    assert_int_equal(symlink("sub/target", "link"), 0);
    for (int policy = BACKING_DENY; policy <= BACKING_ALLOW; policy++) {
        AUTO_IMAGE_CHAIN struct image_chain *chain =
            open_chain("link", (enum backing_policy)policy);
        assert_int_equal(chain->size, 1024);
    }
}

static void a_corrupt_header_is_corrupt(void **state)
{
    (void)state;
    make_qcow2_file("short.qcow2", NULL, NULL);
    assert_int_equal(truncate("short.qcow2", 50), 0);
    assert_refused("short.qcow2", ERROR_CORRUPT, "truncated");
    make_qcow2_file("short.qcow2", NULL, NULL);
    assert_int_equal(truncate("short.qcow2", 0x30000), 0);
    assert_refused("short.qcow2", ERROR_CORRUPT, "truncated: its L1 table");
}

static void raw_at_its_word_ignores_a_header(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_qcow2_file("guest.raw", "/etc/passwd", "raw");
    assert_int_equal(image_chain_open("guest.raw", IMAGE_RAW, 512, BACKING_DENY, &chain, NULL), 0);
    assert_int_equal(chain->count, 1);
    assert_int_equal(chain->size, 0x40000);
}

static void an_encrypted_image_is_encrypted(void **state)
{
    (void)state;
    make_qcow2_file("crypt.qcow2", NULL, NULL);
    AUTO_FD int fd = open("crypt.qcow2", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\0\0\0\2", 4, 32), 4);
    assert_refused("crypt.qcow2", ERROR_ENCRYPTED, "the qcow2 image is encrypted");
    /* For those who may have a key. */
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    assert_int_equal(
        image_chain_open_on("crypt.qcow2", IMAGE_DETECT, NULL, 512, BACKING_DENY, &chain, NULL), 0);
    assert_true(chain->layers[0].encrypted);
    assert_int_equal(image_chain_check_open(chain, NULL), -1);
}

static void a_vmdk_with_a_parent_is_unsupported(void **state)
{
    static const char descriptor[] = "parentFileNameHint=\"base.vmdk\"\n";
    static const uint8_t header[80] = {'K', 'D', 'M', 'V', [13] = 8, [28] = 1};

    (void)state;
    make_raw("child.vmdk", 65536);
    AUTO_FD int fd = open("child.vmdk", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, header, sizeof header, 0), sizeof header);
    assert_int_equal(pwrite(fd, descriptor, sizeof descriptor, 512), sizeof descriptor);
    assert_refused("child.vmdk", ERROR_UNSUPPORTED, "its parent, \"base.vmdk\", is not followed");
}

static void what_dev_null_stands_for_is_empty(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = image_chain_null(NULL);
    char byte = 1;
    struct stat st;

    (void)state;
    assert_non_null(chain);
    assert_int_equal(chain->count, 1);
    assert_int_equal(chain->size, IMAGE_NULL_SIZE);
    assert_int_equal(chain->layers[0].format, IMAGE_RAW);
    assert_string_equal(chain->layers[0].path, "/dev/null");
    int fd = chain->layers[0].fd;
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, IMAGE_NULL_SIZE);
    assert_int_equal(st.st_blocks, 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)IMAGE_NULL_SIZE - 1), 1);
    assert_int_equal(byte, 0);
}

static void a_null_drive_can_be_written_and_does_not_grow(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = image_chain_null(NULL);

    (void)state;
    assert_non_null(chain);
    assert_int_equal(image_chain_make_writable(chain, NULL), 0);
    assert_int_equal(pwrite(chain->layers[0].fd, "x", 1, 0), 1);
    assert_int_equal(pwrite(chain->layers[0].fd, "x", 1, (off_t)IMAGE_NULL_SIZE), -1);
}

/* As QEMU does it: a lock for reading, on the byte of those who may write. */
static void an_image_that_another_qemu_writes_grows(void **state)
{
    static const char *const names[] = {"locked.qcow2", "locked.raw"};
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1};

    (void)state;
    make_qcow2_file(names[0], NULL, NULL);
    make_raw(names[1], 1 << 20);
    for (size_t i = 0; i < 2; i++) {
        AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain(names[i], BACKING_DENY);
        AUTO_FD int writer = open(names[i], O_RDWR | O_CLOEXEC);
        assert_false(image_chain_grows(chain));
        assert_int_equal(fcntl(writer, F_OFD_SETLK, &lock), 0);
        assert_int_equal(image_chain_grows(chain), i == 0);
        lock.l_type = F_UNLCK;
        assert_int_equal(fcntl(writer, F_OFD_SETLK, &lock), 0);
        lock.l_type = F_RDLCK;
        assert_false(image_chain_grows(chain));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(a_raw_file_is_a_chain_of_one),
        T(an_image_that_another_qemu_writes_grows),
        T(descriptors_are_read_only_and_close_on_exec),
        T(the_access_time_of_our_own_file_stays),
        T(what_is_no_file_is_refused_by_its_kind),
        T(a_fifo_is_not_even_opened),
        T(an_empty_file_is_empty_in_any_format),
        T(an_empty_disk_is_empty),
        T(an_odd_size_is_filled_up_and_never_written),
        T(what_is_missing_is_unreadable),
        T(white_space_around_a_missing_name_is_pointed_out),
        T(a_name_with_white_space_is_a_name),
        T(a_file_without_permission_is_unreadable),
        T(somebody_elses_file_is_opened_all_the_same),
        T(a_symlink_that_the_user_named_is_followed),
        T(a_corrupt_header_is_corrupt),
        T(raw_at_its_word_ignores_a_header),
        T(an_encrypted_image_is_encrypted),
        T(a_vmdk_with_a_parent_is_unsupported),
        T(what_dev_null_stands_for_is_empty),
        T(a_null_drive_can_be_written_and_does_not_grow),
    };
    return cmocka_run_group_tests(tests, enter_image_directory, leave_image_directory);
}
