/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checksums: known answers, and files with holes. */
#include "agent/list/file-digest.h"

#include "agent/util/crc32.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

/* A file without a name. */
static int make_file(const void *bytes, size_t length)
{
    char path[] = "/tmp/vlt-digest.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    return fd;
}

/* In hexadecimal. The descriptor is taken over. */
static void checksum(enum ls_checksum kind, int fd, uint64_t step, char text[129])
{
    unsigned char value[64];
    file_digest *self = file_digest_new(kind);
    int result;
    assert_non_null(self);
    file_digest_begin(self, fd);
    while ((result = file_digest_step(self, step)) > 0)
        ;
    assert_int_equal(result, 0);
    size_t length = file_digest_finish(self, value);
    for (size_t i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02x", value[i]);
    file_digest_free(self);
}

/* RFC 1321, FIPS 180; POSIX cksum: by coreutils. */
static void known_answers(void **state)
{
    static const struct {
        enum ls_checksum kind;
        const char *text, *value;
    } answers[] = {
        {LS_CRC, "", "ffffffff"},
        {LS_CRC, "123456789", "377a6011"},
        {LS_CRC, "abc", "48aa78a2"},
        {LS_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {LS_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {LS_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {LS_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {LS_SHA224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
        {LS_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {LS_SHA384, "abc",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
         "8086072ba1e7cc2358baeca134c825a7"},
        {LS_SHA512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char text[129];
        checksum(answers[i].kind, make_file(answers[i].text, strlen(answers[i].text)), 1, text);
        assert_string_equal(text, answers[i].value);
    }
}

static void zeros_are_multiplied(void **state)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 255, 4096, 65537};
    static const unsigned char zeros[65537];
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct crc32 fed, multiplied;
        unsigned char a[4], b[4];
        crc32_begin(&fed);
        crc32_begin(&multiplied);
        crc32_update(&fed, (const unsigned char *)"start", 5);
        crc32_update(&multiplied, (const unsigned char *)"start", 5);
        crc32_update(&fed, zeros, lengths[i]);
        crc32_zeros(&multiplied, lengths[i]);
        crc32_update(&fed, (const unsigned char *)"the end", 7);
        crc32_update(&multiplied, (const unsigned char *)"the end", 7);
        crc32_finish(&fed, a);
        crc32_finish(&multiplied, b);
        assert_memory_equal(a, b, 4);
    }
}

/* Data, a hole, data, a hole. */
static int make_sparse(off_t size, bool dense)
{
    int fd = make_file("begin", 5);
    assert_int_equal(ftruncate(fd, size), 0);
    if (dense)
        assert_int_equal(posix_fallocate(fd, 0, size), 0);
    assert_int_equal(pwrite(fd, "middle", 6, size / 2 + 1), 6);
    return fd;
}

static void holes_are_zeros(void **state)
{
    (void)state;
    for (enum ls_checksum kind = LS_CRC; kind <= LS_SHA512; kind++) {
        char sparse[129], dense[129];
        checksum(kind, make_sparse(3 << 20, false), UINT64_MAX / 2, sparse);
        checksum(kind, make_sparse(3 << 20, true), 100000, dense);
        assert_string_equal(sparse, dense);
    }
}

/* 1 TiB of nothing; `truncate -s 1T f; cksum f` takes minutes for the same. */
static void a_huge_hole_takes_no_time(void **state)
{
    char text[129];
    struct crc32 whole;
    unsigned char value[4];
    (void)state;
    int fd = make_file("", 0);
    if (ftruncate(fd, (off_t)1 << 40) < 0)
        skip();
    checksum(LS_CRC, fd, UINT64_MAX / 2, text);
    crc32_begin(&whole);
    crc32_zeros(&whole, (uint64_t)1 << 40);
    crc32_finish(&whole, value);
    for (int i = 0; i < 4; i++) {
        char two[3];
        snprintf(two, sizeof two, "%02x", value[i]);
        assert_memory_equal(text + 2L * i, two, 2);
    }
}

static void one_after_the_other(void **state)
{
    unsigned char first[64], second[64];
    file_digest *self = file_digest_new(LS_SHA256);
    (void)state;
    file_digest_begin(self, make_file("abc", 3));
    assert_int_equal(file_digest_step(self, 100), 0);
    file_digest_finish(self, first);
    file_digest_begin(self, make_file("something else", 14));
    assert_int_equal(file_digest_step(self, 3), 1); /* abandoned */
    file_digest_begin(self, make_file("abc", 3));
    assert_int_equal(file_digest_step(self, 100), 0);
    file_digest_finish(self, second);
    assert_memory_equal(first, second, 32);
    file_digest_free(self);
}

static void what_cannot_be_read(void **state)
{
    file_digest *self = file_digest_new(LS_MD5);
    (void)state;
    file_digest_begin(self, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    assert_true(file_digest_step(self, 100) < 0);
    file_digest_free(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),       cmocka_unit_test(zeros_are_multiplied),
        cmocka_unit_test(holes_are_zeros),     cmocka_unit_test(a_huge_hole_takes_no_time),
        cmocka_unit_test(one_after_the_other), cmocka_unit_test(what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
