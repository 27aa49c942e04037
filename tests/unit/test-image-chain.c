/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_chain_open() on real files, in a directory of its own. */
#define _GNU_SOURCE 1
#include "image.h"

#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

static char root[] = "/tmp/test-image-chain.XXXXXX";
static int outside = -1; /* where the test was started */

static int enter_directory(void **state)
{
    (void)state;
    outside = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return mkdtemp(root) && chdir(root) == 0 && mkdir("sub", 0755) == 0 && chmod(root, 0755) == 0
               ? 0
               : -1;
}

static int leave_directory(void **state)
{
    AUTO_FREE char *command = NULL;

    (void)state;
    if (fchdir(outside) < 0 || asprintf(&command, "rm -rf '%s'", root) < 0)
        return -1;
    close(outside);
    return system(command);
}

/* A file of that many zeros. */
static void make_raw(const char *path, off_t size)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
}

static void put(uint8_t *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
}

static void be32(uint8_t *at, uint32_t value)
{
    value = htobe32(value);
    put(at, &value, sizeof value);
}

/* A qcow2 of 1 MiB; backing and its format may be NULL; features: the incompatible ones. */
static void make_qcow2_with(const char *path, const char *backing, const char *format,
                            uint32_t features, const char *data_file)
{
    static uint8_t image[0x40000];
    uint8_t *extension = image + 112;

    memset(image, 0, sizeof image);
    put(image, "QFI\xfb\0\0\0\3", 8);
    be32(image + 20, 16);
    be32(image + 28, 1 << 20);
    be32(image + 36, 1);
    be32(image + 44, 0x30000);
    be32(image + 76, features);
    be32(image + 100, 112);
    if (format || data_file) {
        const char *text = format ? format : data_file;
        be32(extension, format ? 0xe2792aca : 0x44415441);
        be32(extension + 4, (uint32_t)strlen(text));
        put(extension + 8, text, strlen(text));
    }
    if (backing) {
        be32(image + 12, 512);
        be32(image + 16, (uint32_t)strlen(backing));
        put(image + 512, backing, strlen(backing));
    }
    AUTO_FILE FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image, sizeof image, 1, file), 1);
}

static void make_qcow2(const char *path, const char *backing, const char *format)
{
    make_qcow2_with(path, backing, format, 0, NULL);
}

static struct image_chain *open_chain(const char *path, enum backing_policy policy)
{
    struct image_chain *chain = NULL;
    AUTO_ERROR error *err = NULL;

    if (image_chain_open(path, IMAGE_DETECT, 512, policy, &chain, &err) < 0)
        fail_msg("%s: %s", path, error_message(err));
    assert_non_null(chain);
    assert_null(err);
    return chain;
}

/* How many descriptors are open: none may be left by a failure. */
static int count_fds(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void assert_refused_as(const char *path, enum image_format format, unsigned block_size,
                              enum backing_policy policy, enum status kind, const char *part)
{
    struct image_chain *chain = NULL;
    AUTO_ERROR error *err = NULL;
    int fds = count_fds();

    assert_int_equal(image_chain_open(path, format, block_size, policy, &chain, &err), -1);
    assert_null(chain);
    assert_int_equal(count_fds(), fds);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(err));
    assert_string_equal(status_name(error_status(err)), status_name(kind));
}

/* By every policy. */
static void assert_refused(const char *path, enum status kind, const char *part)
{
    for (int policy = BACKING_DENY; policy <= BACKING_ALLOW; policy++)
        assert_refused_as(path, IMAGE_DETECT, 512, (enum backing_policy)policy, kind, part);
}

static void assert_policy_refuses(const char *path, enum backing_policy policy, enum status kind,
                                  const char *part)
{
    assert_refused_as(path, IMAGE_DETECT, 512, policy, kind, part);
}

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
    assert_refused("fifo", STATUS_REFUSED, "it is a FIFO");
    assert_refused("socket", STATUS_REFUSED, "it is a socket");
    assert_refused("sub", STATUS_REFUSED, "it is a directory");
    assert_refused("sub/", STATUS_REFUSED, "it is a directory");
    assert_refused(".", STATUS_REFUSED, "it is a directory");
    assert_refused("/", STATUS_REFUSED, "it is a directory");
    assert_refused("/dev/null", STATUS_REFUSED, "it is a character device");
}

static void a_fifo_is_not_even_opened(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("quiet", 0600), 0);
    /* A writer that does not wait gets ENXIO as long as nobody has it open for reading. */
    assert_refused("quiet", STATUS_REFUSED, "it is a FIFO");
    assert_int_equal(open("quiet", O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
    assert_int_equal(errno, ENXIO);
}

static void an_empty_file_is_empty_in_any_format(void **state)
{
    (void)state;
    make_raw("empty", 0);
    assert_refused("empty", STATUS_EMPTY, "the file is empty (0 bytes)");
    for (int format = IMAGE_RAW; format < IMAGE_FORMAT_COUNT; format++)
        assert_refused_as("empty", (enum image_format)format, 512, BACKING_DENY, STATUS_EMPTY,
                          "the file is empty (0 bytes)");
}

static void an_empty_disk_is_empty(void **state)
{
    (void)state;
    make_qcow2("empty.qcow2", NULL, NULL);
    AUTO_FD int fd = open("empty.qcow2", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\0\0\0\0", 4, 28), 4);
    assert_refused("empty.qcow2", STATUS_EMPTY, "the disk is empty");
}

static void the_size_is_a_multiple_of_the_sector(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_raw("odd", 513);
    assert_refused("odd", STATUS_REFUSED,
                   "size 513 is not a multiple of the sector size, 512 bytes");
    make_raw("odd", 511);
    assert_refused("odd", STATUS_REFUSED, "size 511");
    make_raw("even", 512);
    assert_refused_as("even", IMAGE_DETECT, 4096, BACKING_DENY, STATUS_REFUSED, "4096 bytes");
    assert_int_equal(image_chain_open("even", IMAGE_RAW, 0, BACKING_DENY, &chain, NULL), 0);
}

static void what_is_missing_is_unreadable(void **state)
{
    (void)state;
    assert_refused("missing", STATUS_UNREADABLE, "open missing: No such file or directory");
    assert_refused("no/missing", STATUS_UNREADABLE, "open no/missing: No such file");
    assert_refused("", STATUS_UNREADABLE, "No such file or directory");
    make_raw("raw", 512);
    assert_refused("raw/x", STATUS_UNREADABLE, "Not a directory");
    assert_refused("raw/", STATUS_UNREADABLE, "Not a directory");
}

static void white_space_around_a_missing_name_is_pointed_out(void **state)
{
    (void)state;
    assert_refused("missing ", STATUS_UNREADABLE, "(the name ends with a space)");
    assert_refused("missing\r", STATUS_UNREADABLE, "(the name ends with a carriage return)");
    assert_refused("missing\t", STATUS_UNREADABLE, "(the name ends with white space)");
    assert_refused(" missing", STATUS_UNREADABLE, "(the name starts with a space)");
    assert_refused("\tmissing", STATUS_UNREADABLE, "(the name starts with white space)");
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
        _exit(err && error_status(err) == STATUS_UNREADABLE && error_errno(err) == EACCES ? 0 : 1);
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
    make_qcow2("short.qcow2", NULL, NULL);
    assert_int_equal(truncate("short.qcow2", 50), 0);
    assert_refused("short.qcow2", STATUS_CORRUPT, "truncated");
    make_qcow2("short.qcow2", NULL, NULL);
    assert_int_equal(truncate("short.qcow2", 0x30000), 0);
    assert_refused("short.qcow2", STATUS_CORRUPT, "truncated: its L1 table");
}

static void raw_at_its_word_ignores_a_header(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_qcow2("guest.raw", "/etc/passwd", "raw");
    assert_int_equal(image_chain_open("guest.raw", IMAGE_RAW, 512, BACKING_DENY, &chain, NULL), 0);
    assert_int_equal(chain->count, 1);
    assert_int_equal(chain->size, 0x40000);
}

static void deny_follows_nothing(void **state)
{
    (void)state;
    make_raw("base.raw", 1 << 20);
    make_qcow2("over.qcow2", "base.raw", "raw");
    assert_policy_refuses("over.qcow2", BACKING_DENY, STATUS_REFUSED,
                          "the image names a backing file, \"base.raw\"; --backing=same-dir or "
                          "--backing=allow would follow it");
}

static void a_backing_file_beside_the_image_is_followed(void **state)
{
    (void)state;
    make_raw("base.raw", 1 << 20);
    make_qcow2("over.qcow2", "base.raw", "raw");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++) {
        AUTO_IMAGE_CHAIN struct image_chain *chain =
            open_chain("over.qcow2", (enum backing_policy)policy);
        assert_int_equal(chain->count, 2);
        assert_int_equal(chain->layers[0].format, IMAGE_QCOW2);
        assert_int_equal(chain->layers[1].format, IMAGE_RAW);
        assert_string_equal(chain->layers[1].path, "base.raw");
        assert_int_equal(chain->size, 1 << 20);
    }
}

static void names_are_relative_to_the_image_that_has_them(void **state)
{
    (void)state;
    make_raw("base.raw", 512);
    make_raw("sub/deep.raw", 512);
    make_qcow2("sub/mid.qcow2", "deep.raw", "raw");
    make_qcow2("sub/up.qcow2", "../base.raw", "raw");
    make_qcow2("down.qcow2", "sub/mid.qcow2", "qcow2");
    make_qcow2("downup.qcow2", "sub/up.qcow2", "qcow2");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++) {
        AUTO_IMAGE_CHAIN struct image_chain *down =
            open_chain("./down.qcow2", (enum backing_policy)policy);
        AUTO_IMAGE_CHAIN struct image_chain *up =
            open_chain("./downup.qcow2", (enum backing_policy)policy);
        assert_int_equal(down->count, 3);
        assert_string_equal(down->layers[2].path, "./sub/deep.raw");
        assert_int_equal(up->count, 3);
        assert_string_equal(up->layers[2].path, "./sub/../base.raw");
    }
}

static void absolute_names_in_the_same_directory_are_followed(void **state)
{
    AUTO_FREE char *base = NULL, *top = NULL;

    (void)state;
    assert_true(asprintf(&base, "%s/base.raw", root) > 0);
    assert_true(asprintf(&top, "%s/abs.qcow2", root) > 0);
    make_raw("base.raw", 512);
    make_qcow2("abs.qcow2", base, "raw");
    AUTO_IMAGE_CHAIN struct image_chain *by_path = open_chain(top, BACKING_SAME_DIR);
    AUTO_IMAGE_CHAIN struct image_chain *by_name = open_chain("abs.qcow2", BACKING_SAME_DIR);
    assert_int_equal(by_path->count, 2);
    assert_int_equal(by_name->count, 2);
}

static void same_dir_never_leaves_the_directory(void **state)
{
    static const char *const ways[] = {
        "/etc/passwd", "../base.raw",          "../../../../etc/passwd",
        "..",          "./../sub/../base.raw", "file:/etc/passwd"};
    AUTO_FREE char *sibling = NULL, *dots = NULL;

    (void)state;
    make_raw("base.raw", 512);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        make_qcow2("sub/over.qcow2", ways[i], "raw");
        assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED,
                              "--backing=allow would follow it");
    }
    assert_true(asprintf(&sibling, "%s/subway", root) > 0);
    assert_true(asprintf(&dots, "%s/sub/../base.raw", root) > 0);
    make_raw("subway", 512);
    make_qcow2("sub/over.qcow2", sibling, "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED, "outside");
    make_qcow2("sub/over.qcow2", dots, "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED, "outside");
}

static void same_dir_follows_no_symlink(void **state)
{
    (void)state;
    make_raw("sub/inside.raw", 512);
    assert_int_equal(symlink("inside.raw", "sub/harmless"), 0);
    assert_int_equal(symlink("/etc", "sub/etc"), 0);
    make_qcow2("sub/over.qcow2", "harmless", "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED, "symbolic link");
    make_qcow2("sub/over.qcow2", "etc/passwd", "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED, "symbolic link");
}

static void same_dir_is_that_of_the_named_image_for_the_whole_chain(void **state)
{
    (void)state;
    make_raw("base.raw", 512);
    make_qcow2("sub/mid.qcow2", "../../base.raw", "raw");
    make_qcow2("over.qcow2", "sub/mid.qcow2", "qcow2");
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED,
                          "backing file sub/../../base.raw: it is outside");
}

static void allow_follows_anywhere(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *up = NULL, *through = NULL;

    (void)state;
    make_raw("base.raw", 512);
    make_qcow2("sub/up.qcow2", "../base.raw", "raw");
    up = open_chain("sub/up.qcow2", BACKING_ALLOW);
    assert_string_equal(up->layers[1].path, "sub/../base.raw");
    assert_int_equal(symlink("../base.raw", "sub/to-base"), 0);
    make_qcow2("sub/link.qcow2", "to-base", "raw");
    through = open_chain("sub/link.qcow2", BACKING_ALLOW);
    assert_int_equal(through->count, 2);
}

static void names_that_are_no_plain_files_are_unsupported(void **state)
{
    static const char *const names[] = {"nbd://host/export", "json:{\"driver\":\"raw\"}",
                                        "http://host/x",     "fat:dir",
                                        "ssh://host/x",      "a:b"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2("over.qcow2", names[i], "raw");
        assert_refused("over.qcow2", STATUS_UNSUPPORTED, names[i]);
    }
}

static void a_colon_behind_a_slash_or_file_is_a_plain_name(void **state)
{
    static const char *const names[] = {"./a:b", "file:a:b"};

    (void)state;
    make_raw("a:b", 512);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2("over.qcow2", names[i], "raw");
        AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("over.qcow2", BACKING_SAME_DIR);
        assert_int_equal(chain->count, 2);
    }
}

static void a_stated_backing_format_is_taken_at_its_word(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    /* The attack: what the guest wrote into its raw disk looks like a qcow2 that names a file. */
    make_qcow2("guest.raw", "/etc/shadow", "raw");
    make_qcow2("over.qcow2", "guest.raw", "raw");
    chain = open_chain("over.qcow2", BACKING_ALLOW);
    assert_int_equal(chain->count, 2);
    assert_int_equal(chain->layers[1].format, IMAGE_RAW);
}

static void an_unstated_backing_format_is_detected_and_judged_again(void **state)
{
    (void)state;
    make_qcow2("guest.raw", "/etc/shadow", "raw");
    make_qcow2("over.qcow2", "guest.raw", NULL);
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, STATUS_REFUSED,
                          "backing file guest.raw: the image names a backing file, "
                          "\"/etc/shadow\", outside its directory");
}

static void a_missing_backing_file_is_named(void **state)
{
    (void)state;
    make_qcow2("over.qcow2", "gone.raw", "raw");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++)
        assert_policy_refuses("over.qcow2", (enum backing_policy)policy, STATUS_UNREADABLE,
                              "backing file gone.raw: open gone.raw: No such file or directory");
}

static void a_backing_file_is_a_file_too(void **state)
{
    static const char *const names[] = {"sub", "backing-fifo", "."};

    (void)state;
    assert_int_equal(mkfifo("backing-fifo", 0600), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2("over.qcow2", names[i], "raw");
        for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++)
            assert_policy_refuses("over.qcow2", (enum backing_policy)policy, STATUS_REFUSED,
                                  "not an image");
    }
    make_qcow2("over.qcow2", "/dev/null", "raw");
    assert_policy_refuses("over.qcow2", BACKING_ALLOW, STATUS_REFUSED,
                          "backing file /dev/null: it is a character device");
}

static void a_loop_is_corrupt(void **state)
{
    (void)state;
    make_qcow2("self.qcow2", "self.qcow2", "qcow2");
    make_qcow2("a.qcow2", "b.qcow2", "qcow2");
    make_qcow2("b.qcow2", "sub/../a.qcow2", "qcow2");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++) {
        assert_policy_refuses("self.qcow2", (enum backing_policy)policy, STATUS_CORRUPT, "a loop");
        assert_policy_refuses("a.qcow2", (enum backing_policy)policy, STATUS_CORRUPT, "a loop");
    }
}

static void a_chain_has_at_most_64_layers(void **state)
{
    char name[32], next[32];

    (void)state;
    make_raw("chain64", 512);
    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "chain%d", i);
        snprintf(next, sizeof next, "chain%d", i + 1);
        make_qcow2(name, next, i == 63 ? "raw" : "qcow2");
    }
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("chain1", BACKING_SAME_DIR);
    assert_int_equal(chain->count, IMAGE_CHAIN_MAX);
    assert_policy_refuses("chain0", BACKING_SAME_DIR, STATUS_REFUSED, "more than 64 layers");
}

static void the_size_is_that_of_the_image_not_of_its_backing(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_raw("small.raw", 700); /* QEMU pads a backing file */
    make_qcow2("over.qcow2", "small.raw", "raw");
    chain = open_chain("over.qcow2", BACKING_SAME_DIR);
    assert_int_equal(chain->size, 1 << 20);
}

static void an_external_data_file_is_unsupported(void **state)
{
    (void)state;
    make_qcow2_with("data.qcow2", NULL, NULL, 4, "/etc/shadow");
    assert_refused("data.qcow2", STATUS_UNSUPPORTED, "another file, \"/etc/shadow\"");
}

static void an_encrypted_image_is_encrypted(void **state)
{
    (void)state;
    make_qcow2("crypt.qcow2", NULL, NULL);
    AUTO_FD int fd = open("crypt.qcow2", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\0\0\0\2", 4, 32), 4);
    assert_refused("crypt.qcow2", STATUS_ENCRYPTED, "the qcow2 image is encrypted");
}

static void a_split_vmdk_is_unsupported(void **state)
{
    (void)state;
    make_raw("split.vmdk", 512);
    AUTO_FD int fd = open("split.vmdk", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "# Disk DescriptorFile\n", 22, 0), 22);
    assert_refused("split.vmdk", STATUS_UNSUPPORTED, "its extents are other files");
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
    assert_refused("child.vmdk", STATUS_UNSUPPORTED, "its parent, \"base.vmdk\", is not followed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(a_raw_file_is_a_chain_of_one),
        T(descriptors_are_read_only_and_close_on_exec),
        T(the_access_time_of_our_own_file_stays),
        T(what_is_no_file_is_refused_by_its_kind),
        T(a_fifo_is_not_even_opened),
        T(an_empty_file_is_empty_in_any_format),
        T(an_empty_disk_is_empty),
        T(the_size_is_a_multiple_of_the_sector),
        T(what_is_missing_is_unreadable),
        T(white_space_around_a_missing_name_is_pointed_out),
        T(a_name_with_white_space_is_a_name),
        T(a_file_without_permission_is_unreadable),
        T(somebody_elses_file_is_opened_all_the_same),
        T(a_symlink_that_the_user_named_is_followed),
        T(a_corrupt_header_is_corrupt),
        T(raw_at_its_word_ignores_a_header),
        T(deny_follows_nothing),
        T(a_backing_file_beside_the_image_is_followed),
        T(names_are_relative_to_the_image_that_has_them),
        T(absolute_names_in_the_same_directory_are_followed),
        T(same_dir_never_leaves_the_directory),
        T(same_dir_follows_no_symlink),
        T(same_dir_is_that_of_the_named_image_for_the_whole_chain),
        T(allow_follows_anywhere),
        T(names_that_are_no_plain_files_are_unsupported),
        T(a_colon_behind_a_slash_or_file_is_a_plain_name),
        T(a_stated_backing_format_is_taken_at_its_word),
        T(an_unstated_backing_format_is_detected_and_judged_again),
        T(a_missing_backing_file_is_named),
        T(a_backing_file_is_a_file_too),
        T(a_loop_is_corrupt),
        T(a_chain_has_at_most_64_layers),
        T(the_size_is_that_of_the_image_not_of_its_backing),
        T(an_external_data_file_is_unsupported),
        T(an_encrypted_image_is_encrypted),
        T(a_split_vmdk_is_unsupported),
        T(a_vmdk_with_a_parent_is_unsupported),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
