/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replay-size.h"
#include "base/cleanup.h"
#include "journal-map.h"
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 4096 /* of a view */

/* What is read at once. The first is what journal-copy.h reads, too. */
#define WINDOW ((uint64_t)128 << 10)

/* linux/jbd2.h */
#define MAGIC 0xc03b3998
#define DESCRIPTOR 1
#define COMMIT 2
#define REVOKE 5
#define FEATURE_64BIT 2
#define FEATURE_CSUM_V2 8
#define FEATURE_CSUM_V3 0x10
#define FEATURE_FAST_COMMIT 0x20
#define FAST_COMMIT_BLOCKS 256 /* JBD2_DEFAULT_FAST_COMMIT_BLOCKS */
#define HEADER_SIZE 12
#define UUID_SIZE 16
#define FLAG_SAME_UUID 2
#define FLAG_LAST_TAG 8

struct walk {
    int disk;
    uint64_t size;
    struct journal_map map;
    struct journal_super super;
    uint32_t end;          /* the first block behind the log */
    uint64_t at;           /* what is read next */
    uint32_t sequence;     /* of that */
    uint32_t left;         /* blocks until it has gone round once */
    bool endless;          /* it has, and goes on */
    unsigned char *window; /* a part of the journal, from this byte of the volume on */
    uint64_t window_at, window_length;
    const unsigned char *block; /* in it: the one that was read last */
    uint64_t *chunks;           /* those that are named */
    size_t count, room;
};

static uint32_t be32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

/* journal_tag_bytes() of fs/jbd2/journal.c. */
static size_t tag_size(uint32_t features)
{
    if (features & FEATURE_CSUM_V3)
        return 16;
    return 8 + (features & FEATURE_CSUM_V2 ? 2 : 0) + (features & FEATURE_64BIT ? 4 : 0);
}

static void take_block(struct walk *self, uint64_t number)
{
    if (number < self->size / self->map.block_size && self->count < self->room)
        self->chunks[self->count++] = number * self->map.block_size / CHUNK;
}

/* The blocks that the descriptor names. Their number. */
static uint32_t take_tags(struct walk *self)
{
    uint32_t features = self->super.features, tags = 0;
    size_t size = tag_size(features), at = HEADER_SIZE;
    size_t end = self->map.block_size - (features & (FEATURE_CSUM_V2 | FEATURE_CSUM_V3) ? 4 : 0);
    while (at + size <= end) {
        const unsigned char *tag = self->block + at;
        unsigned flags = be32(tag + 4) & 0xffff; /* in any format */
        uint64_t high = features & FEATURE_64BIT ? be32(tag + 8) : 0;
        take_block(self, high << 32 | be32(tag));
        tags++;
        if (flags & FLAG_LAST_TAG)
            break;
        at += size + (flags & FLAG_SAME_UUID ? 0 : UUID_SIZE);
    }
    return tags;
}

/* As the driver does it. */
static void advance(struct walk *self, uint32_t blocks)
{
    self->left -= blocks < self->left ? blocks : self->left;
    self->at += blocks;
    if (self->at >= self->end)
        self->at -= self->end - self->super.first;
}

/* Makes self->block what is next; false: it cannot be read. */
static bool read_block(struct walk *self)
{
    uint64_t length, size = self->map.block_size;
    uint64_t at = journal_map_at(&self->map, self->at * size, &length);
    if (at > INT64_MAX - WINDOW)
        return false;
    if (at < self->window_at || at - self->window_at + size > self->window_length) {
        length = length < WINDOW ? length : WINDOW;
        ssize_t result = pread(self->disk, self->window, length, (off_t)at);
        self->window_at = at;
        self->window_length = result > 0 ? (uint64_t)result : 0;
    }
    self->block = self->window + (at - self->window_at);
    return at - self->window_at + size <= self->window_length;
}

/* Reads what is next; false: the log ends there, or nowhere. */
static bool step(struct walk *self)
{
    uint32_t kind, tags;
    if (!read_block(self) || be32(self->block) != MAGIC || be32(self->block + 8) != self->sequence)
        return false;
    kind = be32(self->block + 4);
    self->endless = self->left == 0 && (kind == DESCRIPTOR || kind == COMMIT || kind == REVOKE);
    if (self->endless)
        return false;
    advance(self, 1);
    switch (kind) {
    case DESCRIPTOR:
        tags = take_tags(self);
        advance(self, tags);
        return true;
    case COMMIT:
        self->sequence++;
        return true;
    default:
        return kind == REVOKE;
    }
}

static int compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

static uint64_t count_distinct(uint64_t *chunks, size_t count)
{
    uint64_t distinct = 0;
    qsort(chunks, count, sizeof *chunks, compare);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || chunks[i] != chunks[i - 1];
    return distinct;
}

/* Where the log begins and ends; false: there is none, or nothing of it makes sense. */
static bool begin(struct walk *self)
{
    struct journal_super *super = &self->super;
    if (!journal_map_super(self->disk, &self->map, super))
        return false;
    uint64_t end = self->map.length / self->map.block_size, fast = 0;
    if (super->features & FEATURE_FAST_COMMIT)
        fast = super->fast_commits ? super->fast_commits : FAST_COMMIT_BLOCKS;
    if (super->length < end)
        end = super->length;
    if (fast >= end)
        return false;
    self->end = (uint32_t)(end - fast);
    self->at = super->start;
    self->sequence = super->sequence;
    self->left = self->end - super->first;
    self->room = self->left < REPLAY_SIZE_BLOCKS ? self->left : REPLAY_SIZE_BLOCKS;
    return super->start != 0 && super->start >= super->first && super->start < self->end;
}

uint64_t replay_size_read(int disk, uint64_t size, uint64_t enough)
{
    struct walk self = {.disk = disk, .size = size};
    if (!journal_map_read(disk, &self.map) || !begin(&self))
        return 0;
    if (self.map.length <= enough)
        self.room = 0;
    AUTO_FREE unsigned char *window = self.window = malloc(WINDOW);
    AUTO_FREE uint64_t *chunks = self.chunks = calloc(self.room + 1, sizeof *chunks);
    if (!window || !chunks)
        return 0;
    while (step(&self))
        ;
    return self.endless ? REPLAY_SIZE_ENDLESS : count_distinct(chunks, self.count) * CHUNK;
}
