/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain-uri.h"

#include "base/text-format.h"
#include "xml-tree.h"
#include <glib.h>

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
static int check_words(const xmlNode *source, error **err)
{
    static const char *const elements[] = {"auth", "cookies", "ssl", "knownHosts"};
    AUTO_XML char *tls = xml_attribute(source, "tls");
    AUTO_XML char *key = xml_attribute(xml_child(source, "identity"), "keyfile");
    AUTO_XML char *agent = xml_attribute(xml_child(source, "identity"), "agentsock");
    const char *what = xml_equal(tls, "yes") ? "tls" : key || agent ? "identity" : NULL;

    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (xml_child(source, elements[i]))
            what = elements[i];
    return what ? error_set(err, ERROR_UNSUPPORTED, "a network disk with \"%s\" is not supported",
                            what)
                : 0;
}

/* "HOST", "HOST:PORT", with brackets around a numerical address of IPv6. */
static char *authority(const xmlNode *host, const char *user, error **err)
{
    AUTO_XML char *name = xml_attribute(host, "name");
    AUTO_XML char *port = xml_attribute(host, "port");
    AUTO_FREE char *login = escaped(user, "");
    bool address = name && strchr(name, ':') && name[0] != '[';
    AUTO_FREE char *server = escaped(name, "[]:");
    AUTO_FREE char *service = escaped(port, "");

    if (!name || !*name) {
        error_set(err, ERROR_UNREADABLE, "it has no host");
        return NULL;
    }
    char *text = login && server && service
                     ? text_format("%s%s%s%s%s%s%s", login, *login ? "@" : "", address ? "[" : "",
                                   server, address ? "]" : "", *service ? ":" : "", service)
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
    AUTO_FREE char *server = authority(host, xml_equal(protocol, "ssh") ? user : NULL, err);

    if (!server)
        return NULL;
    char *uri =
        text_format("%s://%s%s%s%s", protocol, server, path, query ? "?" : "", query ? query : "");
    return uri ? uri : no_memory(err);
}

static bool is_known(const char *protocol)
{
    static const char *const known[] = {"nbd", "http", "https", "ssh"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (xml_equal(protocol, known[i]))
            return true;
    return false;
}

char *domain_uri(const xmlNode *source, error **err)
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
    if (check_words(source, err) < 0)
        return NULL;
    if (host && xml_element(host->next, "host")) {
        error_set(err, ERROR_UNSUPPORTED, "a network disk with several hosts is not supported");
        return NULL;
    }
    /* An export's name may begin with a slash of its own, a path begins with one in any case. */
    bool slash = name && name[0] == '/' && !xml_equal(protocol, "nbd");
    if (!rest || !(path = text_format("%s%s", slash ? "" : "/", rest)))
        return no_memory(err);
    return xml_equal(transport, "unix") ? unix_uri(protocol, path, host, err)
                                        : host_uri(protocol, path, source, host, err);
}
