/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain-uri.h"

#include "base/secret.h"
#include "base/text-format.h"
#include "hypervisor-host.h"
#include "xml-tree.h"
#include <glib.h>
#include <string.h>

/* With %XX, but for the characters of keep. (libxml2's function leaves "@" as it is, which parts a
 * user from a host.) New memory. */
static char *escaped(const char *text, const char *keep)
{
    return g_uri_escape_string(text ? text : "", keep, FALSE);
}

static char *no_memory(error **err)
{
    error_no_memory(err);
    return NULL;
}

/* What would be lost: a password that libvirt has, certificates, keys. */
static int check_words(const xmlNode *source, bool login, error **err)
{
    static const char *const elements[] = {"cookies", "ssl", "knownHosts"};
    AUTO_XML char *tls = xml_attribute(source, "tls");
    AUTO_XML char *key = xml_attribute(xml_child(source, "identity"), "keyfile");
    AUTO_XML char *agent = xml_attribute(xml_child(source, "identity"), "agentsock");
    const char *what = xml_equal(tls, "yes") ? "tls" : key || agent ? "identity" : NULL;

    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (xml_child(source, elements[i]))
            what = elements[i];
    if (!login && xml_child(source, "auth"))
        what = "auth";
    return what ? error_set(err, ERROR_UNSUPPORTED, "a network disk with \"%s\" is not supported",
                            what)
                : 0;
}

/* "HOST", "HOST:PORT", with brackets around a numerical address of IPv6, which are not allowed as
 * they are behind the URI's question mark. */
static char *authority(const xmlNode *host, const char *user, bool in_query, error **err)
{
    AUTO_XML char *name = xml_attribute(host, "name");
    AUTO_XML char *port = xml_attribute(host, "port");
    AUTO_FREE char *login = escaped(user, "");
    bool address = name && strchr(name, ':') && name[0] != '[';
    AUTO_FREE char *server = escaped(name, in_query ? ":" : "[]:");
    AUTO_FREE char *service = escaped(port, "");

    if (!name || !*name) {
        error_set(err, ERROR_UNREADABLE, "it has no host");
        return NULL;
    }
    const char *open = address ? in_query ? "%5B" : "[" : "",
               *close = address ? in_query ? "%5D" : "]" : "";
    char *text = login && server && service
                     ? text_format("%s%s%s%s%s%s%s", login, *login ? "@" : "", open, server, close,
                                   *service ? ":" : "", service)
                     : NULL;
    return text ? text : no_memory(err);
}

/* A socket on this host. */
static char *unix_uri(const char *protocol, const char *path, const xmlNode *host, error **err)
{
    AUTO_XML char *socket = xml_attribute(host, "socket");
    AUTO_FREE char *place = escaped(socket, "/");

    if (!xml_equal(protocol, "nbd")) {
        error_set(err, ERROR_UNSUPPORTED, "%s over a Unix socket is not supported", protocol);
        return NULL;
    }
    if (!socket || !*socket) {
        error_set(err, ERROR_UNREADABLE, "it has no socket");
        return NULL;
    }
    char *uri = place ? text_format("nbd+unix://%s?socket=%s", path, place) : NULL;
    return uri ? uri : no_memory(err);
}

static char *host_uri(const char *protocol, const char *path, const xmlNode *source,
                      const xmlNode *host, error **err)
{
    AUTO_XML char *user = xml_attribute(xml_child(source, "identity"), "username");
    AUTO_XML char *query = xml_attribute(source, "query");
    AUTO_FREE char *server = authority(host, xml_equal(protocol, "ssh") ? user : NULL, false, err);

    if (!server)
        return NULL;
    char *uri =
        text_format("%s://%s%s%s%s", protocol, server, path, query ? "?" : "", query ? query : "");
    return uri ? uri : no_memory(err);
}

/* --- those with a login: iscsi, rbd --- */

/* "USER:SECRET@" from <auth>, as the URI wants it; "" where there is none. New memory, with a
 * secret in it. */
static char *login(const xmlNode *source, const struct domain_sources *sources, bool base64,
                   error **err)
{
    const xmlNode *auth = xml_child(source, "auth"), *named = xml_child(auth, "secret");
    AUTO_XML char *user = xml_attribute(auth, "username");
    AUTO_XML char *type = xml_attribute(named, "type");
    AUTO_XML char *uuid = xml_attribute(named, "uuid");
    AUTO_XML char *usage = xml_attribute(named, "usage");
    AUTO_SECRET char *value = NULL;
    size_t length = 0;

    if (!auth)
        return g_strdup("");
    if (!user || !(uuid || usage)) {
        error_set(err, ERROR_UNREADABLE, "its <auth> names no user or no secret");
        return NULL;
    }
    AUTO_ERROR error *why = NULL;
    if (sources->find_secret(sources->data, uuid, type ? type : "", usage, &value, &length, &why) <
        0) {
        error_set(err, ERROR_UNREADABLE, "libvirt's secret %s: %s", uuid ? uuid : usage,
                  error_message(why));
        return NULL;
    }
    if (!base64 && strlen(value) != length) {
        error_set(err, ERROR_UNSUPPORTED, "the secret %s has a NUL byte in it",
                  uuid ? uuid : usage);
        return NULL;
    }
    char *text = base64 ? g_base64_encode((const guchar *)value, length) : g_strdup(value);
    char *key = escaped(text, ""), *name = escaped(user, "");
    char *both = g_strdup_printf("%s:%s@", name, key);
    explicit_bzero(text, strlen(text));
    explicit_bzero(key, strlen(key));
    g_free(text);
    g_free(key);
    g_free(name);
    return both;
}

static void cleanup_login(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    g_free(*text);
}

static char *iscsi_uri(const char *path, const xmlNode *source,
                       const struct domain_sources *sources, error **err)
{
    CLEANUP(cleanup_login) char *user = login(source, sources, false, err);
    AUTO_FREE char *server = user ? authority(xml_child(source, "host"), NULL, false, err) : NULL;
    AUTO_XML char *initiator =
        xml_attribute(xml_child(xml_child(source, "initiator"), "iqn"), "name");
    AUTO_FREE char *name = escaped(initiator, "");

    if (!server)
        return NULL;
    char *uri = text_format("iscsi://%s%s%s%s%s", user, server, path,
                            initiator ? "?initiator=" : "", initiator ? name : "");
    return uri ? uri : no_memory(err);
}

/* "HOST:PORT,..." of all monitors: the client asks the others where one is down. */
static char *monitors(const xmlNode *source, error **err)
{
    char *list = strdup("");

    for (const xmlNode *host = xml_child(source, "host"); list && host;
         host = xml_element(host->next, "host")) {
        AUTO_FREE char *before = STEAL(list);
        AUTO_FREE char *one = authority(host, NULL, true, err);
        if (!one)
            return NULL;
        list = text_format("%s%s%s", before, *before ? "," : "", one);
    }
    return list ? list : no_memory(err);
}

static char *rbd_uri(const char *path, const xmlNode *source, const struct domain_sources *sources,
                     error **err)
{
    CLEANUP(cleanup_login) char *user = login(source, sources, true, err);
    AUTO_FREE char *hosts = user ? monitors(source, err) : NULL;
    AUTO_XML char *snapshot = xml_attribute(xml_child(source, "snapshot"), "name");
    AUTO_XML char *file = xml_attribute(xml_child(source, "config"), "file");
    AUTO_FREE char *config = escaped(file, "/"), *moment = escaped(snapshot, "");

    if (!hosts)
        return NULL;
    bool some = *hosts != '\0';
    char *uri =
        text_format("rbd://%s%s%s%s%s%s%s%s%s", user, path, snapshot ? "@" : "",
                    snapshot ? moment : "", some || file ? "?" : "", some ? "mon_host=" : "", hosts,
                    some && file ? "&" : "", file ? "conf=" : "");
    char *whole = uri ? text_format("%s%s", uri, file ? config : "") : NULL;
    cleanup_login(&uri);
    return whole ? whole : no_memory(err);
}

static bool is_known(const char *protocol)
{
    static const char *const known[] = {"nbd", "http", "https", "ssh", "iscsi", "rbd"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (xml_equal(protocol, known[i]))
            return true;
    return false;
}

/* <auth> is for these. */
static bool has_login(const char *protocol)
{
    return xml_equal(protocol, "iscsi") || xml_equal(protocol, "rbd");
}

/* What a libvirt elsewhere calls its own host, or a socket of it, is not ours. */
static int check_hosts(const xmlNode *source, const struct domain_sources *sources, error **err)
{
    for (const xmlNode *host = xml_child(source, "host"); host && sources->elsewhere;
         host = xml_element(host->next, "host")) {
        AUTO_XML char *name = xml_attribute(host, "name");
        AUTO_XML char *transport = xml_attribute(host, "transport");
        if (xml_equal(transport, "unix") || (name && hypervisor_host_is_loopback(name)))
            return error_set(err, ERROR_UNSUPPORTED,
                             "its server can be reached only from the host %s, where libvirt is",
                             sources->elsewhere);
    }
    return 0;
}

char *domain_uri(const xmlNode *source, const struct domain_sources *sources, error **err)
{
    AUTO_XML char *protocol = xml_attribute(source, "protocol");
    AUTO_XML char *name = xml_attribute(source, "name");
    AUTO_FREE char *rest = escaped(name, "/");
    AUTO_FREE char *path = NULL;
    xmlNode *host = xml_child(source, "host");
    AUTO_XML char *transport = xml_attribute(host, "transport");

    if (!is_known(protocol)) {
        error_set(err, ERROR_UNSUPPORTED, "a network disk over %s is not supported",
                  protocol ? protocol : "no protocol");
        return NULL;
    }
    if (check_words(source, has_login(protocol), err) < 0 || check_hosts(source, sources, err) < 0)
        return NULL;
    if (!xml_equal(protocol, "rbd") && host && xml_element(host->next, "host")) {
        error_set(err, ERROR_UNSUPPORTED, "a network disk with several hosts is not supported");
        return NULL;
    }
    /* An export's name may begin with a slash of its own, a path begins with one in any case. */
    bool slash = name && name[0] == '/' && !xml_equal(protocol, "nbd");
    if (!rest || !(path = text_format("%s%s", slash ? "" : "/", rest)))
        return no_memory(err);
    if (has_login(protocol))
        return xml_equal(protocol, "rbd") ? rbd_uri(path, source, sources, err)
                                          : iscsi_uri(path, source, sources, err);
    return xml_equal(transport, "unix") ? unix_uri(protocol, path, host, err)
                                        : host_uri(protocol, path, source, host, err);
}
