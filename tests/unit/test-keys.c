/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/keys.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

static void expect_key(const key_list *keys, u_int index, const char *id, const char *passphrase)
{
    assert_true(index < keys->key_list_len);
    const key *one = &keys->key_list_val[index];
    assert_int_equal(one->id.id_len, strlen(id));
    assert_memory_equal(one->id.id_val, id, strlen(id));
    assert_int_equal(one->passphrase.passphrase_len, strlen(passphrase));
    assert_memory_equal(one->passphrase.passphrase_val, passphrase, strlen(passphrase));
}

/* The selector is refused with a message that has `part` in it, and not the word "secret". */
static void expect_refusal(const char *selector, const char *part)
{
    key_list keys = {0};
    error *err = NULL;
    assert_int_equal(keys_add(&keys, selector, &err), -1);
    assert_non_null(strstr(error_message(err), part));
    assert_null(strstr(error_message(err), "secret"));
    error_free(err);
    keys_clear(&keys);
}

static void a_device_a_uuid_and_all(void **state)
{
    key_list keys = {0};
    (void)state;
    assert_int_equal(keys_add(&keys, "/dev/vg/lv:key:one", NULL), 0);
    assert_int_equal(keys_add(&keys, "7d3e4f50-1111:key:two", NULL), 0);
    assert_int_equal(keys_add(&keys, "all:key:three", NULL), 0);
    expect_key(&keys, 0, "/dev/vg/lv", "one");
    expect_key(&keys, 1, "7d3e4f50-1111", "two");
    expect_key(&keys, 2, "", "three");
    keys_clear(&keys);
    assert_int_equal(keys.key_list_len, 0);
}

static void a_passphrase_may_have_colons_in_it(void **state)
{
    key_list keys = {0};
    (void)state;
    assert_int_equal(keys_add(&keys, "all:key:a:file:b", NULL), 0);
    expect_key(&keys, 0, "", "a:file:b");
    keys_clear(&keys);
}

static void selectors_that_are_none_do_not_repeat_what_they_were(void **state)
{
    (void)state;
    expect_refusal("secret", "ID:key:PASSPHRASE");
    expect_refusal("all:secret", "ID:key:PASSPHRASE");
    expect_refusal(":key:secret", "ID:key:PASSPHRASE");
    expect_refusal("all:kee:secret", "neither");
    expect_refusal("all:key:", "empty");
}

static void lengths_at_their_edges(void **state)
{
    static char selector[MAX_PASSPHRASE + 16] = "all:key:";
    key_list keys = {0};
    (void)state;
    memset(selector + 8, 'x', MAX_PASSPHRASE);
    assert_int_equal(keys_add(&keys, selector, NULL), 0);
    selector[8 + MAX_PASSPHRASE] = 'x';
    expect_refusal(selector, "more than");
    keys_clear(&keys);
}

static void not_more_keys_than_an_appliance_takes(void **state)
{
    key_list keys = {0};
    (void)state;
    for (int i = 0; i < MAX_KEYS; i++)
        assert_int_equal(keys_add(&keys, "all:key:x", NULL), 0);
    assert_int_equal(keys_add(&keys, "all:key:x", NULL), -1);
    keys_clear(&keys);
}

static void not_more_bytes_than_go_with_a_question(void **state)
{
    static char selector[MAX_PASSPHRASE + 16] = "all:key:";
    key_list keys = {0};
    int added = 0;
    (void)state;
    memset(selector + 8, 'x', MAX_PASSPHRASE);
    for (int i = 0; i < MAX_KEYS && added == 0; i++)
        added = keys_add(&keys, selector, NULL);
    assert_int_equal(added, -1);
    keys_clear(&keys);
}

/* A descriptor that gives these bytes, then the end. */
static int bytes(const char *text)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    return ends[0];
}

static void lines_are_keys_for_all(void **state)
{
    key_list keys = {0};
    int fd = bytes("one\ntwo words\nlast");
    (void)state;
    assert_int_equal(keys_add_lines(&keys, fd, NULL), 0);
    expect_key(&keys, 0, "", "one");
    expect_key(&keys, 1, "", "two words");
    expect_key(&keys, 2, "", "last");
    close(fd);
    keys_clear(&keys);
}

static void a_blank_line_is_no_key(void **state)
{
    key_list keys = {0};
    int fd = bytes("one\n\ntwo\n");
    (void)state;
    assert_int_equal(keys_add_lines(&keys, fd, NULL), -1);
    close(fd);
    keys_clear(&keys);
}

static void a_file_is_tried_without_its_last_newline_and_with_it(void **state)
{
    char path[] = "/tmp/test-keys.XXXXXX", selector[64];
    key_list keys = {0};
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "from a file\n\n", 13), 13);
    close(fd);
    snprintf(selector, sizeof selector, "all:file:%s", path);
    assert_int_equal(keys_add(&keys, selector, NULL), 0);
    expect_key(&keys, 0, "", "from a file\n");
    expect_key(&keys, 1, "", "from a file\n\n");
    assert_int_equal(keys.key_list_len, 2);
    unlink(path);
    expect_refusal(selector, "No such file");
    keys_clear(&keys);
}

static void a_disk_has_those_for_all_and_its_own(void **state)
{
    key_list keys = {0};
    const key *found[MAX_KEYS];

    (void)state;
    keys_add(&keys, "all:key:one", NULL);
    keys_add(&keys, "/dev/sdb:key:two", NULL);
    keys_add(&keys, "/dev/sdb1:key:three", NULL);
    assert_int_equal(keys_for_disk(&keys, 0, found), 1);
    assert_memory_equal(found[0]->passphrase.passphrase_val, "one", 3);
    assert_int_equal(keys_for_disk(&keys, 1, found), 2);
    assert_memory_equal(found[1]->passphrase.passphrase_val, "two", 3);
    assert_int_equal(keys_for_disk(NULL, 0, found), 0);
    keys_clear(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_a_uuid_and_all),
        cmocka_unit_test(a_passphrase_may_have_colons_in_it),
        cmocka_unit_test(selectors_that_are_none_do_not_repeat_what_they_were),
        cmocka_unit_test(lengths_at_their_edges),
        cmocka_unit_test(not_more_keys_than_an_appliance_takes),
        cmocka_unit_test(not_more_bytes_than_go_with_a_question),
        cmocka_unit_test(lines_are_keys_for_all),
        cmocka_unit_test(a_blank_line_is_no_key),
        cmocka_unit_test(a_file_is_tried_without_its_last_newline_and_with_it),
        cmocka_unit_test(a_disk_has_those_for_all_and_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
