/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting to a socket by its path. */
#include "base/unix-socket.h"

#include "base/cleanup.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cmocka.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char directory[] = "/tmp/vlt-connect.XXXXXX";

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(address.sun_path);
    return rmdir(directory);
}

static void where_nobody_is_it_says_why(void **state)
{
    char longer[sizeof address.sun_path + 1] = "";
    (void)state;
    assert_int_equal(unix_socket_connect(address.sun_path), -1);
    assert_int_equal(errno, ENOENT);
    memset(longer, 'a', sizeof longer - 1);
    assert_int_equal(unix_socket_connect(longer), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void its_patience_is_for_connecting_alone(void **state)
{
    struct timeval patience = {.tv_sec = 1};
    socklen_t size = sizeof patience;
    (void)state;
    AUTO_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    AUTO_FD int fd = unix_socket_connect(address.sun_path);
    assert_true(fd >= 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, &size), 0);
    assert_int_equal(patience.tv_sec, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nobody_is_it_says_why),
        cmocka_unit_test(its_patience_is_for_connecting_alone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
