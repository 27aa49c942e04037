/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-tar.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* POSIX.1-2017, pax Interchange Format: a header is a block, and what it describes begins with the
 * next one. */
#define BLOCK 512
#define NAME_OFFSET 0
#define NAME_SIZE 100
#define SIZE_OFFSET 124
#define SIZE_SIZE 12
#define SUM_OFFSET 148
#define SUM_SIZE 8
#define TYPE_OFFSET 156

/* An OVA has a handful of members; who makes an archive of a million does not make us read it. */
#define MEMBERS_MAX 1000
#define PAX_MAX 65536 /* bytes of one extended header */
#define NAMES_SHOWN 3

struct walk {
    int fd;
    uint64_t size, at;
    uint64_t pax_size; /* of the next member, by its extended header; UINT64_MAX: not said */
    size_t disks;
    struct image_tar_disk *found;
    char names[NAMES_SHOWN * 64];
};

struct member {
    char type;
    uint64_t offset, size;
    char name[NAME_SIZE + 1];
};

static int read_at(const struct walk *self, void *into, size_t length, uint64_t offset, error **err)
{
    ssize_t got = pread(self->fd, into, length, (off_t)offset);
    if (got < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "cannot read the archive");
    if ((size_t)got < length)
        return error_set(err, ERROR_CORRUPT, "the archive is cut off");
    return 0;
}

/* Octal digits with spaces or zeros around them; or, by GNU's extension, bytes. False: it is no
 * number. */
static bool read_number(const unsigned char *field, size_t length, uint64_t *value)
{
    size_t i = 0;
    *value = 0;
    if (field[0] & 0x80) {
        for (*value = field[0] & 0x7f, i = 1; i < length; i++) {
            if (*value >> 55)
                return false;
            *value = *value << 8 | field[i];
        }
        return true;
    }
    while (i < length && field[i] == ' ')
        i++;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0'); /* at most 36 bits */
    return i == length || field[i] == ' ' || field[i] == '\0';
}

static bool check_sum(const unsigned char *block)
{
    uint64_t said, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM_OFFSET && i < SUM_OFFSET + SUM_SIZE ? ' ' : block[i];
    return read_number(block + SUM_OFFSET, SUM_SIZE, &said) && said == sum;
}

/* 1; 0: the end of the archive; -1 and *err. */
static int read_member(struct walk *self, struct member *member, error **err)
{
    static const unsigned char zeros[BLOCK];
    unsigned char block[BLOCK];

    if (self->size - self->at < BLOCK)
        return self->size == self->at ? 0 : error_set(err, ERROR_CORRUPT, "the archive is cut off");
    if (read_at(self, block, BLOCK, self->at, err) < 0)
        return -1;
    if (memcmp(block, zeros, BLOCK) == 0)
        return 0;
    if (!check_sum(block) || !read_number(block + SIZE_OFFSET, SIZE_SIZE, &member->size))
        return error_set(err, ERROR_CORRUPT, "the archive is damaged at byte %" PRIu64, self->at);
    member->type = (char)block[TYPE_OFFSET];
    memcpy(member->name, block + NAME_OFFSET, NAME_SIZE);
    member->name[NAME_SIZE] = '\0';
    bool extended = member->type == 'x' || member->type == 'g';
    if (!extended && self->pax_size != UINT64_MAX) {
        member->size = self->pax_size;
        self->pax_size = UINT64_MAX;
    }
    member->offset = self->at + BLOCK;
    if (member->size > self->size - member->offset)
        return error_set(err, ERROR_CORRUPT,
                         "the archive is cut off: %s has %" PRIu64
                         " bytes, of which there are %" PRIu64,
                         member->name, member->size, self->size - member->offset);
    uint64_t padded = (member->size + BLOCK - 1) / BLOCK * BLOCK;
    uint64_t left = self->size - member->offset;
    self->at = member->offset + (padded < left ? padded : left);
    return 1;
}

/* Records "LENGTH KEY=VALUE\n". Of them only the size is of interest: the field in the header ends
 * at 8 GiB. */
static int read_pax(struct walk *self, const struct member *member, error **err)
{
    char text[PAX_MAX + 1];
    if (member->size > PAX_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "an extended header of %" PRIu64 " bytes",
                         member->size);
    if (read_at(self, text, member->size, member->offset, err) < 0)
        return -1;
    text[member->size] = '\0';
    for (char *record = text, *end = text + member->size; record < end;) {
        char *word = NULL;
        unsigned long length = strtoul(record, &word, 10);
        if (*word != ' ' || length == 0 || length > (size_t)(end - record))
            return error_set(err, ERROR_CORRUPT, "an extended header is damaged");
        if (strncmp(word + 1, "size=", 5) == 0 && isdigit((unsigned char)word[6]))
            self->pax_size = strtoull(word + 6, NULL, 10);
        record += length;
    }
    return 0;
}

static bool has_name_of_disk(const char *name)
{
    static const char *const ends[] = {".vmdk", ".qcow2", ".img", ".raw", ".vdi", ".vhd", ".vhdx"};
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (length > strlen(ends[i]) && strcasecmp(name + length - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

/* 1, 0; -1 and *err. */
static int is_disk(const struct walk *self, const struct member *member, error **err)
{
    static const struct {
        const char *bytes;
        size_t size;
    } signatures[] = {{"KDMV", 4}, {"QFI\xfb", 4}, {"vhdxfile", 8}, {"conectix", 8}};
    char first[8] = {0};

    if ((member->type != '0' && member->type != '\0') || member->size < BLOCK)
        return 0;
    if (read_at(self, first, sizeof first, member->offset, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
        if (memcmp(first, signatures[i].bytes, signatures[i].size) == 0)
            return 1;
    return has_name_of_disk(member->name);
}

static void note(struct walk *self, const struct member *member)
{
    size_t length = strlen(self->names);

    if (self->disks++ == 0) {
        *self->found = (struct image_tar_disk){.offset = member->offset, .size = member->size};
        snprintf(self->found->name, sizeof self->found->name, "%s", member->name);
    }
    if (self->disks <= NAMES_SHOWN)
        snprintf(self->names + length, sizeof self->names - length, "%s%.60s", length ? ", " : "",
                 member->name);
}

static int look_at(struct walk *self, const struct member *member, error **err)
{
    if (member->type == 'x')
        return read_pax(self, member, err);
    int disk = is_disk(self, member, err);
    if (disk > 0)
        note(self, member);
    return disk < 0 ? -1 : 0;
}

int image_tar_find(int fd, uint64_t size, struct image_tar_disk *disk, error **err)
{
    struct walk self = {.fd = fd, .size = size, .pax_size = UINT64_MAX, .found = disk};
    struct member member = {0};
    int got = 1;

    for (size_t count = 0; (got = read_member(&self, &member, err)) > 0; count++) {
        if (count == MEMBERS_MAX)
            return error_set(err, ERROR_UNSUPPORTED, "the archive has more than %d members",
                             MEMBERS_MAX);
        if (look_at(&self, &member, err) < 0)
            return -1;
    }
    if (got < 0)
        return -1;
    if (self.disks == 0)
        return error_set(err, ERROR_UNSUPPORTED, "there is no disk image in the archive");
    if (self.disks > 1)
        return error_set(err, ERROR_UNSUPPORTED,
                         "there are %zu disk images in the archive (%s%s): unpack it (tar -xf), "
                         "and name those that belong "
                         "to one guest with -a",
                         self.disks, self.names, self.disks > NAMES_SHOWN ? ", …" : "");
    return 0;
}
