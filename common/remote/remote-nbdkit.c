/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What nbdkit is told: nbdkit-curl-plugin(1), nbdkit-ssh-plugin(1). */
#include "remote-server.h"

#include "base/text-format.h"
#include <string.h>

/* One of its parameters, "key=value", or a word. */
static void add(struct remote_arguments *arguments, const char *key, const char *value)
{
    remote_arguments_add(arguments, key ? text_format("%s=%s", key, value) : strdup(value));
}

static void begin(struct remote_arguments *arguments, const char *plugin)
{
    add(arguments, NULL, "nbdkit");
    add(arguments, NULL, "--foreground");
    add(arguments, NULL, "--readonly");
    add(arguments, NULL, plugin);
}

static void add_login(const struct remote_uri *uri, struct remote_arguments *arguments)
{
    if (uri->user)
        add(arguments, "user", uri->user);
    if (uri->password) /* others can read our command line */
        remote_arguments_add(arguments, text_format("password=-%d", REMOTE_PASSWORD_FD));
}

static void make_curl_arguments(const struct remote_uri *uri, struct remote_arguments *arguments)
{
    begin(arguments, "curl");
    add(arguments, "url", uri->url);
    /* Where a server may send us. */
    add(arguments, "protocols", "http,https");
    add_login(uri, arguments);
}

static void make_ssh_arguments(const struct remote_uri *uri, struct remote_arguments *arguments)
{
    begin(arguments, "ssh");
    add(arguments, "host", uri->host);
    add(arguments, "path", uri->path);
    if (uri->port)
        add(arguments, "port", uri->port);
    add_login(uri, arguments);
}

static bool never(const struct remote_uri *uri)
{
    (void)uri;
    return false;
}

/* It reads the user's keys. */
static bool always(const struct remote_uri *uri)
{
    (void)uri;
    return true;
}

const struct remote_program remote_nbdkit_curl = {.reads = "http and https",
                                                  .complaint = "error: ",
                                                  .make_arguments = make_curl_arguments,
                                                  .as_user = never};
const struct remote_program remote_nbdkit_ssh = {.reads = "ssh",
                                                 .complaint = "error: ",
                                                 .make_arguments = make_ssh_arguments,
                                                 .as_user = always};
