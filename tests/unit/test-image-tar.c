/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* memfd_create */
#include "image/image-tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK 512

struct archive {
    int fd;
    uint64_t size;
};

static int make(void **state)
{
    struct archive *archive = calloc(1, sizeof *archive);
    archive->fd = memfd_create("archive", MFD_CLOEXEC);
    *state = archive;
    return archive->fd < 0;
}

static int end(void **state)
{
    struct archive *archive = *state;
    close(archive->fd);
    free(archive);
    return 0;
}

static void append(struct archive *archive, const void *bytes, size_t length)
{
    assert_int_equal(pwrite(archive->fd, bytes, length, (off_t)archive->size), (ssize_t)length);
    archive->size += (length + BLOCK - 1) / BLOCK * BLOCK;
    assert_int_equal(ftruncate(archive->fd, (off_t)archive->size), 0);
}

/* `size` is the field's text, 12 bytes. */
static void append_header(struct archive *archive, const char *name, char type, const char *size)
{
    unsigned char block[BLOCK] = {0};
    unsigned sum = 0;
    char text[8];

    snprintf((char *)block, 100, "%s", name);
    memcpy(block + 124, size, 12);
    memset(block + 148, ' ', 8);
    block[156] = (unsigned char)type;
    snprintf((char *)block + 257, 6, "ustar");
    for (size_t i = 0; i < BLOCK; i++)
        sum += block[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(block + 148, text, 7);
    append(archive, block, BLOCK);
}

static void append_member(struct archive *archive, const char *name, const char *bytes,
                          size_t length)
{
    char size[13];
    snprintf(size, sizeof size, "%011zo", length);
    append_header(archive, name, '0', size);
    append(archive, bytes, length);
}

static void append_end(struct archive *archive)
{
    static const char zeros[2 * BLOCK];
    append(archive, zeros, sizeof zeros);
}

static struct image_tar_disk found(const struct archive *archive)
{
    struct image_tar_disk disk = {0};
    AUTO_ERROR error *err = NULL;
    if (image_tar_find(archive->fd, archive->size, &disk, &err) < 0)
        fail_msg("%s", error_message(err));
    return disk;
}

static void expect_failure(const struct archive *archive, enum error_kind kind, const char *part)
{
    struct image_tar_disk disk = {0};
    AUTO_ERROR error *err = NULL;
    assert_int_equal(image_tar_find(archive->fd, archive->size, &disk, &err), -1);
    assert_int_equal(error_kind(err), kind);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in: %s", part, error_message(err));
}

static const char sector[BLOCK] = "KDMV";

static void the_disk_is_found_by_its_first_bytes_or_its_name(void **state)
{
    struct archive *archive = *state;
    append_member(archive, "box.ovf", "<Envelope/>", 11);
    append_member(archive, "noname", sector, sizeof sector);
    append_end(archive);
    struct image_tar_disk disk = found(archive);
    assert_int_equal(disk.offset, 3 * BLOCK);
    assert_int_equal(disk.size, BLOCK);
    assert_string_equal(disk.name, "noname");
}

static void several_disks_are_named_and_none_is_chosen(void **state)
{
    struct archive *archive = *state;
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "disk%d.vmdk", i);
        append_member(archive, name, sector, sizeof sector);
    }
    expect_failure(
        archive, ERROR_UNSUPPORTED,
        "there are 10 disk images in the archive (disk0.vmdk, disk1.vmdk, disk2.vmdk, …)");
}

static void an_archive_without_a_disk_is_unsupported(void **state)
{
    struct archive *archive = *state;
    append_member(archive, "box.ovf", "<Envelope/>", 11);
    append_header(archive, "directory.img", '5', "00000000000");
    append_end(archive);
    expect_failure(archive, ERROR_UNSUPPORTED, "no disk image");
}

static void sizes_in_all_spellings(void **state)
{
    struct archive *archive = *state;
    append_header(archive, "PaxHeader", 'x', "00000000021");
    append(archive, "17 size=00001024\n", 17);
    /* The header's own size does not count. */
    append_header(archive, "disk.img", '0', "00000000001");
    append(archive, (char[2 * BLOCK]){"x"}, 2 * BLOCK);
    append_end(archive);
    assert_int_equal(found(archive).size, 1024);

    struct archive other = {memfd_create("other", MFD_CLOEXEC), 0};
    append_header(&other, "disk.img", '0', "\x80\0\0\0\0\0\0\0\0\0\2\0");
    append(&other, sector, BLOCK);
    assert_int_equal(found(&other).size, 512);
    close(other.fd);
}

static void numbers_that_lead_out_of_the_file_are_damage(void **state)
{
    static const char *const sizes[] = {"77777777777", "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct archive archive = {memfd_create("archive", MFD_CLOEXEC), 0};
        append_header(&archive, "disk.img", '0', sizes[i]);
        append(&archive, sector, BLOCK);
        expect_failure(&archive, ERROR_CORRUPT, "the archive is ");
        close(archive.fd);
    }
}

static void a_header_that_is_damaged_is_named(void **state)
{
    struct archive *archive = *state;
    append_member(archive, "disk.vmdk", sector, sizeof sector);
    assert_int_equal(pwrite(archive->fd, "X", 1, 1), 1);
    expect_failure(archive, ERROR_CORRUPT, "damaged at byte 0");
}

static void extended_headers_are_bounded(void **state)
{
    struct archive *archive = *state;
    append_header(archive, "PaxHeader", 'x', "00000000021");
    append(archive, "99 size=00001024\n", 17);
    expect_failure(archive, ERROR_CORRUPT, "extended header");
}

static void only_so_many_members_are_read(void **state)
{
    struct archive *archive = *state;
    for (int i = 0; i < 1001; i++)
        append_header(archive, "empty", '0', "00000000000");
    expect_failure(archive, ERROR_UNSUPPORTED, "more than 1000 members");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, make, end)
        T(the_disk_is_found_by_its_first_bytes_or_its_name),
        T(several_disks_are_named_and_none_is_chosen),
        T(an_archive_without_a_disk_is_unsupported),
        T(sizes_in_all_spellings),
        T(numbers_that_lead_out_of_the_file_are_damage),
        T(a_header_that_is_damaged_is_named),
        T(extended_headers_are_bounded),
        T(only_so_many_members_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
