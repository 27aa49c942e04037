/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What qemu-nbd(8) is told: the options of QEMU's block drivers (qapi/block-core.json:
 * BlockdevOptionsIscsi, BlockdevOptionsRbd), as JSON, so that nothing in a name needs to be
 * escaped. */
#include "remote-server.h"

#include "base/text-format.h"
#include <jansson.h>
#include <string.h>

#define ISCSI_PORT "3260" /* IANA */
#define MONITOR_PORT "6789"
#define SECRET "key"

static void add(struct remote_arguments *arguments, const char *word)
{
    remote_arguments_add(arguments, strdup(word));
}

/* Of a program that serves two clients and does not end with the first. Takes the node over. */
static void make_arguments(const struct remote_uri *uri, const char *secret_format, json_t *node,
                           struct remote_arguments *arguments)
{
    json_t *image = node ? json_pack("{s:s, s:o}", "driver", "raw", "file", node) : NULL;
    AUTO_FREE char *text = image ? json_dumps(image, JSON_COMPACT) : NULL;

    add(arguments, "qemu-nbd");
    add(arguments, "--read-only");
    add(arguments, "--persistent");
    add(arguments, "--shared=2");
    if (uri->password) {
        add(arguments, "--object");
        remote_arguments_add(arguments,
                             text_format("secret,id=" SECRET ",format=%s,file=/proc/self/fd/%d",
                                         secret_format, REMOTE_PASSWORD_FD));
    }
    remote_arguments_add(arguments, text ? text_format("json:%s", text) : NULL);
    json_decref(image);
}

static int set_text(json_t *node, const char *key, const char *value)
{
    return node && value ? json_object_set_new(node, key, json_string(value)) : 0;
}

static void make_iscsi_arguments(const struct remote_uri *uri, struct remote_arguments *arguments)
{
    bool numeric = strchr(uri->host, ':') != NULL;
    AUTO_FREE char *portal = text_format("%s%s%s:%s", numeric ? "[" : "", uri->host,
                                         numeric ? "]" : "", uri->port ? uri->port : ISCSI_PORT);
    json_t *node =
        portal ? json_pack("{s:s, s:s, s:s, s:s, s:i}", "driver", "iscsi", "transport", "tcp",
                           "portal", portal, "target", uri->path, "lun", (int)uri->lun)
               : NULL;

    arguments->failed |= set_text(node, "user", uri->user) < 0 ||
                         set_text(node, "password-secret", uri->password ? SECRET : NULL) < 0 ||
                         set_text(node, "initiator-name", uri->initiator) < 0;
    make_arguments(uri, "raw", node, arguments);
}

/* "HOST[:PORT],...", of which a HOST of IPv6 has brackets. NULL: no memory, or it is none. */
static json_t *monitors(const char *list)
{
    json_t *array = json_array();

    for (const char *at = list; array && *at;) {
        size_t length = strcspn(at, ","),
               host = at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":,");
        host = host < length ? host : length;
        bool bracket = at[0] == '[' && host > 1;
        AUTO_FREE char *name = strndup(at + bracket, host - 2 * bracket);
        AUTO_FREE char *port =
            host + 1 < length ? strndup(at + host + 1, length - host - 1) : strdup(MONITOR_PORT);
        json_t *one = name && port ? json_pack("{s:s, s:s}", "host", name, "port", port) : NULL;
        if (!one || json_array_append_new(array, one) < 0) {
            json_decref(array);
            return NULL;
        }
        at += length + (at[length] == ',');
    }
    return array;
}

static void make_rbd_arguments(const struct remote_uri *uri, struct remote_arguments *arguments)
{
    json_t *node =
        json_pack("{s:s, s:s, s:s}", "driver", "rbd", "pool", uri->pool, "image", uri->path);
    AUTO_FREE char *host = uri->host ? text_format("%s%s%s:%s", strchr(uri->host, ':') ? "[" : "",
                                                   uri->host, strchr(uri->host, ':') ? "]" : "",
                                                   uri->port ? uri->port : MONITOR_PORT)
                                     : NULL;
    const char *list = uri->monitors ? uri->monitors : host;

    arguments->failed |= set_text(node, "namespace", uri->name_space) < 0 ||
                         set_text(node, "snapshot", uri->snapshot) < 0 ||
                         set_text(node, "conf", uri->config) < 0 ||
                         set_text(node, "user", uri->user) < 0 ||
                         set_text(node, "key-secret", uri->password ? SECRET : NULL) < 0 ||
                         (node && list && json_object_set_new(node, "server", monitors(list)) < 0);
    make_arguments(uri, "base64", node, arguments);
}

static bool never(const struct remote_uri *uri)
{
    (void)uri;
    return false;
}

/* Without a key in the URI the client looks for the user's keyring. */
static bool without_key(const struct remote_uri *uri)
{
    return uri->password == NULL;
}

const struct remote_program remote_qemu_nbd_iscsi = {
    .reads = "iscsi", .complaint = "': ", .make_arguments = make_iscsi_arguments, .as_user = never};
const struct remote_program remote_qemu_nbd_rbd = {.reads = "rbd",
                                                   .complaint = "': ",
                                                   .make_arguments = make_rbd_arguments,
                                                   .as_user = without_key};
