/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_snapshot_select(): the header that it makes, and tables that lie. */
#include "image/image-snapshot.h"

#include "lib/image-files.h"
#include "lib/image-maker.h"

#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CLUSTER 65536
#define TABLE (2 * CLUSTER) /* where the snapshots are */
#define L1 (4 * CLUSTER)
#define FILE_SIZE (8 * CLUSTER)

/* An image with as many snapshots, of which no table is written yet. */
static int make_image(uint32_t version, uint32_t snapshots)
{
    int fd = open("image.qcow2", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    make_qcow2(version);
    be32(60, snapshots);
    be64(64, TABLE);
    if (version == 3)
        be64(88, 1); /* bitmaps */
    assert_int_equal(write(fd, header, CLUSTER), CLUSTER);
    assert_int_equal(ftruncate(fd, FILE_SIZE), 0);
    return fd;
}

/* An entry of that name at `at`; where the next one is. */
static off_t put_snapshot(int fd, off_t at, const char *id, const char *name, uint32_t extra,
                          uint64_t l1, uint64_t size)
{
    uint8_t entry[64] = {0};
    const uint64_t places[] = {htobe64(l1), htobe64(size)};
    const uint32_t words[] = {htobe32(1), htobe32(extra)};
    const uint16_t lengths[] = {htobe16((uint16_t)strlen(id)), htobe16((uint16_t)strlen(name))};

    memcpy(entry, &places[0], 8);
    memcpy(entry + 8, &words[0], 4);
    memcpy(entry + 12, lengths, 4);
    memcpy(entry + 36, &words[1], 4);
    memcpy(entry + 48, &places[1], 8);
    assert_int_equal(pwrite(fd, entry, 40 + (extra > 16 ? 16 : extra), at),
                     40 + (extra > 16 ? 16 : extra));
    at += 40 + extra;
    assert_int_equal(pwrite(fd, id, strlen(id), at), strlen(id));
    at += (off_t)strlen(id);
    assert_int_equal(pwrite(fd, name, strlen(name), at), strlen(name));
    return (at + (off_t)strlen(name) + 7) / 8 * 8;
}

static uint64_t number_at(const struct image_layer *layer, off_t at, size_t length)
{
    uint64_t bytes = 0;

    assert_int_equal(pread(layer->fd, (char *)&bytes + 8 - length, length, at), length);
    return be64toh(bytes);
}

static struct image_chain *select_snapshot(const char *name)
{
    AUTO_ERROR error *err = NULL;
    struct image_chain *chain = open_chain("image.qcow2", BACKING_DENY);

    if (image_snapshot_select(chain, name, 0, &err) < 0)
        fail_msg("%s", error_message(err));
    return chain;
}

static void assert_not_selected(const char *path, const char *name, enum error_kind kind,
                                const char *part)
{
    AUTO_ERROR error *err = NULL;
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain(path, BACKING_SAME_DIR);

    assert_int_equal(image_snapshot_select(chain, name, 0, &err), -1);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in: %s", part, error_message(err));
    assert_int_equal(error_kind(err), kind);
}

static void the_header_is_that_of_the_snapshot(void **state)
{
    AUTO_FD int fd = make_image(3, 2);

    (void)state;
    put_snapshot(fd, put_snapshot(fd, TABLE, "1", "other", 16, CLUSTER, MIB), "2", "monday", 24, L1,
                 5 * MIB);
    AUTO_IMAGE_CHAIN struct image_chain *chain = select_snapshot("monday");
    assert_int_equal(chain->size, 5 * MIB);
    assert_int_equal(chain->count, 3);
    assert_int_equal(chain->layers[0].format, IMAGE_QCOW2);
    const struct image_layer *made = &chain->layers[1], *rest = &chain->layers[2];
    assert_int_equal(made->role, IMAGE_ROLE_EXTENT);
    assert_int_equal(made->size, 512);
    assert_int_equal(fcntl(made->fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(number_at(made, 24, 8), 5 * MIB);
    assert_int_equal(number_at(made, 36, 4), 1);
    assert_int_equal(number_at(made, 40, 8), L1);
    assert_int_equal(number_at(made, 60, 4), 0);
    assert_int_equal(number_at(made, 88, 8), 0);
    assert_int_equal(number_at(made, 0, 8), number_at(&chain->layers[0], 0, 8));
    assert_int_equal(rest->offset, 512);
    assert_int_equal(rest->size, FILE_SIZE - 512);
}

static void names_go_before_ids(void **state)
{
    AUTO_FD int fd = make_image(3, 2);

    (void)state;
    put_snapshot(fd, put_snapshot(fd, TABLE, "1", "2", 16, L1, MIB), "2", "x", 16, L1, 2 * MIB);
    AUTO_IMAGE_CHAIN struct image_chain *named = select_snapshot("2");
    AUTO_IMAGE_CHAIN struct image_chain *numbered = select_snapshot("1");
    assert_int_equal(named->size, MIB);
    assert_int_equal(numbered->size, MIB);
}

static void an_old_image_has_the_size_that_it_has_now(void **state)
{
    AUTO_FD int fd = make_image(2, 1);

    (void)state;
    put_snapshot(fd, TABLE, "1", "old", 0, L1, 0);
    AUTO_IMAGE_CHAIN struct image_chain *chain = select_snapshot("old");
    assert_int_equal(chain->size, 10 * MIB);
}

static void those_that_are_there_are_named(void **state)
{
    AUTO_FD int none = make_image(3, 0);
    off_t at = TABLE;

    (void)state;
    assert_not_selected("image.qcow2", "x", ERROR_REFUSED, "it has no snapshot \"x\"; it has none");
    AUTO_FD int fd = make_image(3, 12);
    for (int i = 0; i < 12; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        at = put_snapshot(fd, at, "9", name, 16, L1, MIB);
    }
    assert_not_selected("image.qcow2", "", ERROR_REFUSED,
                        "it has \"s0\", \"s1\", \"s2\", \"s3\", \"s4\", \"s5\", \"s6\", \"s7\" …");
}

static void tables_that_lie(void **state)
{
    AUTO_FD int far = make_image(3, 1);

    (void)state;
    put_snapshot(far, TABLE, "1", "x", 16, FILE_SIZE, MIB);
    assert_not_selected("image.qcow2", "x", ERROR_CORRUPT, "the snapshot's L1 table");
    AUTO_FD int crooked = make_image(3, 1);
    put_snapshot(crooked, TABLE, "1", "x", 16, L1 + 8, MIB);
    assert_not_selected("image.qcow2", "x", ERROR_CORRUPT, "the snapshot's L1 table");
    AUTO_FD int empty = make_image(3, 1);
    put_snapshot(empty, TABLE, "1", "x", 16, L1, 0);
    assert_not_selected("image.qcow2", "x", ERROR_EMPTY, "the disk is empty");
    AUTO_FD int huge = make_image(3, 1);
    put_snapshot(huge, TABLE, "1", "x", 16, L1, UINT64_MAX);
    assert_not_selected("image.qcow2", "x", ERROR_CORRUPT, "the snapshot claims");
    AUTO_FD int padded = make_image(3, 1);
    put_snapshot(padded, TABLE, "1", "x", 2000, L1, MIB);
    assert_not_selected("image.qcow2", "x", ERROR_CORRUPT, "an entry of its snapshot table");
    /* More entries than there are bytes. */
    AUTO_FD int many = make_image(3, 9000);
    assert_int_equal(pwrite(many, "\xff\xff\xff\xff", 4, TABLE + 12), 4);
    assert_not_selected("image.qcow2", "x", ERROR_CORRUPT, "its snapshot table is beyond its end");
}

static void what_has_none(void **state)
{
    (void)state;
    make_raw("a.raw", 4096);
    assert_not_selected("a.raw", "x", ERROR_UNSUPPORTED, "it is a raw image");
    make_raw("data.raw", 1 << 20);
    make_qcow2_with_data_file("data.qcow2", "data.raw");
    assert_not_selected("data.qcow2", "x", ERROR_UNSUPPORTED, "keeps its data in another file");
}

static void what_backs_it_stays(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    make_raw("base.raw", 4096);
    make_qcow2_file("over.qcow2", "base.raw", "raw");
    AUTO_FD int fd = open("over.qcow2", O_RDWR | O_CLOEXEC);
    const uint32_t one = htobe32(1);
    const uint64_t table = htobe64(TABLE);
    assert_int_equal(ftruncate(fd, FILE_SIZE), 0);
    assert_int_equal(pwrite(fd, &one, 4, 60), 4);
    assert_int_equal(pwrite(fd, &table, 8, 64), 8);
    put_snapshot(fd, TABLE, "1", "x", 16, L1, MIB);
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("over.qcow2", BACKING_SAME_DIR);
    if (image_snapshot_select(chain, "x", 0, &err) < 0)
        fail_msg("%s", error_message(err));
    assert_int_equal(chain->count, 4);
    assert_string_equal(chain->layers[3].path, "base.raw");
    assert_int_equal(chain->layers[3].role, IMAGE_ROLE_BACKING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_that_of_the_snapshot),
        cmocka_unit_test(names_go_before_ids),
        cmocka_unit_test(an_old_image_has_the_size_that_it_has_now),
        cmocka_unit_test(those_that_are_there_are_named),
        cmocka_unit_test(tables_that_lie),
        cmocka_unit_test(what_has_none),
        cmocka_unit_test(what_backs_it_stays),
    };
    return cmocka_run_group_tests(tests, enter_image_directory, leave_image_directory);
}
