/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1
#include "lib/guest-list-checks.h"
#include "wire/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A list and a FIFO that have no name on any disk, so that none is left where the test is killed:
 * they are opened through these descriptors. */
static int list_fd = -1, fifo_fd = -1;
static char list_path[64], fifo_path[64];

static int make_fifo(void)
{
    char directory[] = "/tmp/test-guestlist.XXXXXX", path[64];

    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/fifo", directory);
    int fd = mkfifo(path, 0600) == 0 ? open(path, O_PATH | O_CLOEXEC) : -1;
    unlink(path);
    rmdir(directory);
    return fd;
}

static int make_files(void **state)
{
    (void)state;
    list_fd = memfd_create("list", MFD_CLOEXEC);
    fifo_fd = make_fifo();
    snprintf(list_path, sizeof list_path, "/proc/self/fd/%d", list_fd);
    snprintf(fifo_path, sizeof fifo_path, "/proc/self/fd/%d", fifo_fd);
    return list_fd >= 0 && fifo_fd >= 0 ? 0 : -1;
}

static int close_files(void **state)
{
    (void)state;
    close(list_fd);
    close(fifo_fd);
    return 0;
}

static void write_list(const void *bytes, size_t length)
{
    AUTO_FILE FILE *file = fopen(list_path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
}

/* A guestlist on a file with this content. */
static guest_list *list_of(const char *bytes, size_t length)
{
    guest_list *list = guest_list_new();

    write_list(bytes, length);
    assert_int_equal(guest_list_add_file(list, GUEST_LIST_IMAGES, list_path, IMAGE_DETECT, 0, NULL),
                     0);
    return list;
}

#define LIST(text) list_of(text, sizeof(text) - 1)

static struct guest *next_guest(guest_list *list)
{
    struct guest *guest = NULL;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(guest_list_next(list, &guest, &err), GUEST_LIST_GUEST);
    assert_non_null(guest);
    assert_null(err);
    return guest;
}

static void assert_wait(guest_list *list)
{
    struct guest *guest = NULL;

    assert_int_equal(guest_list_next(list, &guest, NULL), GUEST_LIST_WAIT);
    assert_null(guest);
    assert_true(guest_list_fd(list) >= 0);
}

static void assert_next(guest_list *list, const char *path)
{
    AUTO_GUEST struct guest *guest = next_guest(list);

    assert_null(guest->refused);
    assert_int_equal(guest->image_count, 1);
    assert_string_equal(guest->images[0].path, path);
}

/* `entry` is what follows the list's name in the guest's. */
static void assert_refused(guest_list *list, const char *entry, enum error_kind kind,
                           const char *part)
{
    AUTO_GUEST struct guest *guest = next_guest(list);
    size_t length = strlen(list_path);

    assert_non_null(guest->refused);
    assert_int_equal(guest->image_count, 0);
    assert_memory_equal(guest->name, list_path, length);
    assert_string_equal(guest->name + length, entry);
    assert_int_equal(error_kind(guest->refused), kind);
    if (!strstr(error_message(guest->refused), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(guest->refused));
}

static void no_list_and_no_guest_is_the_end(void **state)
{
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    assert_end(list);
    assert_int_equal(guest_list_total(list), 0);
}

static void guests_of_the_command_line_come_first_and_in_order(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("c\n");

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct guest *guest = guest_new(99);
        guest_add_image(guest, i ? "b" : "a", 1, IMAGE_RAW, 0, NULL);
        assert_int_equal(guest_list_add(list, guest, NULL), 0);
    }
    assert_next(list, "a");
    assert_next(list, "b");
    assert_next(list, "c");
    assert_end(list);
}

static void numbers_run_through_all_sources(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("b\n\nd\n");
    struct guest *first = guest_new(99);

    (void)state;
    guest_add_image(first, "a", 1, IMAGE_RAW, 0, NULL);
    guest_list_add(list, first, NULL);
    for (uint64_t i = 0; i < 4; i++) {
        AUTO_GUEST struct guest *guest = next_guest(list);
        assert_int_equal(guest->number, i);
    }
    assert_end(list);
}

static void guests_not_taken_are_freed(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("b\nc\n");

    (void)state;
    guest_list_add(list, guest_new(0), NULL);
    guest_list_add(list, guest_new(0), NULL);
    guest_free(next_guest(list));
}

static void the_total_is_known_without_lists_or_at_their_end(void **state)
{
    AUTO_GUEST_LIST guest_list *plain = guest_list_new();
    AUTO_GUEST_LIST guest_list *list = LIST("b\nc\n");

    (void)state;
    guest_list_add(plain, guest_new(0), NULL);
    assert_int_equal(guest_list_total(plain), 1);
    guest_list_add(list, guest_new(0), NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(guest_list_total(list), 0);
        guest_free(next_guest(list));
    }
    assert_end(list);
    assert_int_equal(guest_list_total(list), 3);
}

static void the_last_entry_may_lack_its_delimiter(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("a\nb");

    (void)state;
    assert_next(list, "a");
    assert_next(list, "b");
    assert_end(list);
}

static void an_empty_list_has_no_guest(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("");

    (void)state;
    assert_end(list);
    assert_end(list);
}

static void bytes_are_taken_as_they_are(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST(" a b \r\n#c\n\xff\n \n");

    (void)state;
    assert_next(list, " a b \r");
    assert_next(list, "#c");
    assert_next(list, "\xff");
    assert_next(list, " ");
    assert_end(list);
}

/* Where a user may choose names, a separator in them would add another user's image to a guest. */
static void an_entry_is_one_path_with_its_tabs(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("/srv/mine\t/srv/yours\n\ta\t\n\t\n");

    (void)state;
    assert_next(list, "/srv/mine\t/srv/yours");
    assert_next(list, "\ta\t");
    assert_next(list, "\t");
    assert_end(list);
    AUTO_GUEST_LIST guest_list *nul = LIST("/srv/mine\t/srv/yours\0\ta\n\t\0");
    guest_list_set_delimiter(nul, '\0');
    assert_next(nul, "/srv/mine\t/srv/yours");
    assert_next(nul, "\ta\n\t");
    assert_end(nul);
}

/* What a list of guests gives besides: guest-record.h, test-guest-record.c. */
static void a_line_of_a_list_of_guests_is_a_record(void **state)
{
    static const char text[] = "{\"name\":\"web\",\"images\":[\"/a\",\"/b\\tc\"]}\n"
                               "{\"type\":\"total\",\"guests\":2}\n"
                               "\n"
                               "/srv/a.img\n"
                               "{\"images\":[\"/d\"]}";
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    write_list(text, sizeof text - 1);
    assert_int_equal(
        guest_list_add_file(list, GUEST_LIST_RECORDS, list_path, IMAGE_RAW, 4096, NULL), 0);
    guest_list_set_delimiter(list, '\0'); /* -0 is for lists of images */
    AUTO_GUEST struct guest *web = next_guest(list);
    assert_string_equal(web->name, "web");
    assert_int_equal(web->image_count, 2);
    assert_string_equal(web->images[1].path, "/b\tc");
    assert_int_equal(web->images[1].format, IMAGE_RAW);
    assert_int_equal(web->images[1].block_size, 4096);
    assert_refused(list, ":3", ERROR_REFUSED, "the line is blank");
    assert_refused(list, ":4", ERROR_REFUSED, "it is not JSON");
    assert_next(list, "/d");
    assert_end(list);
}

static void format_and_block_size_hold_for_the_list(void **state)
{
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    write_list("a\n", 2);
    guest_list_add_file(list, GUEST_LIST_IMAGES, list_path, IMAGE_VDI, 4096, NULL);
    guest_list_add_file(list, GUEST_LIST_IMAGES, list_path, IMAGE_RAW, 512, NULL);
    AUTO_GUEST struct guest *first = next_guest(list);
    AUTO_GUEST struct guest *second = next_guest(list);
    assert_int_equal(first->images[0].format, IMAGE_VDI);
    assert_int_equal(first->images[0].block_size, 4096);
    assert_int_equal(second->images[0].format, IMAGE_RAW);
    assert_int_equal(second->images[0].block_size, 512);
    assert_end(list);
}

static void a_blank_line_is_refused_by_its_number(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("\na\n\n");

    (void)state;
    assert_refused(list, ":1", ERROR_REFUSED, "the line is blank");
    assert_next(list, "a");
    assert_refused(list, ":3", ERROR_REFUSED, "the line is blank");
    assert_end(list);
}

static void a_nul_inside_a_line_is_refused(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("a\0b\nc\n");

    (void)state;
    assert_refused(list, ":1", ERROR_REFUSED, "NUL");
    assert_next(list, "c");
    assert_end(list);
}

static void with_nul_as_delimiter_a_newline_belongs_to_the_name(void **state)
{
    AUTO_GUEST_LIST guest_list *list = LIST("a\nb\0\0c");

    (void)state;
    guest_list_set_delimiter(list, '\0');
    assert_next(list, "a\nb");
    assert_refused(list, ":2", ERROR_REFUSED, "the entry is blank");
    assert_next(list, "c");
    assert_end(list);
}

static void a_name_has_at_most_work_max_path_bytes(void **state)
{
    static char text[2 * GUEST_LIST_MAX_PATH + 5];

    (void)state;
    memset(text, 'n', sizeof text);
    text[GUEST_LIST_MAX_PATH] = '\n';
    text[2 * GUEST_LIST_MAX_PATH + 2] = '\n';
    text[2 * GUEST_LIST_MAX_PATH + 4] = '\n';
    AUTO_GUEST_LIST guest_list *list = list_of(text, sizeof text);
    AUTO_GUEST struct guest *guest = next_guest(list);
    assert_int_equal(strlen(guest->images[0].path), GUEST_LIST_MAX_PATH);
    assert_refused(list, ":2", ERROR_REFUSED, "more than 8192 bytes");
    assert_next(list, "n");
    assert_end(list);
}

static void a_line_without_end_is_read_to_its_end_and_forgotten(void **state)
{
    const size_t length = 5 << 20;
    AUTO_FREE char *text = malloc(length + sizeof "\nb\n");

    (void)state;
    memset(text, 'n', length);
    memcpy(text + length, "\nb\n", sizeof "\nb\n");
    AUTO_GUEST_LIST guest_list *list = list_of(text, length + 3);
    assert_refused(list, ":1", ERROR_REFUSED, "the line has more than 8192 bytes");
    assert_next(list, "b");
    assert_end(list);
    AUTO_GUEST_LIST guest_list *unended = list_of(text, length);
    assert_refused(unended, ":1", ERROR_REFUSED, "the line has more than 8192 bytes");
    assert_end(unended);
}

static void many_short_entries_survive_the_edges_of_the_buffer(void **state)
{
    enum { COUNT = 50000 };
    AUTO_FREE char *text = malloc(COUNT * 12);
    size_t length = 0;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        length += (size_t)sprintf(text + length, "image%d\n", i);
    AUTO_GUEST_LIST guest_list *list = list_of(text, length);
    for (int i = 0; i < COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "image%d", i);
        assert_next(list, name);
    }
    assert_end(list);
}

static void a_list_that_cannot_be_read_is_one_refused_guest(void **state)
{
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    write_list("b\n", 2);
    guest_list_add_file(list, GUEST_LIST_IMAGES, "/nonexistent/list", IMAGE_DETECT, 0, NULL);
    guest_list_add_file(list, GUEST_LIST_IMAGES, "/tmp", IMAGE_DETECT, 0, NULL);
    guest_list_add_file(list, GUEST_LIST_IMAGES, list_path, IMAGE_DETECT, 0, NULL);

    AUTO_GUEST struct guest *missing = next_guest(list);
    assert_string_equal(missing->name, "/nonexistent/list");
    assert_int_equal(error_kind(missing->refused), ERROR_UNREADABLE);
    assert_string_equal(error_message(missing->refused),
                        "cannot read the list: No such file or directory");
    AUTO_GUEST struct guest *directory = next_guest(list);
    assert_string_equal(directory->name, "/tmp");
    assert_string_equal(error_message(directory->refused), "cannot read the list: Is a directory");
    assert_next(list, "b");
    assert_end(list);
    assert_int_equal(guest_list_total(list), 3);
}

/* A list on a pipe whose other end is the test's, as the program's stdin. */
static guest_list *list_on_stdin(int *writer)
{
    int ends[2];
    guest_list *list = guest_list_new();

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    *writer = ends[1];
    assert_int_equal(guest_list_add_file(list, GUEST_LIST_IMAGES, "-", IMAGE_DETECT, 0, NULL), 0);
    return list;
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void entries_come_while_the_writer_still_writes(void **state)
{
    AUTO_FD int writer = -1;
    AUTO_GUEST_LIST guest_list *list = list_on_stdin(&writer);

    (void)state;
    assert_wait(list);
    assert_wait(list);
    say(writer, "a\nb\nc");
    struct pollfd ready = {.fd = guest_list_fd(list), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 0), 1);
    assert_next(list, "a");
    assert_int_equal(guest_list_fd(list), -1);
    assert_next(list, "b");
    assert_wait(list);
    say(writer, "d\n");
    assert_next(list, "cd");
    assert_wait(list);
    assert_int_equal(guest_list_total(list), 0);
    say(writer, "e");
    assert_wait(list);
    close(steal_fd(&writer));
    assert_next(list, "e");
    assert_end(list);
    assert_int_equal(guest_list_total(list), 4);
}

static void stdin_is_called_dash_and_stays_as_it_is(void **state)
{
    AUTO_FD int writer = -1;
    AUTO_GUEST_LIST guest_list *list = list_on_stdin(&writer);

    (void)state;
    say(writer, "\n");
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    AUTO_GUEST struct guest *guest = next_guest(list);
    assert_string_equal(guest->name, "-:1");
    close(steal_fd(&writer));
    assert_end(list);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL), flags);
    assert_false(flags & O_NONBLOCK);
}

/* Blank entries and those of the command line are numbered with the others. */
static void a_shard_has_its_guests_of_the_whole_list(void **state)
{
    const struct shard shard = {.index = 1, .count = 3};
    AUTO_GUEST_LIST guest_list *list = LIST("c\nd\n\nf\ng\n");

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct guest *guest = guest_new(99);
        guest_add_image(guest, i ? "b" : "a", 1, IMAGE_RAW, 0, NULL);
        assert_int_equal(guest_list_add(list, guest, NULL), 0);
    }
    guest_list_set_shard(list, &shard);
    assert_next(list, "b");
    assert_refused(list, ":3", ERROR_REFUSED, "blank");
    assert_end(list);
    assert_int_equal(guest_list_total(list), 2);
    assert_int_equal(guest_list_numbered(list), 7);
}

static void a_shard_does_not_wait_for_the_whole_list(void **state)
{
    const struct shard shard = {.index = 1, .count = 2};
    AUTO_FD int writer = -1;
    AUTO_GUEST_LIST guest_list *list = list_on_stdin(&writer);

    (void)state;
    guest_list_set_shard(list, &shard);
    say(writer, "a\n");
    assert_wait(list);
    say(writer, "b\nc\n");
    assert_next(list, "b");
    assert_wait(list);
    close(steal_fd(&writer));
    assert_end(list);
}

static void a_fifo_waits_for_its_first_writer(void **state)
{
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    guest_list_add_file(list, GUEST_LIST_IMAGES, fifo_path, IMAGE_DETECT, 0, NULL);
    assert_wait(list);
    AUTO_FD int writer = open(fifo_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(writer >= 0);
    assert_wait(list);
    say(writer, "a\n");
    assert_next(list, "a");
    assert_wait(list);
    close(steal_fd(&writer));
    assert_end(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(no_list_and_no_guest_is_the_end),
        T(guests_of_the_command_line_come_first_and_in_order),
        T(numbers_run_through_all_sources),
        T(guests_not_taken_are_freed),
        T(the_total_is_known_without_lists_or_at_their_end),
        T(the_last_entry_may_lack_its_delimiter),
        T(an_empty_list_has_no_guest),
        T(bytes_are_taken_as_they_are),
        T(an_entry_is_one_path_with_its_tabs),
        T(a_line_of_a_list_of_guests_is_a_record),
        T(format_and_block_size_hold_for_the_list),
        T(a_blank_line_is_refused_by_its_number),
        T(a_nul_inside_a_line_is_refused),
        T(with_nul_as_delimiter_a_newline_belongs_to_the_name),
        T(a_name_has_at_most_work_max_path_bytes),
        T(a_line_without_end_is_read_to_its_end_and_forgotten),
        T(many_short_entries_survive_the_edges_of_the_buffer),
        T(a_list_that_cannot_be_read_is_one_refused_guest),
        T(entries_come_while_the_writer_still_writes),
        T(stdin_is_called_dash_and_stays_as_it_is),
        T(a_shard_has_its_guests_of_the_whole_list),
        T(a_shard_does_not_wait_for_the_whole_list),
        T(a_fifo_waits_for_its_first_writer),
    };
    return cmocka_run_group_tests(tests, make_files, close_files);
}
