/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/domain-uri.h"

#include "base/secret.h"

#include <libxml/parser.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The one secret has the UUID "1" and is called "backup"; it is no text. */
static int find_secret(void *data, const char *uuid, const char *type, const char *usage,
                       char **value, size_t *length, error **err)
{
    (void)data;
    if (!(uuid ? strcmp(uuid, "1") == 0
               : strcmp(usage, "backup") == 0 && strcmp(type, "ceph") == 0))
        return error_set(err, ERROR_ENCRYPTED, "there is none");
    *value = secret_copy("s/c\xff", 4);
    *length = 4;
    return 0;
}

static const struct domain_sources sources = {NULL, find_secret, NULL, NULL};

/* What domain_uri() says of <source ATTRIBUTES>CHILDREN</source>. */
static char *uri_of(const char *attributes, const char *children, error **err)
{
    AUTO_FREE char *xml = NULL;

    assert_true(asprintf(&xml, "<source %s>%s</source>", attributes, children) > 0);
    xmlDocPtr document = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET);
    assert_non_null(document);
    char *uri = domain_uri(xmlDocGetRootElement(document), &sources, err);
    xmlFreeDoc(document);
    return uri;
}

static void assert_uri(const char *attributes, const char *children, const char *expected)
{
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *uri = uri_of(attributes, children, &err);

    if (!uri)
        fail_msg("%s", error_message(err));
    assert_string_equal(uri, expected);
}

static void assert_none(const char *attributes, const char *children, const char *message)
{
    AUTO_ERROR error *err = NULL;

    assert_null(uri_of(attributes, children, &err));
    assert_string_equal(error_message(err), message);
}

static void protocols(void **state)
{
    (void)state;
    assert_uri("protocol='nbd' name='disk'", "<host name='h' port='10809'/>", "nbd://h:10809/disk");
    assert_uri("protocol='nbd'", "<host name='h'/>", "nbd://h/");
    assert_uri("protocol='nbd' name='e'", "<host transport='unix' socket='/run/s'/>",
               "nbd+unix:///e?socket=/run/s");
    assert_uri("protocol='http' name='a/b.img' query='x=1&amp;y=%20'",
               "<host name='h' port='8080'/>", "http://h:8080/a/b.img?x=1&y=%20");
    assert_uri("protocol='https' name='/a.img'", "<host name='h'/>", "https://h/a.img");
    assert_uri("protocol='ssh' name='/srv/a.img'",
               "<host name='h' port='22'/><identity username='root'/>",
               "ssh://root@h:22/srv/a.img");
}

/* libvirt has a secret's bytes; Ceph's keys are written in base64. */
static void with_a_login(void **state)
{
    (void)state;
    assert_uri("protocol='rbd' name='pool/vm'", "", "rbd:///pool/vm");
    assert_uri(
        "protocol='rbd' name='pool/space/vm'",
        "<host name='a' port='6789'/><host name='::1' port='1'/><snapshot name='m@n'/><config "
        "file='/etc/c'/>"
        "<auth username='libvirt'><secret type='ceph' uuid='1'/></auth>",
        "rbd://libvirt:cy9j%2Fw%3D%3D@/pool/space/vm@m%40n?mon_host=a:6789,%5B::1%5D:1&conf=/etc/"
        "c");
    assert_uri("protocol='rbd' name='pool/vm'",
               "<auth username='u'><secret type='ceph' usage='backup'/></auth>",
               "rbd://u:cy9j%2Fw%3D%3D@/pool/vm");
    assert_uri(
        "protocol='iscsi' name='iqn.2026:t/1'",
        "<host name='h' port='3260'/><auth username='u'><secret type='iscsi' uuid='1'/></auth>"
        "<initiator><iqn name='iqn.x:y'/></initiator>",
        "iscsi://u:s%2Fc%FF@h:3260/iqn.2026%3At/1?initiator=iqn.x%3Ay");
}

static void what_must_be_escaped(void **state)
{
    (void)state;
    assert_uri("protocol='nbd' name='/a b?c#d%25@é'", "<host name='::1' port='1'/>",
               "nbd://[::1]:1//a%20b%3Fc%23d%2525%40%C3%A9");
    assert_uri("protocol='nbd'", "<host transport='unix' socket='/a&amp;b ?'/>",
               "nbd+unix:///?socket=/a%26b%20%3F");
    assert_uri("protocol='ssh' name='a'", "<host name='[fe80::1]'/><identity username='a:b@c'/>",
               "ssh://a%3Ab%40c@[fe80::1]/a");
    assert_uri("protocol='nbd'", "<host name='evil/@h'/>", "nbd://evil%2F%40h/");
}

static void what_has_no_uri(void **state)
{
    (void)state;
    assert_none("", "", "a network disk over no protocol is not supported");
    assert_none("protocol='gluster' name='p/v'", "",
                "a network disk over gluster is not supported");
    assert_none("protocol='rbd' name='p/v'", "<auth username='u'/>",
                "its <auth> names no user or no secret");
    assert_none("protocol='iscsi' name='t/1'",
                "<host name='h'/><auth username='u'><secret uuid='2'/></auth>",
                "libvirt's secret 2: there is none");
    assert_none("protocol='nbd'", "", "it has no host");
    assert_none("protocol='nbd'", "<host transport='unix'/>", "it has no socket");
    assert_none("protocol='http'", "<host transport='unix' socket='/s'/>",
                "http over a Unix socket is not supported");
    assert_none("protocol='nbd'", "<host name='a'/><host name='b'/>",
                "a network disk with several hosts is not supported");
    assert_none("protocol='nbd' tls='yes'", "<host name='a'/>",
                "a network disk with \"tls\" is not supported");
    assert_none("protocol='https'", "<host name='a'/><cookies/>",
                "a network disk with \"cookies\" is not supported");
    assert_none("protocol='ssh'", "<host name='a'/><identity username='u' keyfile='/k'/>",
                "a network disk with \"identity\" is not supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols),
        cmocka_unit_test(with_a_login),
        cmocka_unit_test(what_must_be_escaped),
        cmocka_unit_test(what_has_no_uri),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
