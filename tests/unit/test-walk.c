/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk over made-up trees: its order, every type of file, what a hostile tree may have. */
#include "agent/list/walk.h"

#include "agent/list/directory-names.h"
#include "base/cleanup.h"
#include "lib/temporary-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <cmocka.h> /* needs the above */

static void make_file(struct temporary_tree *f, const char *name, const char *text)
{
    AUTO_FD int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void make_directory(struct temporary_tree *f, const char *name)
{
    assert_int_equal(mkdirat(f->fd, name, 0755), 0);
}

static walk *begin(struct temporary_tree *f, const struct walk_how *how)
{
    walk *self = walk_new(openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), how);
    assert_non_null(self);
    return self;
}

/* The next item that is one. */
static bool next(walk *self, struct listing_item *item)
{
    int result;
    while ((result = walk_next(self, item)) == 2)
        ;
    return result == 1;
}

/* ---- all paths of a walk, with a NUL behind each ---- */

struct text {
    char *bytes;
    size_t length;
};

static void append(struct text *text, const char *bytes, size_t length)
{
    text->bytes = realloc(text->bytes, text->length + length + 1);
    assert_non_null(text->bytes);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length++] = '\0';
}

static struct text walk_paths(struct temporary_tree *f, const struct walk_how *how)
{
    struct text text = {NULL, 0};
    struct listing_item item;
    walk *self = begin(f, how);
    while (next(self, &item)) {
        assert_int_equal(item.kind, LISTING_ENTRY);
        const listing_entry *entry = &item.listing_item_u.entry;
        append(&text, entry->path.path_val, entry->path.path_len);
    }
    walk_free(self);
    return text;
}

static void assert_paths(struct temporary_tree *f, const struct walk_how *how, const char *wanted,
                         size_t length)
{
    struct text got = walk_paths(f, how);
    assert_int_equal(got.length, length);
    assert_memory_equal(got.bytes, wanted, length);
    free(got.bytes);
}

/* What find and sort make of it. */
static void assert_sorted_paths(struct temporary_tree *f)
{
    char command[128], piece[4096];
    struct text wanted = {NULL, 0};
    size_t count;
    snprintf(command, sizeof command,
             "cd %s && find . -mindepth 1 -printf '%%P\\0' | LC_ALL=C sort -z", f->top);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    while ((count = fread(piece, 1, sizeof piece, pipe)) > 0) {
        append(&wanted, piece, count);
        wanted.length--;
    }
    assert_int_equal(pclose(pipe), 0);
    assert_paths(f, &(struct walk_how){.order = LS_PATHS}, wanted.bytes, wanted.length);
    assert_paths(f, &(struct walk_how){.order = LS_PATHS, .names_only = true}, wanted.bytes,
                 wanted.length);
    free(wanted.bytes);
}

/* ---- order ---- */

static void make_tricky(struct temporary_tree *f)
{
    static const char *const directories[] = {"a", "a/b", "a b", "a.d", "a/b/c", "z\xff", "0"};
    static const char *const files[] = {"a-",      "a0",        "a!",       "a/x",    "a/b-",
                                        "a/b/c/d", "a.d/y",     "a b/\x01", "\x01",   "\xff",
                                        "-",       "new\nline", "a\x7f",    "z\xff/1"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        make_directory(f, directories[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        make_file(f, files[i], "");
}

static void paths_are_sorted_as_a_whole(void **state)
{
    make_tricky(*state);
    assert_sorted_paths(*state);
}

static void a_tree_is_sorted_by_directory(void **state)
{
    struct temporary_tree *f = *state;
    static const char wanted[] = "\0a\0a/x\0a-\0b";
    make_directory(f, "a");
    make_file(f, "a/x", "");
    make_file(f, "a-", "");
    make_file(f, "b", "");
    assert_paths(f, &(struct walk_how){.order = LS_TREE}, wanted, sizeof wanted);
}

static void names_and_dots(void **state)
{
    struct temporary_tree *f = *state;
    static const char plain[] = "!\0.hidden\0a", dots[] = "!\0.\0..\0.hidden\0a";
    make_directory(f, "a");
    make_file(f, "a/x", "");
    make_file(f, "!", "");
    make_file(f, ".hidden", "");
    assert_paths(f, &(struct walk_how){.order = LS_NAMES}, plain, sizeof plain);
    assert_paths(f, &(struct walk_how){.order = LS_NAMES, .dots = true}, dots, sizeof dots);
}

static uint64_t inode_of_parent(struct temporary_tree *f, bool at_top)
{
    struct listing_item item;
    uint64_t ino = 0;
    walk *self = begin(f, &(struct walk_how){.order = LS_NAMES, .dots = true, .at_top = at_top});
    while (next(self, &item)) {
        const listing_entry *entry = &item.listing_item_u.entry;
        if (entry->path.path_len == 2 && memcmp(entry->path.path_val, "..", 2) == 0)
            ino = entry->ino;
    }
    walk_free(self);
    return ino;
}

static void the_root_is_its_own_parent(void **state)
{
    struct temporary_tree *f = *state;
    struct stat here, above;
    assert_int_equal(fstat(f->fd, &here), 0);
    assert_int_equal(fstatat(f->fd, "..", &above, 0), 0);
    assert_int_equal(inode_of_parent(f, true), here.st_ino);
    assert_int_equal(inode_of_parent(f, false), above.st_ino);
}

static void empty(void **state)
{
    assert_paths(*state, &(struct walk_how){.order = LS_NAMES}, "", 0);
    assert_paths(*state, &(struct walk_how){.order = LS_PATHS}, "", 0);
    assert_paths(*state, &(struct walk_how){.order = LS_TREE}, "", 1);
}

static void of_names_alone_nothing_is_asked(void **state)
{
    struct temporary_tree *f = *state;
    struct listing_item item;
    assert_int_equal(symlinkat("target", f->fd, "link"), 0);
    walk *self = begin(f, &(struct walk_how){.order = LS_NAMES, .names_only = true});
    assert_true(next(self, &item));
    const listing_entry *entry = &item.listing_item_u.entry;
    assert_int_equal(item.kind, LISTING_ENTRY);
    assert_int_equal(entry->path.path_len, 4);
    assert_int_equal(entry->mode, 0);
    assert_int_equal(entry->ino, 0);
    assert_int_equal(entry->target.target_len, 0);
    assert_false(next(self, &item));
    walk_free(self);
}

/* ---- every type ---- */

static void make_socket(struct temporary_tree *f, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", f->top, name);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
}

/* The entry of that name, by a walk of its own: *entry points into *self. */
static walk *find(struct temporary_tree *f, const char *name, listing_entry *entry)
{
    struct listing_item item;
    walk *self = begin(f, &(struct walk_how){.order = LS_PATHS, .checksum = LS_MD5});
    while (next(self, &item)) {
        *entry = item.listing_item_u.entry;
        if (item.kind == LISTING_ENTRY && entry->path.path_len == strlen(name) &&
            memcmp(entry->path.path_val, name, strlen(name)) == 0)
            return self;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void assert_type(struct temporary_tree *f, const char *name, unsigned type, size_t digest,
                        const char *target)
{
    listing_entry entry;
    walk *self = find(f, name, &entry);
    assert_int_equal(entry.mode & S_IFMT, type);
    assert_int_equal(entry.digest.digest_len, digest);
    assert_int_equal(entry.target.target_len, strlen(target));
    assert_memory_equal(entry.target.target_val, target, strlen(target));
    walk_free(self);
}

static void every_type(void **state)
{
    struct temporary_tree *f = *state;
    make_file(f, "file", "text");
    make_directory(f, "directory");
    assert_int_equal(symlinkat("../../nowhere", f->fd, "link"), 0);
    assert_int_equal(symlinkat("loop", f->fd, "loop"), 0);
    assert_int_equal(symlinkat("/", f->fd, "directory/root"), 0);
    assert_int_equal(mkfifoat(f->fd, "fifo", 0600), 0);
    make_socket(f, "socket");
    assert_type(f, "file", S_IFREG, 16, "");
    assert_type(f, "directory", S_IFDIR, 0, "");
    assert_type(f, "link", S_IFLNK, 0, "../../nowhere");
    assert_type(f, "loop", S_IFLNK, 0, "loop");
    assert_type(f, "directory/root", S_IFLNK, 0, "/");
    assert_type(f, "fifo", S_IFIFO, 0, "");
    assert_type(f, "socket", S_IFSOCK, 0, "");
}

static void devices(void **state)
{
    struct temporary_tree *f = *state;
    listing_entry entry;
    if (mknodat(f->fd, "disk", S_IFBLK | 0600, makedev(259, 123456)) < 0)
        skip();
    walk *self = find(f, "disk", &entry);
    assert_int_equal(entry.mode & S_IFMT, S_IFBLK);
    assert_int_equal(entry.rdev_major, 259);
    assert_int_equal(entry.rdev_minor, 123456);
    walk_free(self);
}

static void what_is_known_of_a_file(void **state)
{
    struct temporary_tree *f = *state;
    const struct timespec times[2] = {{1, 2}, {-3, 999999999}};
    struct stat status;
    listing_entry entry;
    make_file(f, "file", "text");
    assert_int_equal(linkat(f->fd, "file", f->fd, "other", 0), 0);
    assert_int_equal(fchmodat(f->fd, "file", 06751, 0), 0);
    assert_int_equal(utimensat(f->fd, "file", times, 0), 0);
    assert_int_equal(fstatat(f->fd, "file", &status, 0), 0);
    walk *self = find(f, "file", &entry);
    assert_int_equal(entry.mode, S_IFREG | 06751);
    assert_int_equal(entry.size, 4);
    assert_int_equal(entry.uid, status.st_uid);
    assert_int_equal(entry.gid, status.st_gid);
    assert_int_equal(entry.links, 2);
    assert_int_equal(entry.ino, status.st_ino);
    assert_int_equal(entry.dev, status.st_dev);
    assert_int_equal(entry.blocks, status.st_blocks);
    assert_int_equal(entry.modified.seconds, -3);
    assert_int_equal(entry.modified.nanoseconds, 999999999);
    assert_int_equal(entry.changed.seconds, status.st_ctim.tv_sec);
    walk_free(self);
}

static void names_of_bytes(void **state)
{
    struct temporary_tree *f = *state;
    char longest[256] = "";
    memset(longest, '\xfe', 255);
    make_file(f, longest, "");
    make_file(f, "\xc3\x28", "");
    make_file(f, "new\nline \"quoted\" \\", "");
    make_directory(f, "\x1b[31m");
    make_file(f, "\x1b[31m/\t", "");
    assert_sorted_paths(f);
}

/* ---- hostile trees ---- */

static size_t open_descriptors(void)
{
    size_t count = 0;
    AUTO_DIR DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    return count;
}

/* So many directories in each other; `leaf`: a file in the last. */
static void make_deep(struct temporary_tree *f, const char *name, size_t depth)
{
    int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(fd, name, 0755), 0);
        int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(below >= 0);
        close(fd);
        fd = below;
    }
    assert_int_equal(close(openat(fd, "leaf", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    close(fd);
}

static void deeper_than_a_path(void **state)
{
    struct temporary_tree *f = *state;
    struct listing_item item;
    size_t before = open_descriptors(), most = 0, longest = 0, entries = 0;
    make_deep(f, "directory", 1000);
    make_file(f, "zz", "");
    walk *self = begin(f, &(struct walk_how){.order = LS_TREE});
    while (next(self, &item)) {
        assert_int_equal(item.kind, LISTING_ENTRY);
        size_t length = item.listing_item_u.entry.path.path_len;
        entries++;
        if (length <= longest)
            continue;
        longest = length;
        if (open_descriptors() > most)
            most = open_descriptors();
    }
    walk_free(self);
    assert_int_equal(entries, 1003); /* with "", leaf and zz */
    assert_int_equal(longest, 1000 * 10 + 4);
    assert_in_range(most, before, before + WALK_OPEN + 1);
    assert_int_equal(open_descriptors(), before);
}

static void too_deep(void **state)
{
    struct temporary_tree *f = *state;
    struct listing_item item;
    size_t problems = 0, entries = 0;
    char name[201] = "";
    memset(name, 'd', 200);
    make_deep(f, name, 330);
    make_file(f, "z", "");
    walk *self = begin(f, &(struct walk_how){.order = LS_TREE});
    while (next(self, &item)) {
        const listing_problem *problem = &item.listing_item_u.problem;
        entries += item.kind == LISTING_ENTRY;
        problems += item.kind == LISTING_PROBLEM;
        if (item.kind == LISTING_PROBLEM)
            assert_in_range(problem->path.path_len, LISTING_PATH - 1300, LISTING_PATH);
    }
    walk_free(self);
    assert_int_equal(problems, 1);
    assert_in_range(entries, 320, 330);
}

static void twenty_thousand(void **state)
{
    struct temporary_tree *f = *state;
    char name[32];
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "%u", i * 7919 % 20000);
        assert_int_equal(close(openat(f->fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    }
    assert_sorted_paths(f);
}

static void a_name_that_is_longer_than_what_was_held(void **state)
{
    struct temporary_tree *f = *state;
    char name[256];
    size_t held = 16;
    struct directory_names list = {.bytes = malloc(held), .room = held};
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    make_file(f, name, "");
    assert_int_equal(directory_names_read(&list, f->fd, DIRECTORY_NAMES_PLAIN, &held, 100000), 0);
    assert_true(list.room >= sizeof name);
    assert_string_equal(directory_names_next(&list).text, name);
    directory_names_clear(&list, &held);
    assert_int_equal(held, 0);
}

static void too_many_names(void **state)
{
    struct temporary_tree *f = *state;
    struct directory_names list = {.bytes = NULL};
    char name[256];
    size_t held = 0;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%0250u", i);
        make_file(f, name, "");
    }
    assert_int_equal(directory_names_read(&list, f->fd, DIRECTORY_NAMES_PLAIN, &held, 100000),
                     -E2BIG);
    assert_int_equal(held, 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
    assert_int_equal(directory_names_read(&list, f->fd, DIRECTORY_NAMES_PLAIN, &held, 1000000), 0);
    assert_int_equal(list.count, 1000);
    assert_in_range(held, 250000, 1000000);
    directory_names_clear(&list, &held);
    assert_int_equal(held, 0);
}

/* Here the tree changes; in an appliance it is a filesystem that contradicts itself. */
static void what_is_gone_is_a_problem(void **state)
{
    struct temporary_tree *f = *state;
    struct listing_item item;
    make_file(f, "a", "");
    make_file(f, "b", "");
    make_directory(f, "c");
    make_file(f, "d", "");
    walk *self = begin(f, &(struct walk_how){.order = LS_PATHS});
    assert_true(next(self, &item));
    assert_int_equal(unlinkat(f->fd, "b", 0), 0);
    assert_true(next(self, &item));
    assert_int_equal(item.kind, LISTING_PROBLEM);
    const listing_problem *problem = &item.listing_item_u.problem;
    assert_int_equal(problem->path.path_len, 1);
    assert_memory_equal(problem->path.path_val, "b", 1);
    assert_memory_equal(problem->message.message_val, "stat: No such file", 18);
    assert_true(next(self, &item));
    assert_int_equal(item.kind, LISTING_ENTRY);
    assert_int_equal(unlinkat(f->fd, "c", AT_REMOVEDIR), 0);
    assert_true(next(self, &item));
    assert_int_equal(item.kind, LISTING_PROBLEM);
    assert_memory_equal(problem->message.message_val, "open: No such file", 18);
    assert_true(next(self, &item));
    assert_int_equal(item.kind, LISTING_ENTRY);
    assert_false(next(self, &item));
    walk_free(self);
}

static void an_abandoned_walk_leaves_nothing(void **state)
{
    struct temporary_tree *f = *state;
    struct listing_item item;
    size_t before = open_descriptors();
    make_deep(f, "d", 100);
    walk *self = begin(f, &(struct walk_how){.order = LS_TREE, .checksum = LS_SHA256});
    for (int i = 0; i < 60; i++)
        assert_true(next(self, &item));
    walk_free(self);
    assert_int_equal(open_descriptors(), before);
    walk_free(begin(f, &(struct walk_how){.order = LS_TREE, .checksum = LS_SHA256}));
    assert_int_equal(open_descriptors(), before);
}

/* ---- checksums ---- */

static void a_large_file_takes_its_time(void **state)
{
    struct temporary_tree *f = *state;
    struct listing_item item;
    int waits = 0, result;
    make_file(f, "large", "x");
    AUTO_FD int fd = openat(f->fd, "large", O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, 3 * WALK_STRIDE), 0);
    walk *self = begin(f, &(struct walk_how){.order = LS_NAMES, .checksum = LS_SHA1});
    while ((result = walk_next(self, &item)) == 2)
        waits++;
    assert_int_equal(result, 1);
    assert_in_range(waits, 2, 4);
    assert_int_equal(item.listing_item_u.entry.digest.digest_len, 20);
    assert_false(next(self, &item));
    walk_free(self);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, temporary_tree_set_up, temporary_tree_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(paths_are_sorted_as_a_whole),
        TEST(a_tree_is_sorted_by_directory),
        TEST(names_and_dots),
        TEST(the_root_is_its_own_parent),
        TEST(empty),
        TEST(of_names_alone_nothing_is_asked),
        TEST(every_type),
        TEST(devices),
        TEST(what_is_known_of_a_file),
        TEST(names_of_bytes),
        TEST(deeper_than_a_path),
        TEST(too_deep),
        TEST(twenty_thousand),
        TEST(a_name_that_is_longer_than_what_was_held),
        TEST(too_many_names),
        TEST(what_is_gone_is_a_problem),
        TEST(an_abandoned_walk_leaves_nothing),
        TEST(a_large_file_takes_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
