/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that looks for guests, with work that needs no libvirt, and the guests in its
 * records.
 */
#include "guest/guest-lookup.h"

#include "base/clock.h"
#include "base/secret.h"
#include "guest/lookup-record.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

static const struct guest_lookup_query everything;

/* --- work --- */

static struct guest *make_guest(const char *name)
{
    struct guest *guest = guest_new(0);

    guest_set_name(guest, name, NULL);
    snprintf(guest->uuid, sizeof guest->uuid, "%s", "11111111-f6a4-8304-79aa-97f2502e193f");
    guest_add_image(guest, "/a.qcow2", 8, IMAGE_QCOW2, 4096, NULL);
    guest_add_image(guest, "/b.img", 6, IMAGE_RAW, 0, NULL);
    guest->images[0].backing = calloc(1, sizeof(struct image_backing));
    image_backing_add(guest->images[0].backing, "/base", IMAGE_VMDK, NULL);
    guest->images[0].backing->complete = true;
    return guest;
}

static int tell_two(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                    error **err)
{
    AUTO_GUEST struct guest *good = make_guest("good"), *bad = make_guest("bad");

    (void)query;
    (void)err;
    error_set(&bad->refused, ERROR_EMPTY, "it has no disks");
    guest_lookup_tell_guest(teller, good);
    guest_lookup_tell_trace(teller, "a call");
    guest_lookup_tell_guest(teller, bad);
    return 0;
}

static int tell_names(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                      error **err)
{
    (void)err;
    for (size_t i = 0; i < query->count; i++) {
        AUTO_GUEST struct guest *guest = make_guest(query->names[i]);
        guest_lookup_tell_guest(teller, guest);
    }
    return 0;
}

static int tell_one_and_fail(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                             error **err)
{
    AUTO_GUEST struct guest *guest = make_guest("good");

    (void)query;
    guest_lookup_tell_guest(teller, guest);
    return error_set(err, ERROR_APPLIANCE, "the hypervisor is gone");
}

static int tell_one_and_die(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                            error **err)
{
    AUTO_GUEST struct guest *guest = make_guest("good");

    (void)query;
    (void)err;
    guest_lookup_tell_guest(teller, guest);
    raise(SIGKILL);
    return 0;
}

static int hang(const struct guest_lookup_query *query, guest_lookup_teller *teller, error **err)
{
    AUTO_FREE char *pid = NULL;

    (void)query;
    (void)err;
    if (asprintf(&pid, "%d", getpid()) > 0)
        guest_lookup_tell_trace(teller, pid);
    while (pause() < 0)
        ;
    return 0;
}

static int tell_for_ever(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                         error **err)
{
    (void)query;
    for (;;) {
        AUTO_GUEST struct guest *guest = make_guest("again");
        if (guest_lookup_tell_guest(teller, guest) < 0)
            return error_set(err, ERROR_APPLIANCE, "gone");
    }
}

/* --- */

static guest_lookup *start(guest_lookup_work work, unsigned timeout)
{
    struct guest_lookup_query query = {.trace = true};
    guest_lookup *self = guest_lookup_start(work, &query, timeout, NULL);

    assert_non_null(self);
    return self;
}

/* Waits as the header says. */
static enum guest_lookup_next next(guest_lookup *self, struct guest **guest, char **text,
                                   error **err)
{
    enum guest_lookup_next got;

    while ((got = guest_lookup_next(self, guest, text, err)) == GUEST_LOOKUP_WAIT) {
        struct pollfd ready = {.fd = guest_lookup_fd(self), .events = POLLIN};
        assert_true(poll(&ready, 1, clock_poll_timeout(guest_lookup_deadline(self))) >= 0);
    }
    return got;
}

static void assert_guest(guest_lookup *self, const char *name)
{
    AUTO_GUEST struct guest *guest = NULL;

    assert_int_equal(next(self, &guest, NULL, NULL), GUEST_LOOKUP_GUEST);
    assert_string_equal(guest->name, name);
}

static void assert_failed(guest_lookup *self, enum error_kind kind, const char *message)
{
    struct guest *guest = NULL;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(next(self, &guest, NULL, &err), GUEST_LOOKUP_END);
    assert_non_null(err);
    assert_string_equal(error_message(err), message);
    assert_int_equal(error_kind(err), kind);
    assert_int_equal(guest_lookup_fd(self), -1);
}

static void guests_come_as_they_were_told(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(tell_two, 0);
    AUTO_GUEST struct guest *good = NULL, *bad = NULL;
    AUTO_FREE char *text = NULL;
    struct guest *none = NULL;
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_int_equal(next(self, &good, &text, &err), GUEST_LOOKUP_GUEST);
    assert_string_equal(good->name, "good");
    assert_string_equal(good->uuid, "11111111-f6a4-8304-79aa-97f2502e193f");
    assert_int_equal(good->image_count, 2);
    assert_string_equal(good->images[0].path, "/a.qcow2");
    assert_int_equal(good->images[0].format, IMAGE_QCOW2);
    assert_int_equal(good->images[0].block_size, 4096);
    assert_int_equal(good->images[0].backing->count, 1);
    assert_string_equal(good->images[0].backing->layers[0].path, "/base");
    assert_int_equal(good->images[0].backing->layers[0].format, IMAGE_VMDK);
    assert_true(good->images[0].backing->complete);
    assert_null(good->images[1].backing);
    assert_int_equal(next(self, &bad, &text, &err), GUEST_LOOKUP_TRACE);
    assert_string_equal(text, "a call");
    assert_int_equal(next(self, &bad, &text, &err), GUEST_LOOKUP_GUEST);
    assert_string_equal(bad->name, "bad");
    assert_string_equal(error_message(bad->refused), "it has no disks");
    assert_int_equal(error_kind(bad->refused), ERROR_EMPTY);
    assert_int_equal(bad->image_count, 0);
    assert_int_equal(next(self, &none, &text, &err), GUEST_LOOKUP_END);
    assert_null(err);
    assert_int_equal(next(self, &none, &text, &err), GUEST_LOOKUP_END);
}

static void names_are_asked_for(void **state)
{
    const char *const names[] = {"b", "a", "b"};
    struct guest_lookup_query query = {.names = names, .count = 3};
    AUTO_GUEST_LOOKUP guest_lookup *self = guest_lookup_start(tell_names, &query, 0, NULL);

    (void)state;
    assert_guest(self, "b");
    assert_guest(self, "a");
    assert_guest(self, "b");
    assert_int_equal(next(self, &(struct guest *){NULL}, NULL, NULL), GUEST_LOOKUP_END);
}

static void a_failure_is_told(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(tell_one_and_fail, 0);

    (void)state;
    assert_guest(self, "good");
    assert_failed(self, ERROR_UNREADABLE, "the hypervisor is gone");
}

static void a_death_is_seen(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(tell_one_and_die, 0);

    (void)state;
    assert_guest(self, "good");
    assert_failed(self, ERROR_UNREADABLE, "the process that asks libvirt has ended");
}

static void traces_that_nobody_asked_for_make_no_sense(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = guest_lookup_start(tell_two, &everything, 0, NULL);

    (void)state;
    assert_guest(self, "good");
    assert_failed(self, ERROR_UNREADABLE, "what the process that asks libvirt says makes no sense");
}

static bool is_gone(pid_t pid)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    AUTO_FILE FILE *file = fopen(path, "r");

    /* A zombie is init's to bury. */
    return !file || !fgets(line, sizeof line, file) || strstr(line, ") Z ");
}

static pid_t pid_of(guest_lookup *self)
{
    AUTO_FREE char *pid = NULL;

    assert_int_equal(next(self, &(struct guest *){NULL}, &pid, NULL), GUEST_LOOKUP_TRACE);
    return (pid_t)strtol(pid, NULL, 10);
}

static void assert_ends(pid_t pid)
{
    for (int tries = 0; tries < 3000 && !is_gone(pid); tries++)
        poll(NULL, 0, 10);
    assert_true(is_gone(pid));
}

static void silence_has_an_end(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(hang, 1);
    pid_t pid = pid_of(self);
    uint64_t since = clock_now();

    (void)state;
    assert_failed(self, ERROR_TIMEOUT, "libvirt did not answer within 1 s (--timeout)");
    assert_in_range(clock_now() - since, CLOCK_SECOND, 30 * CLOCK_SECOND);
    assert_ends(pid);
}

static void it_hangs_only_while_somebody_waits(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(tell_two, 1);

    (void)state;
    poll(NULL, 0, 1200); /* its reader has other things to do */
    assert_guest(self, "good");
}

static void it_ends_with_its_reader(void **state)
{
    guest_lookup *hanging = start(hang, 0), *telling = start(tell_for_ever, 0);
    pid_t pid = pid_of(hanging);

    (void)state;
    assert_guest(telling, "again");
    guest_lookup_free(telling);
    guest_lookup_free(hanging);
    assert_ends(pid);
}

/* A supervisor ends the children that it does not know. */
static void it_is_no_child_of_ours(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(hang, 0);

    (void)state;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    assert_true(pid_of(self) > 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* --- records --- */

static void assert_nonsense(const found_guest *record)
{
    AUTO_ERROR error *err = NULL;

    assert_null(lookup_record_read(record, &err));
    assert_int_equal(error_kind(err), ERROR_REFUSED);
}

static void records_that_make_no_sense(void **state)
{
    AUTO_GUEST struct guest *guest = make_guest("n");
    found_guest record;

    (void)state;
    assert_int_equal(lookup_record_write(guest, &record), 0);
    found_image *image = &record.images.images_val[0];
    AUTO_GUEST struct guest *good = lookup_record_read(&record, NULL);
    assert_non_null(good);

#define SPOILT(what, value)                                                                        \
    do {                                                                                           \
        __typeof__(what) kept_ = (what);                                                           \
        (what) = (value);                                                                          \
        assert_nonsense(&record);                                                                  \
        (what) = kept_;                                                                            \
    } while (0)
    SPOILT(record.name.name_len, 0);
    SPOILT(record.name.name_val, (char *)(uintptr_t) "");
    SPOILT(record.status, STATUS_CRASHED + 1);
    SPOILT(record.status, -1);
    SPOILT(record.status, STATUS_EMPTY); /* and has images */
    SPOILT(record.images.images_len, 0);
    SPOILT(image->block_size, 1024);
    SPOILT(image->format, IMAGE_DETECT);
    SPOILT(image->format, IMAGE_FORMAT_COUNT);
    SPOILT(image->source.source_val, (char *)(uintptr_t) "relative");
    SPOILT(image->source.source_len, 0);
    SPOILT(image->source.source_val, (char *)(uintptr_t) "/a\0bcdef");
    SPOILT(image->source.source_val, (char *)(uintptr_t) "nbd://h/"); /* and has backing files */
    SPOILT(image->layers.layers_val[0].format, -1);
    SPOILT(image->layers.layers_val[0].path.path_len, 0);
    lookup_record_clear(&record);
}

/* Nothing is lost on the way, though not all of it may be printed. */
static void uris(void **state)
{
    static const char text[] = "https://u:secret@h/a.img?token=1";
    AUTO_GUEST struct guest *guest = guest_new(0);
    found_guest record;

    (void)state;
    assert_int_equal(guest_set_name(guest, "n", NULL), 0);
    assert_int_equal(guest_add_image(guest, text, strlen(text), IMAGE_RAW, 4096, NULL), 0);
    assert_int_equal(lookup_record_write(guest, &record), 0);
    found_image *image = &record.images.images_val[0];
    AUTO_GUEST struct guest *read = lookup_record_read(&record, NULL);
    assert_non_null(read);
    assert_string_equal(read->images[0].path, "https://u:***@h/a.img?***");
    assert_string_equal(read->images[0].remote->text, text);
    assert_string_equal(read->images[0].remote->password, "secret");
    assert_int_equal(read->images[0].block_size, 4096);
    SPOILT(image->source.source_val, (char *)(uintptr_t) "https://\0:secret@h/a.img?token=1");
    SPOILT(image->source.source_len, 8); /* no host is left */
    lookup_record_clear(&record);
}

static void keys(void **state)
{
    AUTO_GUEST struct guest *guest = make_guest("n");
    struct guest_encryption *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);
    found_guest record;

    (void)state;
    assert_true(first && second);
    *first = (struct guest_encryption){.passphrase = secret_copy("a\nb", 3), .length = 3};
    *second = (struct guest_encryption){.missing = strdup("libvirt's secret x: there is none")};
    guest->images[0].encryption = first;
    guest->images[1].encryption = second;
    assert_int_equal(lookup_record_write(guest, &record), 0);
    found_image *image = record.images.images_val;
    AUTO_GUEST struct guest *read = lookup_record_read(&record, NULL);
    assert_non_null(read);
    assert_int_equal(read->images[0].encryption->length, 3);
    assert_memory_equal(read->images[0].encryption->passphrase, "a\nb", 3);
    assert_null(read->images[0].encryption->missing);
    assert_null(read->images[1].encryption->passphrase);
    assert_string_equal(read->images[1].encryption->missing, second->missing);
    SPOILT(image[0].encrypted, false);
    SPOILT(image[1].encrypted, false);
    lookup_record_clear(&record);
}

static int tell_long(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                     error **err)
{
    enum { LENGTH = 4000, LAYERS = 60, DISKS = 10 };
    AUTO_FREE char *path = malloc(LENGTH + 1);
    AUTO_GUEST struct guest *guest = guest_new(0);

    (void)query;
    (void)err;
    memset(path, '/', LENGTH);
    path[LENGTH] = '\0';
    guest_set_name(guest, "long", NULL);
    for (size_t disk = 0; disk < DISKS; disk++) {
        guest_add_image(guest, path, LENGTH, IMAGE_QCOW2, 0, NULL);
        guest->images[disk].backing = calloc(1, sizeof(struct image_backing));
        for (int i = 0; i < LAYERS; i++)
            image_backing_add(guest->images[disk].backing, path, IMAGE_RAW, NULL);
    }
    return guest_lookup_tell_guest(teller, guest);
}

static void what_is_too_long_is_refused(void **state)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = start(tell_long, 0);
    AUTO_GUEST struct guest *guest = NULL;

    (void)state;
    assert_int_equal(next(self, &guest, NULL, NULL), GUEST_LOOKUP_GUEST);
    assert_string_equal(guest->name, "long");
    assert_string_equal(error_message(guest->refused), "the names of its images are too long");
    assert_int_equal(next(self, &(struct guest *){NULL}, NULL, NULL), GUEST_LOOKUP_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_come_as_they_were_told),
        cmocka_unit_test(names_are_asked_for),
        cmocka_unit_test(a_failure_is_told),
        cmocka_unit_test(a_death_is_seen),
        cmocka_unit_test(traces_that_nobody_asked_for_make_no_sense),
        cmocka_unit_test(silence_has_an_end),
        cmocka_unit_test(it_hangs_only_while_somebody_waits),
        cmocka_unit_test(it_ends_with_its_reader),
        cmocka_unit_test(it_is_no_child_of_ours),
        cmocka_unit_test(records_that_make_no_sense),
        cmocka_unit_test(uris),
        cmocka_unit_test(keys),
        cmocka_unit_test(what_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
