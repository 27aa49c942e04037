/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may stand in a listing, item by item, for each way to ask. */
#include "scan/listing-reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char bytes[65536 * 2];

struct maker {
    XDR xdr;
};

static struct maker make(void)
{
    struct maker maker;
    xdrmem_create(&maker.xdr, bytes, sizeof bytes, XDR_ENCODE);
    return maker;
}

static void put(struct maker *maker, listing_item item)
{
    assert_true(xdr_listing_item(&maker->xdr, &item));
}

static listing_item directory(unsigned index)
{
    return (listing_item){.kind = LISTING_DIRECTORY, .listing_item_u.directory = index};
}

static listing_item entry_with(const char *path, size_t length, unsigned mode)
{
    listing_item item = {.kind = LISTING_ENTRY};
    item.listing_item_u.entry.path.path_val = (char *)(uintptr_t)path;
    item.listing_item_u.entry.path.path_len = (u_int)length;
    item.listing_item_u.entry.mode = mode;
    return item;
}

static listing_item entry(const char *path)
{
    return entry_with(path, strlen(path), S_IFREG);
}

static listing_item problem(const char *path)
{
    listing_item item = {.kind = LISTING_PROBLEM};
    item.listing_item_u.problem.path.path_val = (char *)(uintptr_t)path;
    item.listing_item_u.problem.path.path_len = (u_int)strlen(path);
    return item;
}

static ls_args asked(enum ls_order order)
{
    return (ls_args){.directories = {.directories_len = 3}, .order = order};
}

/* One item behind a directory. */
static bool may_stand(const ls_args *args, listing_item item)
{
    struct listing_check check = {0};
    struct maker maker = make();
    put(&maker, directory(0));
    put(&maker, item);
    return listing_check_part(&check, args, bytes, xdr_getpos(&maker.xdr), NULL) == 0;
}

static void paths_of_names(void **state)
{
    ls_args args = asked(LS_NAMES);
    (void)state;
    assert_true(may_stand(&args, entry("passwd")));
    assert_true(may_stand(&args, entry("...")));
    assert_true(may_stand(&args, entry(".a")));
    assert_true(may_stand(&args, entry("\xff\n\033")));
    assert_false(may_stand(&args, entry("a/b")));
    assert_false(may_stand(&args, entry("")));
    assert_false(may_stand(&args, entry(".")));
    assert_false(may_stand(&args, entry("..")));
    assert_false(may_stand(&args, entry("/")));
    args.dots = true;
    assert_true(may_stand(&args, entry(".")));
    assert_true(may_stand(&args, entry("..")));
    assert_false(may_stand(&args, entry("../..")));
}

static void paths_of_trees(void **state)
{
    (void)state;
    for (int order = LS_PATHS; order <= LS_TREE; order++) {
        ls_args args = asked((enum ls_order)order);
        assert_true(may_stand(&args, entry("a/b/c")));
        assert_true(may_stand(&args, entry("..a/b..")));
        assert_false(may_stand(&args, entry("a//b")));
        assert_false(may_stand(&args, entry("/a")));
        assert_false(may_stand(&args, entry("a/")));
        assert_false(may_stand(&args, entry("a/./b")));
        assert_false(may_stand(&args, entry("a/..")));
        assert_false(may_stand(&args, entry("..")));
        assert_false(may_stand(&args, entry_with("a\0b", 3, S_IFREG)));
        assert_int_equal(may_stand(&args, entry("")), order == LS_TREE);
    }
}

static void the_longest_path_may_stand(void **state)
{
    static char path[LISTING_PATH];
    ls_args args = asked(LS_PATHS);
    (void)state;
    memset(path, 'x', sizeof path);
    assert_true(may_stand(&args, entry_with(path, sizeof path, S_IFREG)));
}

static void problems_are_of_a_path_or_of_the_directory(void **state)
{
    ls_args args = asked(LS_PATHS);
    (void)state;
    assert_true(may_stand(&args, problem("")));
    assert_true(may_stand(&args, problem("a/b")));
    assert_false(may_stand(&args, problem("../a")));
}

static void targets_are_of_links(void **state)
{
    ls_args args = asked(LS_NAMES);
    listing_item item = entry_with("a", 1, S_IFLNK | 0777);
    (void)state;
    item.listing_item_u.entry.target.target_val = (char *)(uintptr_t) "/b\0c";
    item.listing_item_u.entry.target.target_len = 2;
    assert_true(may_stand(&args, item));
    item.listing_item_u.entry.mode = S_IFREG;
    assert_false(may_stand(&args, item));
    item.listing_item_u.entry.mode = S_IFLNK;
    item.listing_item_u.entry.target.target_len = 4;
    assert_false(may_stand(&args, item));
}

static void digests_are_what_was_asked_for(void **state)
{
    static char digest[LISTING_DIGEST];
    ls_args args = asked(LS_NAMES);
    listing_item item = entry("a");
    (void)state;
    item.listing_item_u.entry.digest.digest_val = digest;
    for (int kind = LS_NO_CHECKSUM; kind <= LS_SHA512; kind++) {
        args.checksum = (enum ls_checksum)kind;
        for (u_int length = 0; length <= LISTING_DIGEST; length += 4) {
            item.listing_item_u.entry.digest.digest_len = length;
            assert_int_equal(may_stand(&args, item),
                             length == 0 || length == listing_digest_length(args.checksum));
        }
    }
    item.listing_item_u.entry.mode = S_IFDIR;
    assert_false(may_stand(&args, item));
}

static void times_have_nanoseconds(void **state)
{
    ls_args args = asked(LS_NAMES);
    listing_item item = entry("a");
    (void)state;
    item.listing_item_u.entry.changed = (listing_time){INT64_MIN, 999999999};
    assert_true(may_stand(&args, item));
    item.listing_item_u.entry.changed.nanoseconds++;
    assert_false(may_stand(&args, item));
}

/* Directories 0, 1 and 2, in parts. */
static void directories_come_in_order(void **state)
{
    static const struct {
        unsigned first, second;
        bool good;
    } cases[] = {{0, 1, true},  {0, 2, true},  {1, 2, true},          {0, 0, false},
                 {1, 0, false}, {2, 3, false}, {0, UINT32_MAX, false}};
    ls_args args = asked(LS_NAMES);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listing_check check = {0};
        struct maker maker = make();
        put(&maker, directory(cases[i].first));
        put(&maker, entry("a"));
        assert_int_equal(listing_check_part(&check, &args, bytes, xdr_getpos(&maker.xdr), NULL), 0);
        maker = make();
        put(&maker, directory(cases[i].second));
        assert_int_equal(listing_check_part(&check, &args, bytes, xdr_getpos(&maker.xdr), NULL) ==
                             0,
                         cases[i].good);
    }
}

static void nothing_stands_before_a_directory(void **state)
{
    ls_args args = asked(LS_NAMES);
    struct listing_check check = {0};
    AUTO_ERROR error *err = NULL;
    struct maker maker = make();
    (void)state;
    put(&maker, entry("a"));
    assert_int_equal(listing_check_part(&check, &args, bytes, xdr_getpos(&maker.xdr), &err), -1);
    assert_non_null(strstr(error_message(err), "cannot be trusted"));
}

static void an_item_that_is_cut_is_none(void **state)
{
    ls_args args = asked(LS_NAMES);
    struct maker maker = make();
    (void)state;
    put(&maker, directory(0));
    put(&maker, entry("abcdef"));
    for (size_t length = 12, whole = xdr_getpos(&maker.xdr); length < whole; length++) {
        struct listing_check check = {0};
        assert_int_equal(listing_check_part(&check, &args, bytes, length, NULL), -1);
    }
}

/* Ten items in five records, read twice from the middle. */
static void a_reader_goes_back_to_where_it_was(void **state)
{
    struct spool_room room = {.spool_max = 65536, .budget = 65536};
    AUTO_SPOOL spool *kept = spool_new(&room);
    struct listing_reader reader;
    listing_item item;
    (void)state;
    for (unsigned i = 0; i < 10; i += 2) {
        struct maker maker = make();
        put(&maker, directory(i));
        put(&maker, directory(i + 1));
        assert_int_equal(spool_add(kept, bytes, xdr_getpos(&maker.xdr), NULL), 0);
    }
    for (unsigned start = 0; start <= 10; start++) {
        listing_read(&reader, kept);
        for (unsigned i = 0; i < start; i++)
            assert_int_equal(listing_next(&reader, &item, NULL), 1);
        struct listing_mark mark = listing_tell(&reader);
        for (unsigned again = 0; again < 2; again++) {
            for (unsigned i = start; i < 10; i++) {
                assert_int_equal(listing_next(&reader, &item, NULL), 1);
                assert_int_equal(item.listing_item_u.directory, i);
            }
            assert_int_equal(listing_next(&reader, &item, NULL), 0);
            assert_int_equal(listing_seek(&reader, &mark, NULL), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_of_names),
        cmocka_unit_test(paths_of_trees),
        cmocka_unit_test(the_longest_path_may_stand),
        cmocka_unit_test(problems_are_of_a_path_or_of_the_directory),
        cmocka_unit_test(targets_are_of_links),
        cmocka_unit_test(digests_are_what_was_asked_for),
        cmocka_unit_test(times_have_nanoseconds),
        cmocka_unit_test(directories_come_in_order),
        cmocka_unit_test(nothing_stands_before_a_directory),
        cmocka_unit_test(an_item_that_is_cut_is_none),
        cmocka_unit_test(a_reader_goes_back_to_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
