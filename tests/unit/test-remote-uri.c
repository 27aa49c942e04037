/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/remote-uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct remote_uri *parse(const char *text)
{
    AUTO_ERROR error *err = NULL;
    struct remote_uri *uri = remote_uri_parse(text, &err);
    if (!uri)
        fail_msg("%s: %s", text, error_message(err));
    return uri;
}

static void assert_fails(const char *text, enum error_kind kind, const char *part)
{
    AUTO_ERROR error *err = NULL;
    struct remote_uri *uri = remote_uri_parse(text, &err);
    if (uri)
        fail_msg("%s is none", text);
    assert_int_equal(error_kind(err), kind);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(err));
}

static void a_scheme_and_two_slashes_make_a_uri(void **state)
{
    static const char *const uris[] = {"nbd://h",  "NBD://h",   "nbd+unix:///?socket=x",
                                       "x-y.z://", "http://h/", "rbd://p"};
    static const char *const files[] = {"",        "nbd",        "nbd:h",     "nbd:/h",
                                        "://x",    "1a://x",     "./nbd://h", "/nbd://h",
                                        "a b://c", "c://x.vmdk", "+x://y"};

    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++)
        assert_true(remote_uri_is(uris[i], strlen(uris[i])));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        assert_false(remote_uri_is(files[i], strlen(files[i])));
    assert_false(remote_uri_is("nbd://", 5)); /* it does not look behind the end */
}

static void nbd_has_a_host_a_port_and_an_export(void **state)
{
    (void)state;
    struct remote_uri *uri = parse("nbd://host");
    assert_int_equal(uri->kind, REMOTE_NBD);
    assert_string_equal(uri->host, "host");
    assert_string_equal(uri->port, "10809");
    assert_string_equal(uri->export_name, "");
    assert_string_equal(uri->name, "host");
    remote_uri_free(uri);
    uri = parse("nbd://[::1]:99/a%20b/c%2Fd");
    assert_string_equal(uri->host, "::1");
    assert_string_equal(uri->port, "99");
    assert_string_equal(uri->export_name, "a b/c/d");
    assert_string_equal(uri->name, "d");
    assert_string_equal(uri->shown, "nbd://[::1]:99/a%20b/c%2Fd");
    remote_uri_free(uri);
    uri = parse("nbd://host//x");
    assert_string_equal(uri->export_name, "/x"); /* one slash is the URI's */
    remote_uri_free(uri);
}

static void nbd_unix_has_a_socket_and_an_export(void **state)
{
    (void)state;
    struct remote_uri *uri = parse("nbd+unix:///?socket=/run/a.sock");
    assert_int_equal(uri->kind, REMOTE_NBD_UNIX);
    assert_string_equal(uri->socket, "/run/a.sock");
    assert_string_equal(uri->export_name, "");
    assert_string_equal(uri->name, "a.sock");
    remote_uri_free(uri);
    uri = parse("nbd+unix:///ex?socket=/run/%41%3f");
    assert_string_equal(uri->socket, "/run/A?");
    assert_string_equal(uri->export_name, "ex");
    assert_string_equal(uri->name, "ex");
    assert_string_equal(uri->shown, "nbd+unix:///ex?socket=/run/%41%3f");
    remote_uri_free(uri);
}

static void http_goes_on_as_it_came_without_the_user(void **state)
{
    (void)state;
    struct remote_uri *uri = parse("https://me:se%3Acr%40t@host:81/a%20dir/d.img?sig=X%20Y#part");
    assert_int_equal(uri->kind, REMOTE_HTTP);
    assert_string_equal(uri->url, "https://host:81/a%20dir/d.img?sig=X%20Y");
    assert_string_equal(uri->user, "me");
    assert_string_equal(uri->password, "se:cr@t");
    assert_string_equal(uri->name, "d.img");
    assert_string_equal(uri->shown, "https://me:***@host:81/a%20dir/d.img?***");
    remote_uri_free(uri);
    uri = parse("http://me@host/d%2Fe.img");
    assert_string_equal(uri->user, "me");
    assert_null(uri->password);
    assert_string_equal(uri->name, "e.img");
    assert_string_equal(uri->shown, "http://me@host/d%2Fe.img");
    remote_uri_free(uri);
    uri = parse("http://host");
    assert_string_equal(uri->name, "host");
    remote_uri_free(uri);
}

static void ssh_has_an_absolute_path(void **state)
{
    (void)state;
    struct remote_uri *uri = parse("ssh://me:secret@host:2222/srv/a%20b.img");
    assert_int_equal(uri->kind, REMOTE_SSH);
    assert_string_equal(uri->host, "host");
    assert_string_equal(uri->port, "2222");
    assert_string_equal(uri->path, "/srv/a b.img");
    assert_string_equal(uri->user, "me");
    assert_string_equal(uri->password, "secret");
    assert_string_equal(uri->name, "a b.img");
    assert_string_equal(uri->shown, "ssh://me:***@host:2222/srv/a%20b.img");
    remote_uri_free(uri);
    uri = parse("ssh://host/x");
    assert_null(uri->port);
    remote_uri_free(uri);
    assert_fails("ssh://host", ERROR_REFUSED, "names no file");
    assert_fails("ssh://host/", ERROR_REFUSED, "names no file");
    assert_fails("ssh://host/a?b", ERROR_REFUSED, "%3F");
}

static void a_password_is_hidden_wherever_an_at_sign_stands(void **state)
{
    (void)state;
    struct remote_uri *uri = parse("http://me:se%40c@host/a@b.img");
    assert_string_equal(uri->shown, "http://me:***@host/a@b.img");
    remote_uri_free(uri);
    uri = parse("http://:secret@host/a");
    assert_string_equal(uri->shown, "http://:***@host/a");
    remote_uri_free(uri);
}

static void iscsi_has_a_target_and_a_unit(void **state)
{
    (void)state;
    struct remote_uri *uri =
        parse("iscsi://me:se%2Fcret@[::1]:3261/iqn.2026-11.example%3Aa/7?initiator=iqn.x%3Ay");
    assert_int_equal(uri->kind, REMOTE_ISCSI);
    assert_string_equal(uri->host, "::1");
    assert_string_equal(uri->port, "3261");
    assert_string_equal(uri->path, "iqn.2026-11.example:a");
    assert_int_equal(uri->lun, 7);
    assert_string_equal(uri->password, "se/cret");
    assert_string_equal(uri->initiator, "iqn.x:y");
    assert_string_equal(uri->name, "iqn.2026-11.example:a-7");
    assert_null(strstr(uri->shown, "cret"));
    remote_uri_free(uri);
    uri = parse("iscsi://h/target");
    assert_int_equal(uri->lun, 0);
    assert_string_equal(uri->name, "target");
    remote_uri_free(uri);
    assert_fails("iscsi:///target/1", ERROR_REFUSED, "names no host");
    assert_fails("iscsi://h/", ERROR_REFUSED, "names no target");
    assert_fails("iscsi://h/t/x", ERROR_REFUSED, "LUN");
    assert_fails("iscsi://h/t/-1", ERROR_REFUSED, "LUN");
    assert_fails("iscsi://h/t/99999999999999999999", ERROR_REFUSED, "LUN");
    assert_fails("iscsi://h/t%FF/1", ERROR_REFUSED, "not UTF-8");
    assert_fails("rbd:///pool/image@%FF", ERROR_REFUSED, "not UTF-8");
    assert_fails("iscsi://h/t/1?other=x", ERROR_REFUSED, "not known");
}

static void rbd_has_a_pool_and_an_image(void **state)
{
    (void)state;
    struct remote_uri *uri =
        parse("rbd://me:a%2Bb%3D@h:1/pool/space/im%20age@snap?conf=/etc/c.conf&mon_host=a:1,b:2");
    assert_int_equal(uri->kind, REMOTE_RBD);
    assert_string_equal(uri->host, "h");
    assert_string_equal(uri->pool, "pool");
    assert_string_equal(uri->name_space, "space");
    assert_string_equal(uri->path, "im age");
    assert_string_equal(uri->snapshot, "snap");
    assert_string_equal(uri->user, "me");
    assert_string_equal(uri->password, "a+b=");
    assert_string_equal(uri->config, "/etc/c.conf");
    assert_string_equal(uri->monitors, "a:1,b:2");
    assert_string_equal(uri->name, "im age@snap");
    assert_string_equal(
        uri->shown, "rbd://me:***@h:1/pool/space/im%20age@snap?conf=/etc/c.conf&mon_host=a:1,b:2");
    remote_uri_free(uri);
    uri = parse("rbd://me:key@/pool/image");
    assert_null(uri->host);
    assert_string_equal(uri->shown, "rbd://me:***@/pool/image");
    remote_uri_free(uri);
    assert_fails("rbd:///", ERROR_REFUSED, "names no pool");
    assert_fails("rbd:///pool", ERROR_REFUSED, "names no image");
    assert_fails("rbd:///pool/", ERROR_REFUSED, "names no image");
    assert_fails("rbd:///a/b/c/d", ERROR_REFUSED, "names no image");
    assert_fails("rbd:///pool/image?conf=etc", ERROR_REFUSED, "absolute");
    assert_fails("rbd:///pool/image?conf=/a&conf=/b", ERROR_REFUSED, "twice");
}

static void other_kinds_are_named_and_no_more_of_them(void **state)
{
    static const char *const others[] = {"nbds://u:secret@h/x", "ftp://u:secret@h/x",
                                         "file:///secret", "gluster://secret",
                                         "nbd+vsock://secret"};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        AUTO_ERROR error *err = NULL;
        assert_null(remote_uri_parse(others[i], &err));
        assert_int_equal(error_kind(err), ERROR_UNSUPPORTED);
        assert_null(strstr(error_message(err), "secret"));
        assert_non_null(strstr(error_message(err), "is not read"));
    }
}

static void what_is_no_uri_is_refused(void **state)
{
    (void)state;
    assert_fails("", ERROR_REFUSED, "no URI");
    assert_fails("nbd:x", ERROR_REFUSED, "no URI");
    assert_fails("http://h/a b", ERROR_REFUSED, "no valid URI");
    assert_fails("http://h/%zz", ERROR_REFUSED, "no valid URI");
    assert_fails("nbd://h:abc/x", ERROR_REFUSED, "no valid URI");
    assert_fails("nbd://h:65536/x", ERROR_REFUSED, "below 65536");
    assert_fails("nbd:///x", ERROR_REFUSED, "no host");
    assert_fails("http:///x", ERROR_REFUSED, "no host");
    assert_fails("ssh://-oProxyCommand=x/y", ERROR_REFUSED, "");
    assert_fails("ssh://%2DoProxyCommand=x/y", ERROR_REFUSED, "dash");
    assert_fails("nbd://[-x]/y", ERROR_REFUSED, "");
    assert_fails("nbd://u@h/x", ERROR_REFUSED, "no user");
    assert_fails("nbd://h/x?tls=1", ERROR_REFUSED, "\"?\"");
    assert_fails("nbd+unix:///x", ERROR_REFUSED, "?socket=PATH");
    assert_fails("nbd+unix:///x?socket=", ERROR_REFUSED, "?socket=PATH");
    assert_fails("nbd+unix:///x?socket=/a&b=c", ERROR_REFUSED, "?socket=PATH");
    assert_fails("nbd+unix://host/x?socket=/a", ERROR_REFUSED, "no host");
}

static void bytes_that_nobody_can_use_are_refused(void **state)
{
    (void)state;
    assert_fails("nbd://h/a%00b", ERROR_REFUSED, "NUL");
    assert_fails("ssh://h/a%00b", ERROR_REFUSED, "NUL");
    assert_fails("http://u:a%00@h/", ERROR_REFUSED, "NUL");
    assert_fails("nbd+unix:///?socket=/a%00b", ERROR_REFUSED, "NUL");
    assert_fails("nbd://h/%ff", ERROR_REFUSED, "UTF-8");
}

static void an_export_has_at_most_4096_bytes(void **state)
{
    char text[REMOTE_EXPORT_MAX + 16];
    int start = snprintf(text, sizeof text, "nbd://h/");

    (void)state;
    memset(text + start, 'x', REMOTE_EXPORT_MAX + 1);
    text[start + REMOTE_EXPORT_MAX] = '\0';
    remote_uri_free(parse(text));
    text[start + REMOTE_EXPORT_MAX] = 'x';
    text[start + REMOTE_EXPORT_MAX + 1] = '\0';
    assert_fails(text, ERROR_REFUSED, "more than 4096 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(a_scheme_and_two_slashes_make_a_uri),
        T(nbd_has_a_host_a_port_and_an_export),
        T(nbd_unix_has_a_socket_and_an_export),
        T(http_goes_on_as_it_came_without_the_user),
        T(ssh_has_an_absolute_path),
        T(a_password_is_hidden_wherever_an_at_sign_stands),
        T(iscsi_has_a_target_and_a_unit),
        T(rbd_has_a_pool_and_an_image),
        T(other_kinds_are_named_and_no_more_of_them),
        T(what_is_no_uri_is_refused),
        T(bytes_that_nobody_can_use_are_refused),
        T(an_export_has_at_most_4096_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
