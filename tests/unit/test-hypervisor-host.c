/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/hypervisor-host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_host(const char *uri, const char *own, const char *expected)
{
    AUTO_FREE char *host = NULL;

    assert_int_equal(hypervisor_host_elsewhere(uri, own, &host, NULL), 0);
    if (expected)
        assert_string_equal(host, expected);
    else
        assert_null(host);
}

static void uris_that_name_no_host_are_ours(void **state)
{
    (void)state;
    assert_host(NULL, "here", NULL);
    assert_host("", "here", NULL);
    assert_host("qemu:///system", "here", NULL);
    assert_host("test:///tmp/node.xml", "here", NULL);
    assert_host("qemu+unix:///system?socket=/s", "here", NULL);
    assert_host("qemu+unix://far/system", "here", NULL);
    assert_host("qemu+ext:///session?command=/bin/x", "here", NULL);
}

static void ours_by_its_names(void **state)
{
    static const char *const uris[] = {
        "qemu+ssh://localhost/system",    "qemu+tcp://127.0.0.1:16509/system",
        "qemu+tcp://[::1]/system",        "qemu+ssh://root@here/system",
        "qemu+ssh://HERE.example/system",
    };

    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++)
        assert_host(uris[i], "here", NULL);
    assert_host("qemu://here/system", "here.example", NULL);
    assert_host("qemu://here.example/system", "here.example", NULL);
}

static void others(void **state)
{
    (void)state;
    assert_host("qemu+ssh://root@far:22/system", "here", "far");
    assert_host("qemu+tcp://192.0.2.1/system", "here", "192.0.2.1");
    assert_host("esx://far.example/?no_verify=1", "here", "far.example");
    assert_host("qemu://here2/system", "here", "here2");
    assert_host("qemu://127.example/system", "here", "127.example");
    assert_host("qemu://here.one/system", "here.two", "here.one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_that_name_no_host_are_ours),
        cmocka_unit_test(ours_by_its_names),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
