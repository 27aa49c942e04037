/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is copied of an ext4's journal before it is replayed: only ever to where it came from. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "agent/volume/journal-copy.h"

#include "base/cleanup.h"
#include "lib/put-bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

#define SIZE ((size_t)2 << 20)
#define JOURNAL 600 /* its first block, of 1024 bytes */

/* A superblock with a journal of one piece. */
static void make_superblock(unsigned char *block, unsigned length)
{
    memset(block, 0, 1024);
    put16(block + 0x38, 0xef53);
    block[0xfd] = 1;
    put16(block + 0x10c, 0xf30a);
    put16(block + 0x10e, 1);
    put16(block + 0x118 + 4, length);
    put32(block + 0x118 + 8, JOURNAL);
}

/* A disk that holds noise, but for what is said of the journal; and the file that stands for the
 * view, empty. */
static void copy(unsigned char *disk, unsigned start, unsigned length, unsigned char *view)
{
    char node[64];
    AUTO_FD int from = memfd_create("disk", MFD_CLOEXEC), to = -1;
    static const unsigned char magic[] = {0xc0, 0x3b, 0x39, 0x98};
    char path[] = "/var/tmp/test-journal-copy-XXXXXX"; /* tmpfs has no O_DIRECT here */
    to = mkstemp(path);
    assert_true(from >= 0 && to >= 0);
    unlink(path);
    for (size_t i = 0; i < SIZE; i++)
        disk[i] = (unsigned char)(i * 2654435761U >> 13);
    make_superblock(disk + 1024, length);
    memset(disk + JOURNAL * 1024, 0, 1024);
    memcpy(disk + JOURNAL * 1024, magic, sizeof magic);
    disk[JOURNAL * 1024 + 0x0e] = 4; /* blocks of 1024 bytes */
    disk[JOURNAL * 1024 + 0x1e] = (unsigned char)(start >> 8);
    disk[JOURNAL * 1024 + 0x1f] = (unsigned char)start;
    assert_int_equal(pwrite(from, disk, SIZE, 0), SIZE);
    assert_int_equal(ftruncate(to, SIZE), 0);
    snprintf(node, sizeof node, "/proc/self/fd/%d", to);
    journal_copy_ahead(from, SIZE, node);
    assert_int_equal(pread(to, view, SIZE, 0), SIZE);
}

static bool is_copied(const unsigned char *disk, const unsigned char *view, size_t at,
                      size_t length)
{
    return memcmp(disk + at, view + at, length) == 0;
}

static void what_the_driver_reads_first_is_copied(void **state)
{
    static const struct {
        unsigned start, length;
    } cases[] = {{1, 1000}, {500, 1000}, {999, 1000}, {3, 5}};
    unsigned char *disk = malloc(SIZE), *view = malloc(SIZE);
    (void)state;
    assert_true(disk && view);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned end =
            cases[i].start + 128 < cases[i].length ? cases[i].start + 128 : cases[i].length;
        copy(disk, cases[i].start, cases[i].length, view);
        size_t at = (size_t)(JOURNAL + cases[i].start) * 1024;
        size_t length = (size_t)(end - cases[i].start) * 1024;
        assert_true(is_copied(disk, view, at, length));
        assert_true(is_copied(disk, view, 0, 4096));
        /* And nothing but what it came from. */
        for (size_t j = 0; j < SIZE; j++)
            if (view[j] != disk[j] && view[j] != 0)
                fail_msg("byte %zu comes from elsewhere", j);
    }
    free(disk);
    free(view);
}

static void what_is_outside_of_the_disk_is_not(void **state)
{
    unsigned char *disk = malloc(SIZE), *view = malloc(SIZE);
    (void)state;
    assert_true(disk && view);
    copy(disk, 2000, 30000, view); /* it ends behind the disk */
    assert_false(is_copied(disk, view, (JOURNAL + 64) * 1024, 4096));
    copy(disk, 60000, 100, view); /* it begins behind the journal */
    assert_false(is_copied(disk, view, (JOURNAL + 64) * 1024, 4096));
    free(disk);
    free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_driver_reads_first_is_copied),
        cmocka_unit_test(what_is_outside_of_the_disk_is_not),
    };
    return cmocka_run_group_tests_name("journal-copy", tests, NULL, NULL);
}
