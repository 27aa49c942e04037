/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process that is forked finds of secrets, in all of its memory. */
#define _GNU_SOURCE 1 /* pipe2 */
#include "base/secret.h"

#include "guest/guest-list.h"
#include "guest/keys.h"
#include "guest/lookup-record.h"
#include "wire/packet.h"
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

/* "passphrase-of-somebody" and another one, so written that this program itself has neither. */
#define CODE 0x2a
#define LENGTH 22
static const char coded[LENGTH] = {
    'p' ^ CODE, 'a' ^ CODE, 's' ^ CODE, 's' ^ CODE, 'p' ^ CODE, 'h' ^ CODE, 'r' ^ CODE, 'a' ^ CODE,
    's' ^ CODE, 'e' ^ CODE, '-' ^ CODE, 'o' ^ CODE, 'f' ^ CODE, '-' ^ CODE, 's' ^ CODE, 'o' ^ CODE,
    'm' ^ CODE, 'e' ^ CODE, 'b' ^ CODE, 'o' ^ CODE, 'd' ^ CODE, 'y' ^ CODE};

static bool is_it(const char *at)
{
    size_t i = 0;
    while (i < LENGTH && at[i] == (char)(coded[i] ^ CODE))
        i++;
    return i == LENGTH;
}

static void write_it(char *to)
{
    for (size_t i = 0; i < LENGTH; i++)
        to[i] = (char)(coded[i] ^ CODE);
}

#define CHUNK ((size_t)1 << 20)
#define HUGE_MAP ((uintptr_t)1 << 30) /* a sanitizer's, which has no bytes of ours */
static char chunk[CHUNK + LENGTH];

static unsigned count_between(int memory, uintptr_t from, uintptr_t to)
{
    unsigned count = 0;
    for (uintptr_t at = from; at < to; at += CHUNK) {
        size_t wanted = to - at < sizeof chunk ? to - at : sizeof chunk;
        ssize_t got = pread(memory, chunk, wanted, (off_t)at);
        for (size_t i = 0; i < CHUNK && got >= LENGTH && i <= (size_t)got - LENGTH; i++)
            count += is_it(chunk + i) &&
                     (at + i < (uintptr_t)chunk || at + i >= (uintptr_t)chunk + sizeof chunk);
    }
    return count;
}

/* How often it is in what this process can write, besides what looks for it. */
static unsigned count_it(void)
{
    unsigned count = 0;
    char line[512], mode[8];
    uintptr_t from, to;
    AUTO_FILE FILE *maps = fopen("/proc/self/maps", "re");
    AUTO_FD int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    while (maps && memory >= 0 && fgets(line, sizeof line, maps))
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, mode) == 3 &&
            strncmp(mode, "rw-p", 4) == 0 && to - from < HUGE_MAP)
            count += count_between(memory, from, to);
    return count;
}

/* The child is killed, so a leak checker does not run in it. */
static unsigned count_in_child(void)
{
    unsigned count = ~0u;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        count = count_it();
        if (write(ends[1], &count, sizeof count) == sizeof count)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &count, sizeof count), sizeof count);
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return count;
}

/* The test's own copy is gone when this returns. */
static int write_file(const char *before, const char *behind)
{
    char path[] = "/tmp/test-secret.XXXXXX", text[LENGTH];
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    unlink(path);
    write_it(text);
    assert_int_equal(write(fd, before, strlen(before)), strlen(before));
    assert_int_equal(write(fd, text, LENGTH), LENGTH);
    assert_int_equal(write(fd, behind, strlen(behind)), strlen(behind));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    explicit_bzero(text, sizeof text);
    return fd;
}

static void it_is_inherited_only_while_it_is_lent(void **state)
{
    char *secret = secret_resize(NULL, LENGTH);

    (void)state;
    assert_non_null(secret);
    write_it(secret);
    assert_int_equal(count_it(), 1);
    assert_int_equal(count_in_child(), 0);
    assert_int_equal(secret_lend(secret), 0);
    assert_int_equal(count_in_child(), 1);
    secret_take_back(secret);
    assert_int_equal(count_in_child(), 0);
    secret_free(secret);
    assert_int_equal(count_it(), 0);
}

static int take_back_and_fork(char *secret)
{
    secret_take_back(secret);
    return is_it(secret) && count_in_child() == 0 ? 0 : 1;
}

static void who_has_it_lent_does_not_hand_it_on(void **state)
{
    char *secret = secret_resize(NULL, LENGTH);
    int status;

    (void)state;
    write_it(secret);
    assert_int_equal(secret_lend(secret), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(take_back_and_fork(secret));
    secret_take_back(secret);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    secret_free(secret);
}

static void it_grows_and_leaves_nothing_behind(void **state)
{
    char *secret = secret_copy("", 0), *beside = secret_copy("", 0);

    (void)state;
    for (size_t size = LENGTH; size < 1000000; size *= 3) {
        secret = secret_resize(secret, size);
        assert_non_null(secret);
        if (size == LENGTH)
            write_it(secret);
        assert_true(is_it(secret));
        assert_int_equal(count_it(), 1);
        assert_int_equal(count_in_child(), 0);
    }
    assert_null(secret_resize(secret, SIZE_MAX));
    secret_free(secret);
    secret_free(beside);
    assert_int_equal(count_it(), 0);
}

/* --- those who keep some --- */

static void keys(void **state)
{
    key_list keys = {0};
    AUTO_FD int file = write_file("", "\n"), lines = write_file("", "\nanother\n");
    char selector[64];

    (void)state;
    snprintf(selector, sizeof selector, "all:file:/proc/self/fd/%d", file);
    assert_int_equal(keys_add(&keys, selector, NULL), 0);
    assert_int_equal(keys_add_lines(&keys, lines, NULL), 0);
    assert_int_equal(count_it(), 3); /* a file's key is there with its newline, too */
    assert_int_equal(count_in_child(), 0);
    keys_clear(&keys);
    assert_int_equal(count_it(), 0);
}

static void keys_that_cannot_be_read(void **state)
{
    key_list keys = {0};
    AUTO_FD int lines = write_file("\n", "");

    (void)state;
    assert_int_equal(keys_add_lines(&keys, lines, NULL), -1);
    keys_clear(&keys);
    assert_int_equal(count_it(), 0);
}

static void uris_in_a_list(void **state)
{
    guest_list *list = guest_list_new();
    struct guest *guest = NULL;
    AUTO_FD int user = write_file("http://me:", "@h/a.img?x\n/b\n/c\n"),
                query = write_file("http://me@h/a.img?", "\n");
    char paths[2][32];

    (void)state;
    snprintf(paths[0], sizeof paths[0], "/proc/self/fd/%d", user);
    snprintf(paths[1], sizeof paths[1], "/proc/self/fd/%d", query);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            guest_list_add_file(list, GUEST_LIST_IMAGES, paths[i], IMAGE_DETECT, 0, NULL), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(guest_list_next(list, &guest, NULL), GUEST_LIST_GUEST);
        assert_true(i == 1 || i == 2 || count_it() > 0);
        assert_int_equal(count_in_child(), 0);
        guest_free(guest);
    }
    guest_list_free(list);
    assert_int_equal(count_it(), 0);
}

static void uris_in_a_list_of_guests(void **state)
{
    guest_list *list = guest_list_new();
    struct guest *guest = NULL;
    AUTO_FD int file =
        write_file("{\"images\":[\"http://me:", "@h/a.img?x\"]}\n{\"images\":[\"/b\"]}\n");
    char path[32];

    (void)state;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    assert_int_equal(guest_list_add_file(list, GUEST_LIST_RECORDS, path, IMAGE_DETECT, 0, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(guest_list_next(list, &guest, NULL), GUEST_LIST_GUEST);
        assert_null(guest->refused);
        assert_true(i == 1 || count_it() > 0);
        assert_int_equal(count_in_child(), 0);
        guest_free(guest);
    }
    guest_list_free(list);
    assert_int_equal(count_it(), 0);
}

static void what_libvirt_says(void **state)
{
    found_guest record = {.status = STATUS_OK};
    found_image image = {.format = IMAGE_RAW, .encrypted = true};
    AUTO_GUEST struct guest *guest = NULL;
    char *passphrase = malloc(LENGTH);

    (void)state;
    write_it(passphrase);
    record.name.name_val = strdup("n");
    record.name.name_len = 1;
    image.source.source_val = strdup("/a");
    image.source.source_len = 2;
    image.passphrase.passphrase_val = passphrase;
    image.passphrase.passphrase_len = LENGTH;
    record.images.images_val = malloc(sizeof image);
    record.images.images_len = 1;
    record.images.images_val[0] = image;
    guest = lookup_record_read(&record, NULL);
    assert_non_null(guest);
    lookup_record_wipe(&record);
    xdr_free((xdrproc_t)xdr_found_guest, (char *)&record);
    memset(&image, 0, sizeof image);
    assert_int_equal(count_it(), 1);
    assert_int_equal(count_in_child(), 0);
}

static void packets_on_their_way(void **state)
{
    order message = {.kind = ORDER_DISK};
    AUTO_SECRET char *passphrase = secret_resize(NULL, LENGTH);
    int pair[2];

    (void)state;
    write_it(passphrase);
    message.order_u.disk.passphrase.passphrase_val = passphrase;
    message.order_u.disk.passphrase.passphrase_len = LENGTH;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(packet_send(pair[0], (xdrproc_t)xdr_order, &message, NULL, 0), 0);
    assert_int_equal(count_it(), 1);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(it_is_inherited_only_while_it_is_lent),
        T(who_has_it_lent_does_not_hand_it_on),
        T(it_grows_and_leaves_nothing_behind),
        T(keys),
        T(keys_that_cannot_be_read),
        T(uris_in_a_list),
        T(uris_in_a_list_of_guests),
        T(what_libvirt_says),
        T(packets_on_their_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
