/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json-lines.h"
#include "cli/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static struct guest *make_guest(uint64_t number, const char *path)
{
    struct guest *guest = guest_new(number);

    assert_int_equal(guest_add_image(guest, path, strlen(path), IMAGE_DETECT, 0, NULL), 0);
    return guest;
}

/* As --json writes it. */
static void write_guest(FILE *to, uint64_t number, const char *path)
{
    AUTO_GUEST struct guest *guest = make_guest(number, path);
    json_t *object = json_object();
    int failed = json_lines_set(object, "type", json_string("guest")) |
                 json_lines_set_guest(object, guest) |
                 json_lines_set_status(object, STATUS_OK, NULL, 0);

    assert_int_equal(json_lines_write_line(object, failed, to), 0);
}

/* What is read of these bytes. */
static resume *read_bytes(const char *bytes, size_t length, error **err)
{
    char path[64];
    AUTO_FD int fd = memfd_create("output", MFD_CLOEXEC);

    assert_int_equal(write(fd, bytes, length), length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return resume_read(path, err);
}

static bool has(const resume *self, uint64_t number, const char *path)
{
    AUTO_GUEST struct guest *guest = make_guest(number, path);

    return resume_has(self, guest);
}

/* Two guests, the second with a name that is not UTF-8, and a filesystem before each. */
static char *output(size_t *length)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, length);

    fputs("{\"type\":\"filesystem\",\"guest\":\"a.img\",\"index\":0,\"images\":[\"/x/a.img\"]}\n",
          to);
    write_guest(to, 0, "/x/a.img");
    fputs("{\"type\":\"filesystem\",\"guest\":\"b.img\",\"index\":1,\"images\":[\"/x/b.img\"]}\n",
          to);
    write_guest(to, 2, "/x/\xff.img");
    fclose(to);
    return text;
}

static void what_has_its_record_was_answered(void **state)
{
    size_t length = 0;
    AUTO_FREE char *text = output(&length);
    resume *self = read_bytes(text, length, NULL);

    (void)state;
    assert_true(has(self, 0, "/x/a.img"));
    assert_true(has(self, 2, "/x/\xff.img"));
    assert_false(has(self, 1, "/x/b.img")); /* there is only its filesystem */
    resume_free(self);
}

static void a_guest_is_its_place_its_name_and_its_images(void **state)
{
    size_t length = 0;
    AUTO_FREE char *text = output(&length);
    resume *self = read_bytes(text, length, NULL);

    (void)state;
    assert_false(has(self, 1, "/x/a.img"));
    assert_false(has(self, 0, "/y/a.img"));
    assert_false(has(self, 2, "/x/\xfe.img"));
    AUTO_GUEST struct guest *named = make_guest(0, "/x/a.img");
    assert_int_equal(guest_set_name(named, "other", NULL), 0);
    assert_false(resume_has(self, named));
    resume_free(self);
}

static void an_output_may_be_cut_off_anywhere(void **state)
{
    size_t length = 0, first;
    AUTO_FREE char *text = output(&length);

    (void)state;
    first = (size_t)(strchr(strchr(text, '\n') + 1, '\n') - text); /* the end of a.img's record */
    for (size_t cut = 0; cut < length; cut++) {
        resume *self = read_bytes(text, cut, NULL);
        if (cut > 0 && cut < (size_t)(strchr(text, '\n') - text)) {
            assert_null(self); /* nothing in it is JSON */
            continue;
        }
        assert_int_equal(has(self, 0, "/x/a.img"), cut >= first);
        assert_int_equal(has(self, 2, "/x/\xff.img"), cut == length - 1); /* but for its newline */
        resume_free(self);
    }
}

static void a_line_that_was_cut_off_may_stand_in_the_middle(void **state)
{
    static const char middle[] = "{\"type\":\"gue";
    size_t length = 0;
    AUTO_FREE char *text = output(&length);
    char *joined = NULL;
    size_t joined_length = 0;
    FILE *to = open_memstream(&joined, &joined_length);

    (void)state;
    fprintf(to, "%s%s", middle, text);
    fclose(to);
    resume *self = read_bytes(joined, joined_length, NULL);
    assert_true(has(self, 0, "/x/a.img"));
    resume_free(self);
    free(joined);
}

static void another_file_is_refused(void **state)
{
    AUTO_ERROR error *err = NULL, *missing = NULL;

    (void)state;
    assert_null(read_bytes("a.img,/dev/sda,1,2,3\n", 21, &err));
    assert_non_null(strstr(error_message(err), "is no output of --json"));
    assert_null(resume_read("/nonexistent/x", &missing));
    assert_non_null(strstr(error_message(missing), "--resume: cannot read /nonexistent/x: "));
    resume *empty = read_bytes("", 0, NULL);
    assert_non_null(empty);
    resume_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_its_record_was_answered),
        cmocka_unit_test(a_guest_is_its_place_its_name_and_its_images),
        cmocka_unit_test(an_output_may_be_cut_off_anywhere),
        cmocka_unit_test(a_line_that_was_cut_off_may_stand_in_the_middle),
        cmocka_unit_test(another_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
