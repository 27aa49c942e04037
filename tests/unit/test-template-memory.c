/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holes are made of zeros, and nothing else is changed. */
#include "appliance/template-memory.h"

#include "base/cleanup.h"
#include "base/sparse-sum.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h> /* needs the above */

#define SIZE (4 << 20)

/* A file of SIZE bytes, all of them written, zeros but for four at each place. */
static int make(const off_t *places, size_t count)
{
    static char bytes[SIZE];
    char path[] = "/tmp/vlt-memory.XXXXXX";
    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < count; i++)
        memset(bytes + places[i], 'x', 4);
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    return fd;
}

static blkcnt_t blocks(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, SIZE);
    return st.st_blocks;
}

static void zeros_become_holes_and_the_rest_stays(void **state)
{
    static const off_t places[] = {0, 300000, 1 << 20, (1 << 20) + 65536, SIZE - 4};
    uint64_t before, after;
    char bytes[4];
    (void)state;
    AUTO_FD int fd = make(places, 5);
    assert_int_equal(sparse_sum(fd, SIZE, &before), 0);
    assert_int_equal(template_memory_dig(fd), 0);
    assert_int_equal(sparse_sum(fd, SIZE, &after), 0);
    assert_true(before == after);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(pread(fd, bytes, 4, places[i]), 4);
        assert_memory_equal(bytes, "xxxx", 4);
    }
    assert_true(blocks(fd) <= 5 * 65536 / 512);
}

static void all_of_it_may_be_zeros(void **state)
{
    (void)state;
    AUTO_FD int fd = make(NULL, 0);
    assert_int_equal(template_memory_dig(fd), 0);
    assert_int_equal(blocks(fd), 0);
    assert_int_equal(template_memory_dig(fd), 0);
}

static void one_without_zeros_stays_as_it_is(void **state)
{
    static off_t places[SIZE / 65536];
    (void)state;
    for (size_t i = 0; i < SIZE / 65536; i++)
        places[i] = (off_t)i * 65536 + 100;
    AUTO_FD int fd = make(places, SIZE / 65536);
    blkcnt_t before = blocks(fd);
    assert_int_equal(template_memory_dig(fd), 0);
    assert_int_equal(blocks(fd), before);
}

static void what_cannot_be_written_stays(void **state)
{
    (void)state;
    char path[64];
    AUTO_FD int fd = make(NULL, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    AUTO_FD int reading = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(template_memory_dig(reading), -EBADF);
    assert_true(blocks(fd) >= SIZE / 512);
    assert_int_equal(template_memory_dig(-1), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_become_holes_and_the_rest_stays),
        cmocka_unit_test(all_of_it_may_be_zeros),
        cmocka_unit_test(one_without_zeros_stays_as_it_is),
        cmocka_unit_test(what_cannot_be_written_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
