/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What virt-ls prints of made-up files. The expected lines are those that virt-ls 1.48 of
 * guestfs-tools printed of the same files on an ext4 image, but where a test says otherwise. */
#include "base/text.h"
#include "unit/../../virt-ls/form.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#define NOW 1795429630 /* 2026-11-23 10:27:10 UTC */

static listing_item items[32];
static size_t item_count;

static listing_entry *add(const char *path, unsigned mode, uint64_t size)
{
    listing_item *item = &items[item_count++];
    *item = (listing_item){.kind = LISTING_ENTRY};
    listing_entry *entry = &item->listing_item_u.entry;
    *entry = (listing_entry){.mode = mode,
                             .size = size,
                             .links = 1,
                             .dev = 8 << 8,
                             .ino = 219,
                             .accessed = {1795429570, 0},
                             .modified = {1795429569, 5},
                             .changed = {1795429569, 0}};
    entry->path.path_val = (char *)(uintptr_t)path;
    entry->path.path_len = (u_int)strlen(path);
    return entry;
}

static void set_target(listing_entry *entry, const char *target)
{
    entry->target.target_val = (char *)(uintptr_t)target;
    entry->target.target_len = (u_int)strlen(target);
}

static void set_digest(listing_entry *entry, const char *digest, size_t length)
{
    entry->digest.digest_val = (char *)(uintptr_t)digest;
    entry->digest.digest_len = (u_int)length;
}

static int set_up(void **state)
{
    (void)state;
    item_count = 0;
    items[item_count++] = (listing_item){.kind = LISTING_DIRECTORY};
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

/* The files of one guest through a spool, as the report does it. */
static char *print(const struct ls_style *style, const char *directory)
{
    static char bytes[65536];
    struct spool_room room = {.spool_max = 65536, .budget = 65536};
    AUTO_SPOOL spool *kept = spool_new(&room);
    struct guest guest = {.name = (char *)(uintptr_t) "web1.img"};
    struct listed_directory place = {.guest = &guest, .directory = directory};
    AUTO_FREE form *self = form_new(style);
    struct listing_reader reader;
    listing_item item;
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    XDR xdr;

    xdrmem_create(&xdr, bytes, sizeof bytes, XDR_ENCODE);
    for (size_t i = 0; i < item_count; i++)
        assert_true(xdr_listing_item(&xdr, &items[i]));
    assert_int_equal(spool_add(kept, bytes, xdr_getpos(&xdr), NULL), 0);
    listing_read(&reader, kept);
    while (listing_next(&reader, &item, NULL) == 1) {
        struct listing_mark mark = listing_tell(&reader);
        if (item.kind == LISTING_DIRECTORY && self->ops->directory) {
            assert_int_equal(self->ops->directory(self, &place, &reader, to, NULL), 0);
            assert_int_equal(listing_seek(&reader, &mark, NULL), 0);
        }
        if (item.kind == LISTING_ENTRY)
            assert_int_equal(self->ops->entry(self, &place, &item.listing_item_u.entry, to), 0);
        if (item.kind == LISTING_PROBLEM && self->ops->problem)
            assert_int_equal(self->ops->problem(self, &place, &item.listing_item_u.problem, to), 0);
        listing_item_clear(&item);
    }
    assert_int_equal(fclose(to), 0);
    return text;
}

static void assert_prints(const struct ls_style *style, const char *directory, const char *expected)
{
    AUTO_FREE char *text = print(style, directory);
    assert_string_equal(text, expected);
}

/* --- names --- */

static void names_are_bytes(void **state)
{
    (void)state;
    add("a b", S_IFREG, 0);
    add("new\nline", S_IFREG, 0);
    add("esc\033[31m\xff", S_IFREG, 0);
    assert_prints(&(struct ls_style){.form = FORM_NAMES}, "/", "a b\nnew\nline\nesc\033[31m\xff\n");
}

static void names_on_a_terminal_are_escaped(void **state)
{
    (void)state;
    add("new\nline", S_IFREG, 0);
    add("esc\033[31m\xff\xc3\xbc", S_IFREG, 0);
    assert_prints(&(struct ls_style){.form = FORM_NAMES, .escape = true}, "/",
                  "new\\nline\nesc\\x1B[31m\\xFF\xc3\xbc\n");
}

static void names_of_many_guests_have_theirs(void **state)
{
    (void)state;
    add("passwd", S_IFREG, 0);
    assert_prints(&(struct ls_style){.form = FORM_NAMES, .many = true}, "/", "web1.img:passwd\n");
}

static void names_may_end_in_nul(void **state)
{
    (void)state;
    add("a\nb", S_IFREG, 0);
    add("c", S_IFREG, 0);
    AUTO_FREE char *text = print(&(struct ls_style){.form = FORM_NAMES, .null = true}, "/");
    assert_memory_equal(text, "a\nb\0c\0", 7);
}

/* --- ls -la --- */

static void long_is_as_ls_has_it(void **state)
{
    listing_entry *entry;
    (void)state;
    entry = add(".", S_IFDIR | 0755, 1024);
    entry->links = 5;
    entry->blocks = 2;
    entry = add("..", S_IFDIR | 0755, 1024);
    entry->links = 9;
    entry->blocks = 2;
    add("allperm", S_IFREG | 07777, 0);
    entry = add("block", S_IFBLK | 0644, 0);
    entry->rdev_major = 259;
    entry->rdev_minor = 300;
    entry = add("char", S_IFCHR | 0644, 0);
    entry->rdev_major = 5;
    entry->rdev_minor = 1;
    set_target(add("dangling", S_IFLNK | 0777, 15), "/nowhere/at/all");
    add("fifo", S_IFIFO | 0644, 0);
    entry = add("hardlink", S_IFREG | 0644, 6);
    entry->links = 2;
    entry->blocks = 9; /* odd: 14 in all is what the recorded directory had */
    add("none", S_IFREG, 0);
    add("sgid", S_IFREG | 02711, 0);
    add("socket", S_IFSOCK | 0755, 0);
    add("sticky", S_IFREG | 01644, 0);
    add("suidnox", S_IFREG | 06644, 0);
    assert_prints(&(struct ls_style){.form = FORM_LONG, .now = NOW}, "/types",
                  "total 7\n"
                  "drwxr-xr-x 5 0 0     1024 Nov 23 10:26 .\n"
                  "drwxr-xr-x 9 0 0     1024 Nov 23 10:26 ..\n"
                  "-rwsrwsrwt 1 0 0        0 Nov 23 10:26 allperm\n"
                  "brw-r--r-- 1 0 0 259, 300 Nov 23 10:26 block\n"
                  "crw-r--r-- 1 0 0   5,   1 Nov 23 10:26 char\n"
                  "lrwxrwxrwx 1 0 0       15 Nov 23 10:26 dangling -> /nowhere/at/all\n"
                  "prw-r--r-- 1 0 0        0 Nov 23 10:26 fifo\n"
                  "-rw-r--r-- 2 0 0        6 Nov 23 10:26 hardlink\n"
                  "---------- 1 0 0        0 Nov 23 10:26 none\n"
                  "-rwx--s--x 1 0 0        0 Nov 23 10:26 sgid\n"
                  "srwxr-xr-x 1 0 0        0 Nov 23 10:26 socket\n"
                  "-rw-r--r-T 1 0 0        0 Nov 23 10:26 sticky\n"
                  "-rwSr-Sr-- 1 0 0        0 Nov 23 10:26 suidnox\n");
}

static void columns_are_as_wide_as_their_directory_needs(void **state)
{
    listing_entry *entry;
    (void)state;
    entry = add("u0", S_IFREG | 0644, 0);
    entry = add("u4294967294", S_IFREG | 0644, 0);
    entry->uid = entry->gid = 4294967294;
    items[item_count++] = (listing_item){.kind = LISTING_DIRECTORY, .listing_item_u.directory = 1};
    add("a", S_IFREG | 0644, 12345);
    items[item_count++] = (listing_item){.kind = LISTING_DIRECTORY, .listing_item_u.directory = 2};
    items[item_count++] = (listing_item){.kind = LISTING_PROBLEM};
    assert_prints(&(struct ls_style){.form = FORM_LONG, .now = NOW}, "/owners",
                  "total 0\n"
                  "-rw-r--r-- 1          0          0 0 Nov 23 10:26 u0\n"
                  "-rw-r--r-- 1 4294967294 4294967294 0 Nov 23 10:26 u4294967294\n"
                  "total 0\n"
                  "-rw-r--r-- 1 0 0 12345 Nov 23 10:26 a\n");
}

static void assert_ls_date(int64_t seconds, const char *expected)
{
    char buffer[CELL_DATE_MAX];
    assert_string_equal(cell_ls_date(seconds, NOW, buffer), expected);
}

static void dates_of_ls(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Tokyo", 1); /* the appliance's is UTC */
    tzset();
    assert_ls_date(1795429569, "Nov 23 10:26");
    assert_ls_date(1795429569 - 182 * 86400, "May 25 10:26");
    assert_ls_date(1795429569 - 183 * 86400, "May 24  2026");
    assert_ls_date(1795429569 + 7200, "Nov 23  2026"); /* in the future */
    assert_ls_date(0, "Jan  1  1970");
    assert_ls_date(-304534311, "May  8  1960");
    assert_ls_date(INT64_MAX, "9223372036854775807"); /* no recorded one: there is no such date */
}

/* --- -lR --- */

static void tree_is_as_virt_ls_has_it(void **state)
{
    (void)state;
    add("", S_IFDIR | 0755, 1024);
    set_target(add("dangling", S_IFLNK | 0777, 15), "/nowhere/at/all");
    add("dir/c d", S_IFREG | 07777, 0);
    assert_prints(&(struct ls_style){.form = FORM_TREE}, "/types",
                  "d 0755       1024 /types\n"
                  "l 0777         15 /types/dangling -> /nowhere/at/all\n"
                  "- 7777          0 /types/dir/c d\n");
}

static void one_slash_stands_between(void **state)
{
    struct ls_style style = {.form = FORM_TREE};
    (void)state;
    add("", S_IFDIR | 0755, 1024);
    add("a", S_IFREG | 0644, 0);
    assert_prints(&style, "/", "d 0755       1024 /\n- 0644          0 /a\n");
    assert_prints(&style, "/deep/", "d 0755       1024 /deep\n- 0644          0 /deep/a\n");
}

static void all_columns(void **state)
{
    listing_entry *entry;
    struct ls_style style = {
        .form = FORM_TREE, .uids = true, .times = true, .extra = true, .checksum = LS_CRC};
    (void)state;
    entry = add("hardlink", S_IFREG | 0644, 6);
    entry->links = 2;
    entry->blocks = 2;
    set_digest(entry, "\xb3\xbe\xab\x91", 4); /* of "hello\n" */
    entry = add("block", S_IFBLK | 0644, 0);
    entry->rdev_major = 259;
    entry->rdev_minor = 300;
    assert_prints(&style, "/types",
                  "- 0644          6    0    0 2026-11-23 10:26:10 2026-11-23 10:26:09 "
                  "2026-11-23 10:26:09 8:0 219 2 0:0 2 3015617425 /types/hardlink\n"
                  "b 0644          0    0    0 2026-11-23 10:26:10 2026-11-23 10:26:09 "
                  "2026-11-23 10:26:09 8:0 219 1 259:300 0 /types/block\n");
}

static void csv_is_as_virt_ls_has_it(void **state)
{
    struct ls_style style = {.form = FORM_TREE,
                             .csv = true,
                             .uids = true,
                             .times = true,
                             .extra = true,
                             .checksum = LS_MD5};
    listing_entry *entry;
    (void)state;
    entry = add("", S_IFDIR | 0755, 1024);
    entry->links = 5;
    entry->blocks = 2;
    set_target(add("odd-link", S_IFLNK | 0777, 22), "a target, with \"stuff\"");
    set_digest(add("quote\"q", S_IFREG | 0644, 0),
               "\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e", 16);
    assert_prints(&style, "/types",
                  "d,0755,1024,   0,   0,2026-11-23 10:26:10,2026-11-23 10:26:09,"
                  "2026-11-23 10:26:09,8:0,219,5,0:0,2,,/types\n"
                  "l,0777,22,   0,   0,2026-11-23 10:26:10,2026-11-23 10:26:09,"
                  "2026-11-23 10:26:09,8:0,219,1,0:0,0,,/types/odd-link,"
                  "\"a target, with \"\"stuff\"\"\"\n"
                  "-,0644,0,   0,   0,2026-11-23 10:26:10,2026-11-23 10:26:09,"
                  "2026-11-23 10:26:09,8:0,219,1,0:0,0,d41d8cd98f00b204e9800998ecf8427e,"
                  "\"/types/quote\"\"q\"\n");
}

/* Ours: a CR is quoted too. */
static void csv_quotes(void **state)
{
    (void)state;
    add("a b", S_IFREG | 0644, 0);
    add("new\nline", S_IFREG | 0644, 0);
    add("comma,name", S_IFREG | 0644, 0);
    add("tab\tname", S_IFREG | 0644, 0);
    add("cr\rname", S_IFREG | 0644, 0);
    assert_prints(&(struct ls_style){.form = FORM_TREE, .csv = true}, "/n",
                  "-,0644,0,\"/n/a b\"\n-,0644,0,\"/n/new\nline\"\n-,0644,0,\"/n/comma,name\"\n"
                  "-,0644,0,/n/tab\tname\n-,0644,0,\"/n/cr\rname\"\n");
}

static void csv_of_many_guests(void **state)
{
    (void)state;
    add("a", S_IFREG | 0644, 0);
    assert_prints(&(struct ls_style){.form = FORM_TREE, .csv = true, .many = true}, "/n",
                  "-,0644,0,web1.img:/n/a\n");
}

static void times_in_all_forms(void **state)
{
    struct ls_style style = {.form = FORM_TREE, .times = true, .now = 1795429871};
    (void)state;
    add("a", S_IFREG | 0644, 0);
    style.time = TIME_T;
    assert_prints(&style, "/n", "- 0644          0 1795429570 1795429569 1795429569 /n/a\n");
    style.time = TIME_RELATIVE;
    assert_prints(&style, "/n", "- 0644          0      301      302      302 /n/a\n");
    style.time = TIME_DAYS;
    assert_prints(&style, "/n", "- 0644          0   0   0   0 /n/a\n");
    style.time = TIME_DATE;
    setenv("TZ", "JST-9", 1); /* the host's */
    tzset();
    assert_prints(&style, "/n",
                  "- 0644          0 2026-11-23 19:26:10 2026-11-23 19:26:09 "
                  "2026-11-23 19:26:09 /n/a\n");
}

static void times_that_cannot_be_are_numbers(void **state)
{
    char buffer[CELL_DATE_MAX];
    (void)state;
    assert_string_equal(cell_date(INT64_MIN, buffer), "-9223372036854775808");
    assert_int_equal(cell_age(1, INT64_MIN), INT64_MAX);
    assert_int_equal(cell_age(-2, INT64_MAX), INT64_MIN);
    assert_int_equal(cell_age(5, 7), -2);
}

static void sizes_are_rounded_to_the_nearest(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {999, "999"},
        {1023, "1023"},
        {1024, "1.0K"},
        {1025, "1.0K"},
        {1075, "1.0K"},
        {1076, "1.1K"},
        {1127, "1.1K"},
        {9999, "9.8K"},
        {10188, "9.9K"},
        {10189, "10K"},
        {10240, "10K"},
        {10751, "10K"},
        {10752, "10K"},
        {10753, "11K"},
        {99999, "98K"},
        {1047552, "1023K"},
        {1048063, "1023K"},
        {1048064, "1.0M"},
        {1048575, "1.0M"},
        {1048576, "1.0M"},
        {5242880, "5.0M"},
        {41943040, "40M"},
        /* not recorded */
        {11776, "12K"},
        {UINT64_MAX, "16E"},
    };
    char buffer[TEXT_SIZE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(text_human_size(cases[i].bytes, TEXT_NEAREST, buffer), cases[i].text);
    add("s9999", S_IFREG | 0644, 9999);
    assert_prints(&(struct ls_style){.form = FORM_TREE, .human = true}, "/sizes",
                  "- 0644       9.8K /sizes/s9999\n");
}

static void types_have_letters(void **state)
{
    static const unsigned types[] = {S_IFREG,  S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO,
                                     S_IFSOCK, S_IFLNK, 0,       0170000};
    static const char letters[] = "-dcbpsluu", of_ls[] = "-dcbpsl??";
    char buffer[CELL_MODE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(cell_type(types[i] | 0755), letters[i]);
        assert_int_equal(cell_mode(types[i], buffer)[0], of_ls[i]);
    }
}

/* --- JSON; ours --- */

static void json_has_all(void **state)
{
    listing_entry *entry;
    json_t *object;
    (void)state;
    entry = add("a\xff", S_IFLNK | 0777, 3);
    set_target(entry, "/b");
    AUTO_FREE char *text = print(&(struct ls_style){.form = FORM_JSON}, "/etc");
    object = json_loads(text, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "type")), "file");
    assert_string_equal(json_string_value(json_object_get(object, "guest")), "web1.img");
    assert_string_equal(json_string_value(json_object_get(object, "path")), "/etc/a\xef\xbf\xbd");
    assert_string_equal(json_string_value(json_object_get(object, "path_b64")), "L2V0Yy9h/w==");
    assert_string_equal(json_string_value(json_object_get(object, "file_type")), "symlink");
    assert_string_equal(json_string_value(json_object_get(object, "mode")), "0777");
    assert_string_equal(json_string_value(json_object_get(object, "device")), "8:0");
    assert_string_equal(json_string_value(json_object_get(object, "target")), "/b");
    assert_true(json_is_null(json_object_get(object, "checksum")));
    assert_true(json_is_null(json_object_get(object, "rdev")));
    assert_int_equal(json_integer_value(json_object_get(object, "size")), 3);
    assert_int_equal(json_integer_value(json_object_get(object, "mtime")), 1795429569);
    assert_int_equal(json_integer_value(json_object_get(object, "mtime_ns")), 5);
    json_decref(object);
}

int main(void)
{
#define FORM(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        FORM(names_are_bytes),
        FORM(names_on_a_terminal_are_escaped),
        FORM(names_of_many_guests_have_theirs),
        FORM(names_may_end_in_nul),
        FORM(long_is_as_ls_has_it),
        FORM(columns_are_as_wide_as_their_directory_needs),
        FORM(dates_of_ls),
        FORM(tree_is_as_virt_ls_has_it),
        FORM(one_slash_stands_between),
        FORM(all_columns),
        FORM(csv_is_as_virt_ls_has_it),
        FORM(csv_quotes),
        FORM(csv_of_many_guests),
        FORM(times_in_all_forms),
        FORM(times_that_cannot_be_are_numbers),
        FORM(sizes_are_rounded_to_the_nearest),
        FORM(types_have_letters),
        FORM(json_has_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
