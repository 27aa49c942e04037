/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan/spool.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#define PAGE ((size_t)4096)

static struct spool_room room_of(size_t spool_max, size_t budget)
{
    return (struct spool_room){.spool_max = spool_max, .budget = budget};
}

/* Records of different lengths: number i is i % 7 * 100 bytes of that number. */
static size_t record(unsigned i, unsigned char *bytes)
{
    size_t length = (size_t)(i % 7) * 100;
    memset(bytes, (int)i, length);
    return length;
}

static void fill_from(spool *self, unsigned first, unsigned count)
{
    unsigned char bytes[700];
    for (unsigned i = first; i < first + count; i++)
        assert_int_equal(spool_add(self, bytes, record(i, bytes), NULL), 0);
}

static void fill(spool *self, unsigned count)
{
    fill_from(self, 0, count);
}

/* Open files that have no name (any more): how many, and the size of the last one. */
static unsigned nameless_files(off_t *size)
{
    unsigned count = 0;
    char target[256];
    AUTO_DIR DIR *directory = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct stat st;
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        target[length > 0 ? length : 0] = 0;
        if (!strstr(target, " (deleted)") || fstatat(dirfd(directory), entry->d_name, &st, 0) < 0 ||
            !S_ISREG(st.st_mode))
            continue;
        *size = st.st_size;
        count++;
    }
    return count;
}

static void assert_records(spool *self, unsigned count)
{
    unsigned char bytes[700];
    const void *got;
    size_t length;
    for (unsigned i = 0; i < count; i++) {
        size_t expected = record(i, bytes);
        assert_int_equal(spool_next(self, &got, &length, NULL), 1);
        assert_int_equal(length, expected);
        if (length > 0)
            assert_memory_equal(got, bytes, length);
    }
    assert_int_equal(spool_next(self, &got, &length, NULL), 0);
    assert_int_equal(spool_next(self, &got, &length, NULL), 0);
}

static void records_come_back_in_order(void **state)
{
    struct spool_room room = room_of(64 * PAGE, 1024 * PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    (void)state;
    fill(self, 100);
    assert_int_equal(room.filed, 0);
    assert_records(self, 100);
    spool_rewind(self);
    assert_records(self, 100);
    assert_int_equal(spool_bytes(self), 29500);
}

static void an_empty_one_has_no_record(void **state)
{
    struct spool_room room = room_of(PAGE, PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    (void)state;
    assert_records(self, 0);
    assert_int_equal(room.used, 0);
}

static void what_is_too_much_for_memory_goes_to_a_file(void **state)
{
    struct spool_room room = room_of(4 * PAGE, 1024 * PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    (void)state;
    fill(self, 30);
    assert_int_equal(room.filed, 0);
    assert_int_equal(room.used, 4 * PAGE);
    spool_free(STEAL(self));
    assert_int_equal(room.used, 0);
    self = spool_new(&room);
    fill(self, 300);
    assert_int_equal(room.filed, 1);
    assert_int_equal(room.used, 0);
    assert_int_equal(room.peak, 4 * PAGE);
    assert_records(self, 300);
    spool_rewind(self);
    assert_records(self, 300);
}

static void one_record_may_be_larger_than_memory(void **state)
{
    struct spool_room room = room_of(PAGE, PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    AUTO_FREE char *bytes = calloc(1, 100 * PAGE);
    const void *got;
    size_t length;
    (void)state;
    assert_int_equal(spool_add(self, bytes, 100 * PAGE, NULL), 0);
    assert_int_equal(spool_next(self, &got, &length, NULL), 1);
    assert_int_equal(length, 100 * PAGE);
    assert_int_equal(room.peak, 0);
}

static void all_together_have_a_budget(void **state)
{
    struct spool_room room = room_of(8 * PAGE, 16 * PAGE);
    spool *all[10];
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        all[i] = spool_new(&room);
        fill(all[i], 80);
        assert_true(room.used <= 16 * PAGE);
    }
    assert_true(room.filed > 0);
    for (unsigned i = 0; i < 10; i++)
        assert_records(all[i], 80);
    for (unsigned i = 0; i < 10; i++)
        spool_free(all[i]);
    assert_int_equal(room.used, 0);
    assert_true(room.peak <= 16 * PAGE);
}

static void all_together_have_one_file(void **state)
{
    struct spool_room room = room_of(PAGE, PAGE);
    spool *all[20];
    off_t size = 0;
    unsigned before = nameless_files(&size);
    (void)state;
    for (unsigned i = 0; i < 20; i++)
        all[i] = spool_new(&room);
    for (unsigned round = 0; round < 10; round++)
        for (unsigned i = 0; i < 20; i++)
            fill_from(all[i], round * 500, 500);
    assert_int_equal(room.filed, 20);
    assert_int_equal(nameless_files(&size), before + 1);
    for (unsigned i = 0; i < 20; i++) {
        assert_records(all[i], 5000);
        spool_free(all[i]);
    }
    assert_null(room.file);
    assert_int_equal(nameless_files(&size), before);
}

static void the_file_does_not_grow_for_ever(void **state)
{
    struct spool_room room = room_of(PAGE, PAGE);
    off_t once = 0, later = 0;
    AUTO_SPOOL spool *waits = spool_new(&room);
    (void)state;
    fill(waits, 100);
    for (unsigned i = 0; i < 20; i++) {
        AUTO_SPOOL spool *other = spool_new(&room);
        fill(other, 10000);
        assert_records(other, 10000);
        nameless_files(i == 0 ? &once : &later);
    }
    assert_true(once > 3 << 20);
    assert_true(later <= 4 << 20);
    assert_records(waits, 100);
}

static void reading_goes_on_where_it_was(void **state)
{
    const void *got;
    size_t length;
    (void)state;
    for (size_t memory = PAGE; memory <= 64 * PAGE; memory *= 64) {
        struct spool_room room = room_of(memory, memory);
        AUTO_SPOOL spool *self = spool_new(&room);
        fill(self, 50);
        for (unsigned i = 0; i < 8; i++)
            assert_int_equal(spool_next(self, &got, &length, NULL), 1);
        uint64_t mark = spool_tell(self);
        while (spool_next(self, &got, &length, NULL) == 1)
            ;
        spool_seek(self, mark);
        assert_int_equal(spool_next(self, &got, &length, NULL), 1);
        assert_int_equal(length, 100);
        assert_int_equal(*(const char *)got, 8);
    }
}

/* Both leave what was there before. */
static void no_place_for_a_file_is_an_error(void **state)
{
    struct spool_room room = room_of(4 * PAGE, 4 * PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *bytes = calloc(1, 4 * PAGE);
    AUTO_FREE char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
    (void)state;
    fill(self, 20);
    setenv("TMPDIR", "/nonexistent", 1);
    assert_int_equal(spool_add(self, bytes, 4 * PAGE, &err), -1);
    assert_non_null(strstr(error_message(err), "No such file"));
    assert_int_equal(error_errno(err), ENOENT);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    assert_records(self, 20);
}

static void a_full_disk_is_an_error(void **state)
{
    struct spool_room room = room_of(PAGE, PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *bytes = calloc(1, 100 * PAGE);
    struct rlimit old, limit;
    (void)state;
    fill(self, 20);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = (struct rlimit){50 * PAGE, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    int added = spool_add(self, bytes, 100 * PAGE, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(added, -1);
    assert_int_equal(error_errno(err), EFBIG);
    assert_records(self, 20);
}

static void the_file_has_no_name(void **state)
{
    char directory[] = "/tmp/vlt-spool.XXXXXX";
    struct spool_room room = room_of(PAGE, PAGE);
    AUTO_SPOOL spool *self = spool_new(&room);
    AUTO_FREE char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
    (void)state;
    assert_non_null(mkdtemp(directory));
    setenv("TMPDIR", directory, 1);
    fill(self, 300);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    assert_int_equal(room.filed, 1);
    assert_int_equal(rmdir(directory), 0);
    assert_records(self, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_in_order),
        cmocka_unit_test(an_empty_one_has_no_record),
        cmocka_unit_test(what_is_too_much_for_memory_goes_to_a_file),
        cmocka_unit_test(one_record_may_be_larger_than_memory),
        cmocka_unit_test(all_together_have_a_budget),
        cmocka_unit_test(all_together_have_one_file),
        cmocka_unit_test(the_file_does_not_grow_for_ever),
        cmocka_unit_test(reading_goes_on_where_it_was),
        cmocka_unit_test(no_place_for_a_file_is_an_error),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(the_file_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
