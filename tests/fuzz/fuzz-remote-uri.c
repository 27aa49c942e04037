/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_uri_parse() on anything. clang -fsanitize=fuzzer, or with replay.c. */
#include "image/remote-uri.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for whatever it takes for a URI. */
static void check(const struct remote_uri *uri)
{
    if (!uri->shown || !uri->name || !*uri->shown)
        abort();
    if (uri->kind == REMOTE_NBD && !(uri->host && uri->port && uri->export_name))
        abort();
    if (uri->kind == REMOTE_NBD_UNIX && !(uri->socket && uri->export_name))
        abort();
    if (uri->kind == REMOTE_HTTP && !(uri->url && remote_uri_is(uri->url, strlen(uri->url))))
        abort();
    if (uri->kind == REMOTE_SSH && !(uri->host && uri->path && *uri->path == '/'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *text = strndup((const char *)data, size);
    struct remote_uri *uri = remote_uri_parse(text, &err);

    remote_uri_is((const char *)data, size);
    if ((uri == NULL) != (err != NULL))
        abort();
    if (uri)
        check(uri);
    remote_uri_free(uri);
    return 0;
}
