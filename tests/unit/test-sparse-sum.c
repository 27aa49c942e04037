/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is the same has the same sum, wherever its holes are, and what is not has another. */
#include "base/sparse-sum.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

#define SIZE (1 << 20)

/* A file of SIZE bytes in /tmp or, anonymous, in memory: both know holes. */
static int make_file(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    return fd;
}

static void put(int fd, off_t at, const char *text)
{
    assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
}

static void put_zeros(int fd, off_t from, size_t length)
{
    static char zeros[SIZE];
    assert_int_equal(pwrite(fd, zeros, length, from), length);
}

static uint64_t sum(int fd, uint64_t size)
{
    uint64_t result = 0;
    assert_int_equal(sparse_sum(fd, size, &result), 0);
    return result;
}

static void zeros_are_as_holes(void **state)
{
    (void)state;
    AUTO_FD int holes = make_file();
    AUTO_FD int zeros = make_file();
    AUTO_FD int some = make_file();
    put_zeros(zeros, 0, SIZE);
    put_zeros(some, 1000, 70000);
    assert_true(sum(holes, SIZE) == sum(zeros, SIZE));
    static const off_t places[] = {0, 4095, 4096, 5000, 65536, 300000, 300010, SIZE - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint64_t before = sum(holes, SIZE);
        put(holes, places[i], "x");
        put(zeros, places[i], "x");
        put(some, places[i], "x");
        assert_true(sum(holes, SIZE) != before);
        assert_true(sum(holes, SIZE) == sum(zeros, SIZE));
        assert_true(sum(holes, SIZE) == sum(some, SIZE));
    }
}

static void a_byte_elsewhere_is_another_sum(void **state)
{
    (void)state;
    AUTO_FD int one = make_file();
    AUTO_FD int other = make_file();
    put(one, 8192, "text");
    put(other, 12288, "text"); /* the same in another page */
    assert_true(sum(one, SIZE) != sum(other, SIZE));
    put_zeros(other, 12288, 4);
    put(other, 8192, "texT");
    assert_true(sum(one, SIZE) != sum(other, SIZE));
}

static void sizes_that_are_no_pages(void **state)
{
    (void)state;
    AUTO_FD int fd = make_file();
    put(fd, 0, "0123456789");
    uint64_t all = sum(fd, 10);
    assert_true(all != sum(fd, 9));
    assert_true(sum(fd, 0) == sum(make_file(), 0));
    put(fd, 10, "behind it");
    assert_true(sum(fd, 10) == all);
}

static void what_cannot_be_mapped_is_an_error(void **state)
{
    int pipes[2];
    uint64_t unused;
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_true(sparse_sum(pipes[0], 10, &unused) < 0);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_are_as_holes),
        cmocka_unit_test(a_byte_elsewhere_is_another_sum),
        cmocka_unit_test(sizes_that_are_no_pages),
        cmocka_unit_test(what_cannot_be_mapped_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
