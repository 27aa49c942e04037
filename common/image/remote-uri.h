/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The URI of a disk on another host or behind a server, parsed. Pure.
 *
 *     nbd://HOST[:PORT]/EXPORT               nbd+unix:///EXPORT?socket=PATH
 *     http://[USER[:PASSWORD]@]HOST[:PORT]/PATH[?QUERY], https://…
 *     ssh://[USER[:PASSWORD]@]HOST[:PORT]/PATH
 *     iscsi://[USER[:PASSWORD]@]HOST[:PORT]/TARGET[/LUN][?initiator=NAME]
 *     rbd://[USER[:KEY]@][HOST[:PORT]]/POOL[/NAMESPACE]/IMAGE[@SNAPSHOT][?conf=PATH&mon_host=HOST:PORT,...]
 *
 * Everything but http's QUERY may have %XX in it. PATH of ssh is absolute, KEY is base64, as in a
 * keyring. */
#ifndef VLT_REMOTE_URI_H
#define VLT_REMOTE_URI_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

enum remote_kind {
    REMOTE_NBD,
    REMOTE_NBD_UNIX,
    REMOTE_HTTP,
    REMOTE_SSH,
    REMOTE_ISCSI,
    REMOTE_RBD,
    REMOTE_KIND_COUNT
};

/* The longest URI that we accept, from any source, in bytes. */
#define REMOTE_URI_MAX 8192

/* The longest name that the protocol has for an export (NBD, doc/proto.md). */
#define REMOTE_EXPORT_MAX 4096

struct remote_uri {
    enum remote_kind kind;
    char *text; /* as given; secret (secret.h), as are the next two, which are parts of it */
    char *url;  /* of http, without user and password */
    char *password;
    char *shown; /* for messages: without the password and without what follows http's question mark
                  */
    char *name;  /* of the guest: the last component of the path, or else the host or socket */
    char *host;  /* of nbd, ssh, iscsi; of rbd a monitor, or NULL */
    char *port;  /* of nbd; of the others NULL where it is not said */
    char *socket;
    char *export_name; /* of nbd and nbd+unix; "" is the default export. UTF-8 */
    char *path;        /* of ssh; of iscsi the target's name; of rbd the image's */
    char *user;
    unsigned lun;     /* of iscsi */
    char *initiator;  /* of iscsi, or NULL: QEMU's */
    char *pool;       /* of rbd, as are these */
    char *name_space; /* NULL: the default one */
    char *snapshot;   /* NULL: the image as it is */
    char *config;     /* an absolute path; NULL: Ceph's own */
    char *monitors;   /* "HOST:PORT,..."; NULL: host, or those of the configuration */
};

/* Whether it begins like a URI of any kind (letters, "://"). A file of such a name is ./NAME. */
bool remote_uri_is(const char *word, size_t length);

/* NULL and *err: ERROR_UNSUPPORTED for a URI of another kind, ERROR_REFUSED for one that is not
 * valid. Messages do not contain the URI. */
struct remote_uri *remote_uri_parse(const char *text, error **err);
/* An export of that name behind a Unix socket whose path is not known yet; it has no text. NULL and
 * *err. */
struct remote_uri *remote_uri_export(const char *name, error **err);
void remote_uri_free(struct remote_uri *uri); /* NULL is fine */

#endif
