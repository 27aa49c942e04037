/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* memrchr */
#include "remote-uri.h"

#include "base/secret.h"
#include "base/text-format.h"
#include <ctype.h>
#include <libxml/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NBD_PORT "10809" /* IANA */

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
}

/* Its pieces are not unescaped yet. */
static void free_raw(xmlURIPtr *raw)
{
    if (*raw) {
        wipe((*raw)->user);
        wipe((*raw)->query);
        wipe((*raw)->query_raw);
    }
    xmlFreeURI(*raw);
}

bool remote_uri_is(const char *word, size_t length)
{
    size_t scheme = 0;

    while (scheme < length &&
           (isalnum((unsigned char)word[scheme]) || (scheme > 0 && strchr("+.-", word[scheme]))))
        scheme++;
    return scheme > 1 && isalpha((unsigned char)word[0]) && length - scheme >= 3 &&
           memcmp(word + scheme, "://", 3) == 0;
}

void remote_uri_free(struct remote_uri *uri)
{
    if (!uri)
        return;
    secret_free(uri->text);
    free(uri->shown);
    free(uri->name);
    free(uri->host);
    free(uri->port);
    free(uri->socket);
    free(uri->export_name);
    free(uri->path);
    free(uri->user);
    free(uri->initiator);
    free(uri->pool);
    free(uri->name_space);
    free(uri->snapshot);
    free(uri->config);
    free(uri->monitors);
    free(uri);
}

static void cleanup_uri(struct remote_uri **uri)
{
    remote_uri_free(*uri);
}

/* The first `length` bytes, with %XX replaced. *out is new memory. */
static int unescape(const char *text, size_t length, const char *what, char **out, error **err)
{
    *out = length > 0 ? xmlURIUnescapeString(text, (int)length, NULL) : strdup("");
    if (!*out)
        return error_no_memory(err);
    for (const char *hex = text; (hex = memchr(hex, '%', length - (size_t)(hex - text))); hex++)
        if (length - (size_t)(hex - text) >= 3 && hex[1] == '0' && hex[2] == '0')
            return error_set(err, ERROR_REFUSED, "the %s of the URI has a NUL byte in it", what);
    return 0;
}

/* --- what may be printed --- */

/* Where the authority's user part ends (at its @), and the path begins. */
static void find_parts(const char *text, const char **authority, const char **at, const char **path)
{
    *authority = strstr(text, "://") + 3;
    *path = *authority + strcspn(*authority, "/?#");
    *at = memrchr(*authority, '@', (size_t)(*path - *authority));
}

static int set_shown(struct remote_uri *uri, const char *text, error **err)
{
    const char *authority, *at, *path;
    find_parts(text, &authority, &at, &path);
    const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    const char *rest = colon ? at : authority;
    size_t length = uri->kind == REMOTE_HTTP ? strcspn(rest, "?#") : strlen(rest);
    bool hidden = rest[length] == '?';

    uri->shown = text_format("%.*s%s%.*s%s", (int)((colon ? colon : authority) - text), text,
                             colon ? ":***" : "", (int)length, rest, hidden ? "?***" : "");
    if (!uri->shown)
        return error_no_memory(err);
    return 0;
}

/* As basename(1) of the path, or `otherwise` where there is none. */
static int set_name(struct remote_uri *uri, const char *path, const char *otherwise, error **err)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    const char *slash = end > 0 ? memrchr(path, '/', end) : NULL;
    const char *base = slash ? slash + 1 : path;

    if (end == 0) {
        slash = strrchr(otherwise, '/');
        uri->name = strdup(slash ? slash + 1 : otherwise);
    } else {
        uri->name = strndup(base, end - (size_t)(base - path));
    }
    return uri->name ? 0 : error_no_memory(err);
}

/* --- pieces --- */

static int take_host(struct remote_uri *uri, const xmlURI *raw, error **err)
{
    const char *host = raw->server ? raw->server : "";
    size_t length = strlen(host);

    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') { /* of an IPv6 address */
        host++;
        length -= 2;
    }
    if (length == 0)
        return error_set(err, ERROR_REFUSED, "the URI names no host");
    if (unescape(host, length, "host", &uri->host, err) < 0)
        return -1;
    if (uri->host[0] == '-')
        return error_set(err, ERROR_REFUSED, "the URI's host begins with a dash");
    if (raw->port > 65535)
        return error_set(err, ERROR_REFUSED, "the URI's port is not below 65536");
    if (raw->port > 0 && !(uri->port = text_format("%d", raw->port)))
        return error_no_memory(err);
    return 0;
}

/* The secret memory has room for so many texts, none of which is longer than the whole URI: itself,
 * the URL, the password. */
#define TEXTS 3

static int make_texts(struct remote_uri *uri, const char *text, error **err)
{
    size_t size = strlen(text) + 1;

    uri->text = secret_resize(NULL, TEXTS * size);
    if (!uri->text)
        return error_no_memory(err);
    memcpy(uri->text, text, size);
    return 0;
}

static char *text_at(const struct remote_uri *uri, size_t index)
{
    return uri->text + index * (strlen(uri->text) + 1);
}

static int take_password(struct remote_uri *uri, const char *raw, error **err)
{
    char *plain = NULL;
    int result = unescape(raw, strlen(raw), "password", &plain, err);

    if (result == 0)
        uri->password = strcpy(text_at(uri, 2), plain);
    wipe(plain);
    free(plain);
    return result;
}

static int take_user(struct remote_uri *uri, const xmlURI *raw, error **err)
{
    if (!raw->user)
        return 0;
    size_t length = strcspn(raw->user, ":");
    if (unescape(raw->user, length, "user", &uri->user, err) < 0)
        return -1;
    return raw->user[length] == ':' ? take_password(uri, raw->user + length + 1, err) : 0;
}

/* NBD has no user: what stands there would be lost. */
static int refuse_user(const xmlURI *raw, error **err)
{
    return raw->user ? error_set(err, ERROR_REFUSED, "NBD knows no user") : 0;
}

static int take_export(struct remote_uri *uri, const xmlURI *raw, error **err)
{
    const char *path = raw->path ? raw->path : "";

    path += *path == '/';
    if (unescape(path, strlen(path), "export", &uri->export_name, err) < 0)
        return -1;
    if (strlen(uri->export_name) > REMOTE_EXPORT_MAX)
        return error_set(err, ERROR_REFUSED, "the name of the export has more than %d bytes",
                         REMOTE_EXPORT_MAX);
    if (!xmlCheckUTF8((const unsigned char *)uri->export_name))
        return error_set(err, ERROR_REFUSED, "the name of the export is not UTF-8");
    return 0;
}

/* --- kinds --- */

static int parse_nbd(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err)
{
    (void)text;
    if (refuse_user(raw, err) < 0 || take_host(uri, raw, err) < 0 || take_export(uri, raw, err) < 0)
        return -1;
    if (raw->query_raw)
        return error_set(err, ERROR_REFUSED, "an nbd:// URI has no \"?\"");
    if (!uri->port && !(uri->port = strdup(NBD_PORT)))
        return error_no_memory(err);
    return set_name(uri, uri->export_name, uri->host, err);
}

static int parse_nbd_unix(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err)
{
    static const char key[] = "socket=";
    const char *query = raw->query_raw ? raw->query_raw : "";

    (void)text;
    if (refuse_user(raw, err) < 0)
        return -1;
    if (raw->server && *raw->server)
        return error_set(err, ERROR_REFUSED, "an nbd+unix:// URI has no host");
    if (strncmp(query, key, sizeof key - 1) != 0 || strchr(query, '&') || !query[sizeof key - 1])
        return error_set(err, ERROR_REFUSED, "an nbd+unix:// URI ends with ?socket=PATH");
    query += sizeof key - 1;
    if (take_export(uri, raw, err) < 0 ||
        unescape(query, strlen(query), "socket", &uri->socket, err) < 0)
        return -1;
    return set_name(uri, uri->export_name, uri->socket, err);
}

/* The URL goes to curl as the user wrote it, but for the user. */
static int parse_http(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err)
{
    const char *authority, *at, *path;
    AUTO_FREE char *readable = NULL;

    if (take_host(uri, raw, err) < 0 || take_user(uri, raw, err) < 0)
        return -1;
    find_parts(text, &authority, &at, &path);
    const char *rest = at ? at + 1 : authority;
    uri->url = text_at(uri, 1);
    sprintf(uri->url, "%.*s%.*s", (int)(authority - text), text, (int)strcspn(rest, "#"), rest);
    if (unescape(raw->path ? raw->path : "", raw->path ? strlen(raw->path) : 0, "path", &readable,
                 err) < 0)
        return -1;
    return set_name(uri, readable, uri->host, err);
}

static int parse_ssh(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err)
{
    const char *path = raw->path ? raw->path : "";

    (void)text;
    if (take_host(uri, raw, err) < 0 || take_user(uri, raw, err) < 0 ||
        unescape(path, strlen(path), "path", &uri->path, err) < 0)
        return -1;
    if (raw->query_raw)
        return error_set(err, ERROR_REFUSED, "an ssh:// URI has no \"?\"; write %%3F");
    if (uri->path[0] != '/' || uri->path[1] == '\0')
        return error_set(err, ERROR_REFUSED, "the URI names no file");
    return set_name(uri, uri->path, uri->host, err);
}

/* QEMU is told these in JSON, which is UTF-8. */
static int check_utf8(const struct remote_uri *uri, error **err)
{
    const char *const texts[] = {uri->host,      uri->path,   uri->user,
                                 uri->initiator, uri->pool,   uri->name_space,
                                 uri->snapshot,  uri->config, uri->monitors};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] && !xmlCheckUTF8((const unsigned char *)texts[i]))
            return error_set(err, ERROR_REFUSED, "a part of the URI is not UTF-8");
    return 0;
}

/* The part of the path up to the next slash, or all that is left; *path is then behind it. */
static int take_component(const char **path, const char *what, char **out, error **err)
{
    size_t length = strcspn(*path, "/");

    if (length == 0)
        return error_set(err, ERROR_REFUSED, "the URI names no %s", what);
    if (unescape(*path, length, what, out, err) < 0)
        return -1;
    *path += length + ((*path)[length] == '/');
    return 0;
}

/* "KEY=VALUE&..." */
struct parameter {
    const char *key;
    char **value;
};

static int take_parameters(const xmlURI *raw, const struct parameter *known, size_t count,
                           error **err)
{
    for (const char *at = raw->query_raw ? raw->query_raw : ""; *at;) {
        size_t length = strcspn(at, "&"), i = 0, key = strcspn(at, "=");
        while (i < count && (key >= length || strlen(known[i].key) != key ||
                             strncmp(at, known[i].key, key) != 0))
            i++;
        if (i == count || *known[i].value)
            return error_set(
                err, ERROR_REFUSED,
                "what stands behind the URI's \"?\" is not known, or stands there twice");
        if (unescape(at + key + 1, length - key - 1, known[i].key, known[i].value, err) < 0)
            return -1;
        at += length + (at[length] == '&');
    }
    return 0;
}

/* SAM-5 has more than this in formats that QEMU does not use. */
#define LUN_MAX 16383

static int take_lun(struct remote_uri *uri, const char *text, error **err)
{
    char *end = NULL;
    unsigned long lun = *text ? strtoul(text, &end, 10) : 0;

    if (*text && (!isdigit((unsigned char)*text) || *end || lun > LUN_MAX))
        return error_set(err, ERROR_REFUSED, "the URI's LUN is not a number up to %d", LUN_MAX);
    uri->lun = (unsigned)lun;
    return 0;
}

static int parse_iscsi(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err)
{
    const struct parameter known[] = {{"initiator", &uri->initiator}};
    const char *path = raw->path ? raw->path + (raw->path[0] == '/') : "";

    (void)text;
    if (take_host(uri, raw, err) < 0 || take_user(uri, raw, err) < 0 ||
        take_component(&path, "target", &uri->path, err) < 0 || take_lun(uri, path, err) < 0 ||
        take_parameters(raw, known, 1, err) < 0 || check_utf8(uri, err) < 0)
        return -1;
    uri->name = uri->lun > 0 ? text_format("%s-%u", uri->path, uri->lun) : strdup(uri->path);
    return uri->name ? 0 : error_no_memory(err);
}

/* IMAGE or IMAGE@SNAPSHOT. Neither has an "@" in it (Ceph refuses it). */
static int take_rbd_image(struct remote_uri *uri, const char *path, error **err)
{
    size_t length = strcspn(path, "@");

    if (length == 0 || strchr(path, '/'))
        return error_set(err, ERROR_REFUSED,
                         "the URI names no image: POOL/IMAGE or POOL/NAMESPACE/IMAGE");
    if (path[length] &&
        unescape(path + length + 1, strlen(path + length + 1), "snapshot", &uri->snapshot, err) < 0)
        return -1;
    return unescape(path, length, "image", &uri->path, err);
}

static int parse_rbd(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err)
{
    const struct parameter known[] = {{"conf", &uri->config}, {"mon_host", &uri->monitors}};
    const char *path = raw->path ? raw->path + (raw->path[0] == '/') : "";

    (void)text;
    if ((raw->server && *raw->server && take_host(uri, raw, err) < 0) ||
        take_user(uri, raw, err) < 0 || take_component(&path, "pool", &uri->pool, err) < 0)
        return -1;
    if (strchr(path, '/') && take_component(&path, "namespace", &uri->name_space, err) < 0)
        return -1;
    if (take_rbd_image(uri, path, err) < 0 || take_parameters(raw, known, 2, err) < 0 ||
        check_utf8(uri, err) < 0)
        return -1;
    if (uri->config && uri->config[0] != '/')
        return error_set(err, ERROR_REFUSED, "the URI's conf is not an absolute path");
    uri->name = text_format("%s%s%s", uri->path, uri->snapshot ? "@" : "",
                            uri->snapshot ? uri->snapshot : "");
    return uri->name ? 0 : error_no_memory(err);
}

struct remote_uri *remote_uri_parse(const char *text, error **err)
{
    static const struct {
        const char *scheme;
        enum remote_kind kind;
        int (*parse)(struct remote_uri *uri, const xmlURI *raw, const char *text, error **err);
    } kinds[] = {
        {"nbd", REMOTE_NBD, parse_nbd},    {"nbd+unix", REMOTE_NBD_UNIX, parse_nbd_unix},
        {"http", REMOTE_HTTP, parse_http}, {"https", REMOTE_HTTP, parse_http},
        {"ssh", REMOTE_SSH, parse_ssh},    {"iscsi", REMOTE_ISCSI, parse_iscsi},
        {"rbd", REMOTE_RBD, parse_rbd},
    };
    CLEANUP(cleanup_uri) struct remote_uri *uri = calloc(1, sizeof *uri);
    CLEANUP(free_raw) xmlURIPtr raw = xmlParseURIRaw(text, 1);
    size_t i = 0, count = sizeof kinds / sizeof kinds[0], length = strcspn(text, ":");

    if (!uri) {
        error_no_memory(err);
        return NULL;
    }
    if (!remote_uri_is(text, strlen(text))) {
        error_set(err, ERROR_REFUSED, "it is no URI");
        return NULL;
    }
    while (i < count &&
           (strlen(kinds[i].scheme) != length || strncasecmp(text, kinds[i].scheme, length) != 0))
        i++;
    if (i == count) {
        error_set(err, ERROR_UNSUPPORTED,
                  "%.*s:// is not read; nbd, nbd+unix, http, https, ssh, iscsi and rbd are",
                  (int)length, text);
        return NULL;
    }
    if (!raw) {
        error_set(err, ERROR_REFUSED, "it is no valid URI");
        return NULL;
    }
    uri->kind = kinds[i].kind;
    if (make_texts(uri, text, err) < 0 || kinds[i].parse(uri, raw, text, err) < 0 ||
        set_shown(uri, text, err) < 0)
        return NULL;
    return STEAL(uri);
}

struct remote_uri *remote_uri_export(const char *name, error **err)
{
    CLEANUP(cleanup_uri) struct remote_uri *uri = calloc(1, sizeof *uri);

    if (uri) {
        uri->kind = REMOTE_NBD_UNIX;
        uri->shown = strdup(name);
        uri->name = strdup(name);
        uri->export_name = strdup(name);
    }
    if (uri && uri->shown && uri->name && uri->export_name)
        return STEAL(uri);
    error_no_memory(err);
    return NULL;
}
