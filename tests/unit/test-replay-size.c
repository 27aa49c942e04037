/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a journal's replay writes: the journal's place, and its log, both as an image may have
 * them. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "agent/volume/replay-size.h"

#include "agent/volume/journal-map.h"
#include "lib/put-bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

#define BLOCK 1024
#define SIZE ((uint64_t)64 << 20)
#define JOURNAL 600  /* its first block */
#define LENGTH 20000 /* its blocks */

static void put_be(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* An image in memory, and what its superblock says of a journal of one piece. */
struct image {
    int fd;
    unsigned char super[1024];
    uint32_t at, sequence; /* of what is appended to the log */
    size_t tag;            /* bytes of a tag */
};

static void write_at(const struct image *self, uint64_t at, const void *bytes, size_t length)
{
    assert_int_equal(pwrite(self->fd, bytes, length, (off_t)at), length);
}

static void write_super(const struct image *self)
{
    write_at(self, 1024, self->super, sizeof self->super);
}

static void extent(unsigned char *at, uint32_t logical, unsigned length, uint64_t block)
{
    put32(at, logical);
    put16(at + 4, length);
    put16(at + 6, (unsigned)(block >> 32));
    put32(at + 8, (uint32_t)block);
}

static void node(unsigned char *at, unsigned depth, unsigned entries)
{
    put16(at, 0xf30a);
    put16(at + 2, entries);
    put16(at + 6, depth);
}

static void set_log(const struct image *self, uint32_t start, uint32_t features)
{
    unsigned char super[1024] = {0};
    put_be(super, 0xc03b3998);
    put_be(super + 4, 4);
    put_be(super + 12, BLOCK);
    put_be(super + 16, LENGTH);
    put_be(super + 20, 1);
    put_be(super + 24, self->sequence);
    put_be(super + 28, start);
    put_be(super + 0x28, features);
    write_at(self, (uint64_t)JOURNAL * BLOCK, super, sizeof super);
}

static struct image image_new(void)
{
    struct image self = {memfd_create("image", MFD_CLOEXEC), {0}, 1, 1, 8};
    assert_true(self.fd >= 0);
    assert_int_equal(ftruncate(self.fd, (off_t)SIZE), 0);
    put16(self.super + 0x38, 0xef53);
    self.super[0xfd] = 1;
    node(self.super + 0x10c, 0, 1);
    extent(self.super + 0x118, 0, LENGTH, JOURNAL);
    write_super(&self);
    set_log(&self, 1, 0);
    return self;
}

static void append(struct image *self, unsigned kind, const unsigned char *rest, size_t length)
{
    unsigned char block[BLOCK] = {0};
    put_be(block, 0xc03b3998);
    put_be(block + 4, kind);
    put_be(block + 8, self->sequence);
    memcpy(block + 12, rest, length);
    write_at(self, (uint64_t)(JOURNAL + self->at) * BLOCK, block, sizeof block);
    self->at = self->at + 1 < LENGTH ? self->at + 1 : 1;
}

/* One transaction: these blocks, from `first` on. */
static void transaction(struct image *self, uint32_t first, unsigned count)
{
    while (count > 0) {
        unsigned char tags[BLOCK - 12] = {0};
        size_t at = 0;
        unsigned here = 0;
        for (; here < count && at + self->tag + 20 <= sizeof tags; here++) {
            put_be(tags + at, first + here);
            put_be(tags + at + 4, here > 0 ? 2 : 0);
            at += self->tag + (here > 0 ? 0 : 16);
        }
        size_t last = here == 1 ? 0 : at - self->tag;
        tags[last + 7] |= 8;
        append(self, 1, tags, sizeof tags);
        self->at += here;
        self->at = self->at < LENGTH ? self->at : self->at - LENGTH + 1;
        first += here;
        count -= here;
    }
    append(self, 2, (const unsigned char *)"", 0);
    self->sequence++;
}

static uint64_t said(const struct image *self)
{
    uint64_t result = replay_size_read(self->fd, SIZE, 1 << 20);
    close(self->fd);
    return result;
}

static void blocks_are_counted_once_and_by_pieces_of_a_view(void **state)
{
    struct image image = image_new();
    (void)state;
    transaction(&image, 40000, 1000);
    transaction(&image, 40000, 1000);
    transaction(&image, 41000, 400);
    transaction(&image, 50001, 1);
    assert_int_equal(said(&image), (1400 / 4 + 1) * 4096);
}

static void each_format_of_a_tag_is_read(void **state)
{
    static const struct {
        uint32_t features;
        size_t tag;
    } formats[] = {{1, 8}, {2, 12}, {8, 10}, {8 | 2, 14}, {0x10, 16}, {0x10 | 2, 16}};
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct image image = image_new();
        image.tag = formats[i].tag;
        set_log(&image, 1, formats[i].features);
        transaction(&image, 40000, 800);
        assert_int_equal(said(&image), 800 * 1024);
    }
}

static void a_log_goes_round_once(void **state)
{
    struct image image = image_new();
    (void)state;
    image.at = LENGTH - 10;
    set_log(&image, LENGTH - 10, 0);
    transaction(&image, 40000, 100);
    transaction(&image, 44000, 100);
    assert_int_equal(said(&image), 200 * 1024);
}

/* Every block leads to the next one of the same transaction. */
static struct image circle(unsigned kind)
{
    struct image image = image_new();
    const unsigned char tag[] = {0, 0, 0xa0, 0, 0, 0, 0, 8};
    for (unsigned i = 1; i < LENGTH; i++)
        append(&image, kind, tag, sizeof tag);
    return image;
}

static void a_log_that_leads_round_in_a_circle_is_told(void **state)
{
    unsigned char length[4];
    (void)state;
    struct image image = circle(1);
    /* A short one, too, whose blocks are not counted. */
    assert_true(replay_size_read(image.fd, SIZE, SIZE) == REPLAY_SIZE_ENDLESS);
    put_be(length, 2);
    write_at(&image, (uint64_t)JOURNAL * BLOCK + 16, length, sizeof length);
    assert_true(said(&image) == REPLAY_SIZE_ENDLESS);
    image = circle(5);
    assert_true(said(&image) == REPLAY_SIZE_ENDLESS);
    image = circle(2); /* each has the number of the one before */
    assert_int_equal(said(&image), 0);
}

/* All blocks but one are of it, which is as full as a log gets. */
static void a_full_log_ends(void **state)
{
    struct image image = image_new();
    (void)state;
    set_log(&image, 7, 0);
    image.at = 7;
    for (unsigned blocks = LENGTH - 2; blocks >= 3; blocks -= 3)
        transaction(&image, 40000, 1);
    assert_int_equal(said(&image), 4096);
}

static void a_piece_of_the_log_is_not_read_as_its_end(void **state)
{
    struct image image = image_new();
    (void)state;
    transaction(&image, 40000, 100);
    image.sequence++; /* what follows is of an earlier round */
    transaction(&image, 44000, 100);
    assert_int_equal(said(&image), 100 * 1024);
}

static void fast_commits_have_the_end_for_themselves(void **state)
{
    struct image image = image_new();
    (void)state;
    set_log(&image, LENGTH - 10, 0x20);
    image.at = LENGTH - 10;
    transaction(&image, 40000, 5);
    assert_int_equal(said(&image), 0);
    image = image_new();
    set_log(&image, LENGTH - 300, 0x20);
    image.at = LENGTH - 300;
    transaction(&image, 40000, 8);
    assert_int_equal(said(&image), 8 * 1024);
}

static void what_is_behind_the_volume_is_not_counted(void **state)
{
    struct image image = image_new();
    (void)state;
    transaction(&image, (uint32_t)(SIZE / BLOCK) - 4, 8);
    transaction(&image, 0xfffffff0, 8);
    assert_int_equal(said(&image), 4096);
}

static void nonsense_is_no_size(void **state)
{
    static const struct {
        unsigned at;
        uint32_t value;
    } changes[] = {{0, 1},           {12, 4096}, {16, 1},          {20, 5},  {20, 0xffffffff},
                   {28, 0xffffffff}, {28, 0},    {28, LENGTH + 1}, {24, 77}, {0x28, 0x20}};
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        unsigned char number[4];
        struct image image = image_new();
        transaction(&image, 40000, 100);
        if (changes[i].at == 0x28) { /* more blocks than there are */
            put_be(number, 0xffffffff);
            write_at(&image, (uint64_t)JOURNAL * BLOCK + 0x54, number, sizeof number);
        }
        put_be(number, changes[i].value);
        write_at(&image, (uint64_t)JOURNAL * BLOCK + changes[i].at, number, sizeof number);
        if (said(&image) != 0)
            fail_msg("0x%x at %u makes a log", changes[i].value, changes[i].at);
    }
}

static void a_short_journal_is_not_counted(void **state)
{
    struct image image = image_new();
    (void)state;
    transaction(&image, 40000, 100);
    uint64_t length = (uint64_t)LENGTH * BLOCK;
    assert_int_equal(replay_size_read(image.fd, SIZE, length), 0);
    assert_int_equal(replay_size_read(image.fd, SIZE, length - 1), 100 * 1024);
    close(image.fd);
}

/* ---- where the journal is ---- */

static void a_journal_is_where_its_extents_are(void **state)
{
    uint64_t together;
    struct journal_map map;
    struct image image = image_new();
    (void)state;
    node(image.super + 0x10c, 0, 2);
    extent(image.super + 0x124, LENGTH, 5, ((uint64_t)1 << 32) + 3);
    write_super(&image);
    assert_true(journal_map_read(image.fd, &map));
    assert_int_equal(map.count, 2);
    assert_int_equal(map.block_size, 1024);
    assert_int_equal(map.pieces[0].at, JOURNAL * 1024);
    assert_int_equal(map.pieces[0].length, LENGTH * 1024);
    assert_int_equal(map.pieces[1].at, ((uint64_t)1024 << 32) + 3072);
    assert_int_equal(journal_map_at(&map, 5000, &together), JOURNAL * 1024 + 5000);
    assert_int_equal(together, LENGTH * 1024 - 5000);
    assert_int_equal(journal_map_at(&map, (LENGTH + 2) * 1024, &together),
                     ((uint64_t)1024 << 32) + 5 * 1024);
    assert_int_equal(together, 3 * 1024);
    assert_true(journal_map_at(&map, (LENGTH + 5) * 1024, &together) == UINT64_MAX);
    image.super[0x18] = 2;
    write_super(&image);
    assert_true(journal_map_read(image.fd, &map));
    assert_int_equal(map.block_size, 4096);
    assert_int_equal(map.pieces[0].at, JOURNAL * 4096);
    close(image.fd);
}

/* A root with an index of two blocks, of which the second one has `entries` extents. */
static bool read_tree(unsigned depth, unsigned entries, uint64_t second, struct journal_map *map)
{
    unsigned char leaf[BLOCK] = {0};
    struct image image = image_new();
    node(image.super + 0x10c, 1, 2);
    put32(image.super + 0x118 + 4, 300);
    put16(image.super + 0x118 + 8, 0);
    put32(image.super + 0x124, 10);
    put32(image.super + 0x124 + 4, (uint32_t)second);
    put16(image.super + 0x124 + 8, (unsigned)(second >> 32));
    write_super(&image);
    node(leaf, 0, 1);
    extent(leaf + 12, 0, 10, JOURNAL);
    write_at(&image, (uint64_t)300 * BLOCK, leaf, sizeof leaf);
    node(leaf, depth, entries);
    extent(leaf + 12, 10, 7, 5000);
    extent(leaf + 24, 17, 3, 4000);
    write_at(&image, (uint64_t)301 * BLOCK, leaf, sizeof leaf);
    bool result = journal_map_read(image.fd, map);
    close(image.fd);
    return result;
}

static void large_journals_have_a_tree_of_extents(void **state)
{
    uint64_t together;
    struct journal_map map;
    (void)state;
    assert_true(read_tree(0, 2, 301, &map));
    assert_int_equal(map.count, 3);
    assert_int_equal(map.length, 20 * BLOCK);
    assert_int_equal(journal_map_at(&map, 18 * BLOCK, &together), 4001 * BLOCK);
    assert_false(read_tree(1, 2, 301, &map));
    assert_false(read_tree(0, 0xffff, 301, &map));
    assert_false(read_tree(0, 2, 302, &map));
    assert_false(read_tree(0, 2, 0xffffffffffff, &map));
    assert_false(read_tree(0, 2, 300, &map)); /* the same again */
}

/* Each of these makes it something that only the driver follows. */
static void what_is_not_simple_is_left_to_the_driver(void **state)
{
    static const struct {
        unsigned at, value;
    } changes[] = {{0x38, 0x1234}, {0x18, 7},  {0xfd, 0},  {0x10c, 0xf30b}, {0x10e, 5},
                   {0x112, 2},     {0x118, 1}, {0x11c, 0}, {0x11c, 0x8001}, {0x10e, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct journal_map map;
        struct image image = image_new();
        put16(image.super + changes[i].at, changes[i].value);
        write_super(&image);
        if (journal_map_read(image.fd, &map))
            fail_msg("0x%x at 0x%x is followed", changes[i].value, changes[i].at);
        close(image.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_counted_once_and_by_pieces_of_a_view),
        cmocka_unit_test(each_format_of_a_tag_is_read),
        cmocka_unit_test(a_log_goes_round_once),
        cmocka_unit_test(a_log_that_leads_round_in_a_circle_is_told),
        cmocka_unit_test(a_full_log_ends),
        cmocka_unit_test(a_piece_of_the_log_is_not_read_as_its_end),
        cmocka_unit_test(fast_commits_have_the_end_for_themselves),
        cmocka_unit_test(what_is_behind_the_volume_is_not_counted),
        cmocka_unit_test(nonsense_is_no_size),
        cmocka_unit_test(a_short_journal_is_not_counted),
        cmocka_unit_test(a_journal_is_where_its_extents_are),
        cmocka_unit_test(large_journals_have_a_tree_of_extents),
        cmocka_unit_test(what_is_not_simple_is_left_to_the_driver),
    };
    return cmocka_run_group_tests_name("replay-size", tests, NULL, NULL);
}
