/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/guest-record.h"
#include "wire/protocol.h"

#include "cli/json-lines.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct guest *read_line(const char *line, int expected, error **err)
{
    struct guest *guest = guest_new(0);

    assert_non_null(guest);
    int result = guest_record_read(line, strlen(line), IMAGE_VDI, 512, guest, err);
    if (result != expected)
        fail_msg("%s: %d (%s)", line, result, err && *err ? error_message(*err) : "no error");
    return guest;
}

static struct guest *good(const char *line)
{
    return read_line(line, 1, NULL);
}

static void assert_refused(const char *line, const char *part)
{
    AUTO_ERROR error *err = NULL;
    AUTO_GUEST struct guest *guest = read_line(line, -1, &err);

    assert_int_equal(error_kind(err), ERROR_REFUSED);
    if (!strstr(error_message(err), part))
        fail_msg("%s: %s", line, error_message(err));
}

static void a_guest_has_a_name_and_its_images_in_order(void **state)
{
    AUTO_GUEST struct guest *guest = good("{\"name\":\"web1\",\"images\":[\"/srv/"
                                          "a\",\"b\\tc\"],\"format\":\"raw\",\"blocksize\":4096}");

    (void)state;
    assert_string_equal(guest->name, "web1");
    assert_int_equal(guest->image_count, 2);
    assert_string_equal(guest->images[0].path, "/srv/a");
    assert_string_equal(guest->images[1].path, "b\tc");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(guest->images[i].format, IMAGE_RAW);
        assert_int_equal(guest->images[i].block_size, 4096);
    }
}

static void what_the_record_does_not_say_the_command_line_does(void **state)
{
    AUTO_GUEST struct guest *guest = good("{\"images\":[\"/srv/a\",\"/srv/b\"]}");

    (void)state;
    assert_string_equal(guest->name, "a+");
    assert_int_equal(guest->images[1].format, IMAGE_VDI);
    assert_int_equal(guest->images[1].block_size, 512);
}

static void names_that_are_not_utf8_come_in_base64(void **state)
{
    AUTO_GUEST struct guest *guest =
        good("{\"name\":\"w?\",\"name_b64\":\"d/8=\",\"images\":[\"?\"],\"images_b64\":[\"L2H/"
             "\",\"Lw==\"]}");

    (void)state;
    assert_string_equal(guest->name, "w\xff");
    assert_int_equal(guest->image_count, 2);
    assert_string_equal(guest->images[0].path, "/a\xff");
    assert_string_equal(guest->images[1].path, "/");
}

/* As --json writes it, whatever it has to say besides. */
static void our_own_records_of_guests_are_read(void **state)
{
    AUTO_GUEST struct guest *guest =
        good("{\"type\":\"guest\",\"guest\":\"a\\ufffd\",\"guest_b64\":\"Yf8=\",\"images\":[\"/"
             "a\\ufffd\"],"
             "\"images_b64\":[\"L2H/\"],\"status\":\"ok\",\"message\":null,\"filesystems\":2,"
             "\"elapsed_s\":0.041,\"of_a_later_version\":{}}");

    (void)state;
    assert_string_equal(guest->name, "a\xff");
    assert_int_equal(guest->image_count, 1);
    assert_string_equal(guest->images[0].path, "/a\xff");
}

/* … and read back as they were, for every byte that a name may have. */
static void what_json_writes_comes_back(void **state)
{
    char every[256];
    const char *paths[] = {every, "/srv/b"};
    json_t *record = json_pack("{s:s}", "type", "guest");

    (void)state;
    for (int i = 0; i < 255; i++)
        every[i] = (char)(i + 1);
    every[255] = 0;
    assert_int_equal(json_lines_set_string(record, "guest", every, 255), 0);
    assert_int_equal(json_lines_set_strings(record, "images", paths, 2), 0);
    AUTO_FREE char *line = json_dumps(record, JSON_COMPACT);
    json_decref(record);
    AUTO_GUEST struct guest *guest = good(line);
    assert_string_equal(guest->name, every);
    assert_int_equal(guest->image_count, 2);
    assert_string_equal(guest->images[0].path, every);
    assert_string_equal(guest->images[1].path, "/srv/b");
}

static void our_other_records_are_passed_over(void **state)
{
    static const char *const types[] = {"filesystem", "swap",  "unknown", "member",
                                        "encrypted",  "total", "file",    "problem"};
    char line[128];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(line, sizeof line, "{\"type\":\"%s\",\"guest\":\"a\",\"images\":[\"/a\"]}",
                 types[i]);
        AUTO_GUEST struct guest *guest = read_line(line, 0, NULL);
        assert_int_equal(guest->image_count, 0);
    }
    assert_refused("{\"type\":\"host\",\"images\":[\"/a\"]}", "\"type\" is not");
    assert_refused("{\"type\":7,\"images\":[\"/a\"]}", "\"type\" is not");
}

static void what_is_no_guest_is_refused(void **state)
{
    static const char *const lines[][2] = {
        {"/srv/a.img", "not JSON"},
        {"{\"images\":[\"/a\"]", "not JSON"},
        {"{\"images\":[\"/a\"]} {}", "not JSON"},
        {"{\"images\":[\"/a\"],\"images\":[\"/b\"]}", "not JSON"},
        {"{\"images\":[\"/a\\u0000b\"]}", "not JSON"},
        {"{\"images\":[\"/a\xff\"]}", "not JSON"},
        {"[\"/a\"]", "not a JSON object"},
        {"\"/a\"", "not a JSON object"},
        {"{}", "\"images\" is not a list"},
        {"{\"images\":[]}", "\"images\" is not a list"},
        {"{\"images\":\"/a\"}", "\"images\" is not a list"},
        {"{\"images\":[\"/a\"],\"images_b64\":[]}", "\"images_b64\" is not a list"},
        {"{\"images\":[\"/a\",7]}", "something else than text"},
        {"{\"images\":[\"\"]}", "is empty"},
        {"{\"images_b64\":[\"L2E\"]}", "something else than base64"},
        {"{\"images_b64\":[\"L2E=\\n\"]}", "something else than base64"},
        {"{\"images_b64\":[\"L2F=\"]}", "something else than base64"},
        {"{\"images_b64\":[\"L2EA\"]}", "NUL"},
        {"{\"images\":[\"/a\"],\"name\":\"\"}", "the name is empty"},
        {"{\"images\":[\"/a\"],\"name\":7}", "\"name\" has something else"},
        {"{\"images\":[\"/a\"],\"name_b64\":\"YQBi\"}", "NUL"},
        {"{\"images\":[\"/a\"],\"format\":\"qcow9\"}", "\"format\" is not"},
        {"{\"images\":[\"/a\"],\"format\":null}", "\"format\" is not"},
        {"{\"images\":[\"/a\"],\"blocksize\":1024}", "neither 512 nor 4096"},
        {"{\"images\":[\"/a\"],\"blocksize\":\"512\"}", "neither 512 nor 4096"},
        {"{\"images\":[\"/a\"],\"fromat\":\"raw\"}", "no member \"fromat\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_refused(lines[i][0], lines[i][1]);
}

static void a_guest_has_at_most_255_images(void **state)
{
    char line[16 + 4 * (SLOT_COUNT + 1)];

    (void)state;
    for (int count = SLOT_COUNT; count <= SLOT_COUNT + 1; count++) {
        char *end = stpcpy(line, "{\"images\":[\"x\"");
        for (int i = 1; i < count; i++)
            end = stpcpy(end, ",\"x\"");
        stpcpy(end, "]}");
        if (count > SLOT_COUNT) {
            assert_refused(line, "more than 255 images");
        } else {
            AUTO_GUEST struct guest *guest = good(line);
            assert_int_equal(guest->image_count, SLOT_COUNT);
        }
    }
}

static void write_file(const char *path, const char *contents)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(contents, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void key_files_are_the_guests_own_keys(void **state)
{
    char dir[] = "/tmp/test-guest-record.XXXXXX", key_path[64], fifo[64], line[256];

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(key_path, sizeof key_path, "%s/key", dir);
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    write_file(key_path, "secret");
    assert_int_equal(mkfifo(fifo, 0600), 0);

    snprintf(line, sizeof line, "{\"images\":[\"/a\"],\"key_files\":[\"%s\"]}", key_path);
    AUTO_GUEST struct guest *guest = good(line);
    assert_int_equal(guest->keys.key_list_len, 1);
    assert_int_equal(guest->keys.key_list_val[0].id.id_len, 0);
    assert_memory_equal(guest->keys.key_list_val[0].passphrase.passphrase_val, "secret", 6);

    /* Nobody writes to it, and nobody waits. */
    snprintf(line, sizeof line, "{\"images\":[\"/a\"],\"key_files\":[\"%s\"]}", fifo);
    assert_refused(line, "not a regular file");
    assert_refused("{\"images\":[\"/a\"],\"key_files\":[\"/nonexistent/key\"]}",
                   "key file /nonexistent/key: No such file");
    assert_refused("{\"images\":[\"/a\"],\"key_files\":[\"/dev/null\"]}", "not a regular file");
    assert_refused("{\"images\":[\"/a\"],\"key_files\":\"/key\"}", "not a list of files");
    assert_refused("{\"images\":[\"/a\"],\"key_files\":[7]}", "something else than text");
    write_file(key_path, "");
    snprintf(line, sizeof line, "{\"images\":[\"/a\"],\"key_files\":[\"%s\"]}", key_path);
    assert_refused(line, "the key is empty");

    assert_int_equal(unlink(key_path) + unlink(fifo) + rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(a_guest_has_a_name_and_its_images_in_order),
        T(what_the_record_does_not_say_the_command_line_does),
        T(names_that_are_not_utf8_come_in_base64),
        T(our_own_records_of_guests_are_read),
        T(what_json_writes_comes_back),
        T(our_other_records_are_passed_over),
        T(what_is_no_guest_is_refused),
        T(a_guest_has_at_most_255_images),
        T(key_files_are_the_guests_own_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
