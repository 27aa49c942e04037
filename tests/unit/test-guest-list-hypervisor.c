/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests of a list that a hypervisor has: sought by name, or all of them. */
#define _GNU_SOURCE 1
#include "lib/guest-list-checks.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static int tell(guest_lookup_teller *teller, const char *name, const char *uuid)
{
    AUTO_GUEST struct guest *guest = guest_new(7);

    guest_set_name(guest, name, NULL);
    snprintf(guest->uuid, sizeof guest->uuid, "%s", uuid);
    guest_add_image(guest, "/a", 2, IMAGE_RAW, 0, NULL);
    return guest_lookup_tell_guest(teller, guest);
}

/* Those that are asked for, under other names, until one that is called "lost". */
static int find_names(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                      error **err)
{
    for (size_t i = 0; i < query->count; i++) {
        char name[32];
        if (strcmp(query->names[i], "lost") == 0)
            return error_set(err, ERROR_APPLIANCE, "no connection");
        snprintf(name, sizeof name, "found %s", query->names[i]);
        tell(teller, name, i ? "" : "u-u-i-d");
    }
    return 0;
}

static int find_all(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                    error **err)
{
    assert_int_equal(query->count, 0);
    guest_lookup_tell_trace(teller, "a call");
    tell(teller, "one", "u-1");
    tell(teller, "two", "");
    return query->uri ? error_set(err, ERROR_APPLIANCE, "%s is gone", query->uri) : 0;
}

static void add_sought(guest_list *list, const char *name)
{
    struct guest *guest = guest_new(0);

    guest_set_name(guest, name, NULL);
    guest->sought = true;
    assert_int_equal(guest_list_add(list, guest, NULL), 0);
}

/* The next guest, waited for. */
static struct guest *found_guest_of(guest_list *list)
{
    struct guest *guest = NULL;
    AUTO_ERROR error *err = NULL;
    enum guest_list_next next;

    while ((next = guest_list_next(list, &guest, &err)) == GUEST_LIST_WAIT) {
        struct pollfd ready = {.fd = guest_list_fd(list), .events = POLLIN};
        assert_true(ready.fd >= 0);
        assert_int_equal(poll(&ready, 1, 10000), 1);
    }
    assert_int_equal(next, GUEST_LIST_GUEST);
    assert_null(err);
    return guest;
}

static void assert_found(guest_list *list, uint64_t number, const char *name)
{
    AUTO_GUEST struct guest *guest = found_guest_of(list);

    assert_string_equal(guest->name, name);
    assert_int_equal(guest->number, number);
    assert_null(guest->refused);
    assert_int_equal(guest->image_count, 1);
}

static void assert_not_found(guest_list *list, uint64_t number, const char *name, const char *why)
{
    AUTO_GUEST struct guest *guest = found_guest_of(list);

    assert_string_equal(guest->name, name);
    assert_int_equal(guest->number, number);
    assert_string_equal(error_message(guest->refused), why);
    assert_int_equal(guest->image_count, 0);
}

static void what_is_found_has_the_place_where_it_was_sought(void **state)
{
    const struct guest_list_hypervisor hypervisor = {.work = find_names};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();
    char path[64];
    int fd = memfd_create("list", MFD_CLOEXEC);
    struct guest *plain = guest_new(0);

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    add_sought(list, "a");
    guest_add_image(plain, "b", 1, IMAGE_RAW, 0, NULL);
    assert_int_equal(guest_list_add(list, plain, NULL), 0);
    add_sought(list, "c");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(write(fd, "z\n", 2), 2);
    assert_int_equal(guest_list_add_file(list, GUEST_LIST_IMAGES, path, IMAGE_DETECT, 0, NULL), 0);
    assert_found(list, 0, "found a");
    assert_found(list, 1, "b");
    assert_found(list, 2, "found c");
    assert_found(list, 3, "z");
    assert_end(list);
    close(fd);
}

static void what_cannot_be_found_is_named(void **state)
{
    const struct guest_list_hypervisor hypervisor = {.work = find_names, .uuids = true};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    add_sought(list, "a");
    add_sought(list, "lost");
    add_sought(list, "b");
    guest_list_begin(list);
    assert_int_equal(guest_list_total(list), 3);
    assert_found(list, 0, "u-u-i-d");
    assert_not_found(list, 1, "lost", "no connection");
    assert_not_found(list, 2, "b", "no connection");
    assert_end(list);
}

static void only_guests_of_the_shard_are_sought(void **state)
{
    const struct guest_list_hypervisor hypervisor = {.work = find_names};
    const struct shard shard = {.index = 0, .count = 2};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    guest_list_set_shard(list, &shard);
    add_sought(list, "a");
    add_sought(list, "lost"); /* find_names() fails for it */
    add_sought(list, "c");
    assert_found(list, 0, "found a");
    assert_found(list, 2, "found c");
    assert_end(list);
}

static void keep_trace(void *data, const char *text)
{
    assert_string_equal(text, "a call");
    *(bool *)data = true;
}

static void all_that_a_hypervisor_has(void **state)
{
    const struct guest_list_hypervisor hypervisor = {.work = find_all, .all = true, .uuids = true};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();
    bool told = false;

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    guest_list_set_trace(list, keep_trace, &told);
    guest_list_begin(list);
    assert_int_equal(guest_list_total(list), 0);
    assert_found(list, 0, "u-1");
    assert_true(told);
    assert_found(list, 1, "two");
    /* The end may be waited for, too. */
    struct guest *guest = NULL;
    while (guest_list_next(list, &guest, NULL) == GUEST_LIST_WAIT)
        poll(&(struct pollfd){guest_list_fd(list), POLLIN, 0}, 1, 10000);
    assert_null(guest);
    assert_end(list);
    assert_int_equal(guest_list_total(list), 2);
}

static void a_hypervisor_that_fails_is_named(void **state)
{
    const struct guest_list_hypervisor hypervisor = {
        .work = find_all, .all = true, .uri = "test:///x"};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();
    bool told = false;

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    guest_list_set_trace(list, keep_trace, &told);
    assert_found(list, 0, "one");
    assert_found(list, 1, "two");
    assert_not_found(list, 2, "test:///x", "test:///x is gone");
    assert_end(list);
}

/* Two volumes in each pool, until one that is called "lost". */
static int find_volumes(const struct guest_lookup_query *query, guest_lookup_teller *teller,
                        error **err)
{
    if (find_names(query, teller, err) < 0)
        return -1;
    for (size_t i = 0; i < query->pool_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/1", query->pools[i]);
        tell(teller, name, "");
        if (strcmp(query->pools[i], "lost") == 0)
            return error_set(err, ERROR_APPLIANCE, "no connection");
        snprintf(name, sizeof name, "%s/2", query->pools[i]);
        tell(teller, name, "");
        guest_lookup_tell_pool_end(teller);
    }
    return 0;
}

static void add_pool(guest_list *list, const char *name)
{
    assert_int_equal(guest_list_add_pool(list, name, IMAGE_QCOW2, 4096, NULL), 0);
}

static void volumes_come_last_with_what_was_said_for_their_pool(void **state)
{
    const struct guest_list_hypervisor hypervisor = {.work = find_volumes};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    add_pool(list, "p");
    add_pool(list, "q");
    add_sought(list, "a");
    guest_list_begin(list);
    assert_int_equal(guest_list_total(list), 0);
    assert_found(list, 0, "found a");
    AUTO_GUEST struct guest *first = found_guest_of(list);
    assert_string_equal(first->name, "p/1");
    assert_int_equal(first->number, 1);
    assert_int_equal(first->images[0].format, IMAGE_QCOW2);
    assert_int_equal(first->images[0].block_size, 4096);
    assert_found(list, 2, "p/2");
    assert_found(list, 3, "q/1");
    assert_found(list, 4, "q/2");
    struct guest *guest = NULL;
    while (guest_list_next(list, &guest, NULL) == GUEST_LIST_WAIT)
        poll(&(struct pollfd){guest_list_fd(list), POLLIN, 0}, 1, 10000);
    assert_end(list);
    assert_int_equal(guest_list_total(list), 5);
}

static void pools_that_have_not_been_read_to_their_end_are_named(void **state)
{
    const struct guest_list_hypervisor hypervisor = {.work = find_volumes};
    AUTO_GUEST_LIST guest_list *list = guest_list_new();

    (void)state;
    guest_list_set_hypervisor(list, &hypervisor);
    add_pool(list, "p");
    add_pool(list, "lost");
    add_pool(list, "q");
    assert_found(list, 0, "p/1");
    assert_found(list, 1, "p/2");
    assert_found(list, 2, "lost/1");
    assert_not_found(list, 3, "lost", "no connection");
    assert_not_found(list, 4, "q", "no connection");
    assert_end(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(what_is_found_has_the_place_where_it_was_sought),
        T(what_cannot_be_found_is_named),
        T(only_guests_of_the_shard_are_sought),
        T(all_that_a_hypervisor_has),
        T(a_hypervisor_that_fails_is_named),
        T(volumes_come_last_with_what_was_said_for_their_pool),
        T(pools_that_have_not_been_read_to_their_end_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
