/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor-host.h"

#include <libxml/uri.h>
#include <string.h>
#include <strings.h>

bool hypervisor_host_is_loopback(const char *host)
{
    bool numeric = host[strspn(host, "0123456789.")] == '\0';

    return strcasecmp(host, "localhost") == 0 || (numeric && strncmp(host, "127.", 4) == 0) ||
           strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0;
}

/* "vm1" is "vm1.example.org", if the domain's name is not said. */
static bool is_own(const char *host, const char *own)
{
    size_t short_host = strcspn(host, "."), short_own = strcspn(own, ".");

    if (strcasecmp(host, own) == 0)
        return true;
    return short_host == short_own && strncasecmp(host, own, short_own) == 0 &&
           (!host[short_host] || !own[short_own]);
}

/* "qemu+unix://…": a socket of this host. */
static bool is_local_transport(const char *scheme)
{
    const char *plus = scheme ? strchr(scheme, '+') : NULL;

    return plus && strcmp(plus, "+unix") == 0;
}

static void free_uri(xmlURIPtr *uri)
{
    xmlFreeURI(*uri);
}

int hypervisor_host_elsewhere(const char *uri, const char *own, char **host, error **err)
{
    CLEANUP(free_uri) xmlURIPtr parsed = uri ? xmlParseURI(uri) : NULL;
    const char *server = parsed && parsed->server ? parsed->server : "";

    *host = NULL;
    if (!*server || is_local_transport(parsed->scheme) || hypervisor_host_is_loopback(server) ||
        is_own(server, own))
        return 0;
    *host = strdup(server);
    return *host ? 0 : error_no_memory(err);
}
