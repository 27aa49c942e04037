/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host says, to the agent's decoder: what it takes is the same after a round through the
 * encoder. clang -fsanitize=fuzzer, or with replay.c. */
#include "wire/frame.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const request *asked, void **frame, size_t *length)
{
    if (frame_encode((xdrproc_t)xdr_request, asked, frame, length) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    request first = {0}, second = {0};
    AUTO_SECRET void *once = NULL, *twice = NULL;
    size_t length, again;
    if (frame_decode((xdrproc_t)xdr_request, &first, sizeof first, data, size) < 0)
        return 0;
    encode(&first, &once, &length);
    if (frame_decode((xdrproc_t)xdr_request, &second, sizeof second,
                     (const char *)once + FRAME_HEADER, length - FRAME_HEADER) < 0)
        abort();
    encode(&second, &twice, &again);
    if (length != again || memcmp(once, twice, length) != 0)
        abort();
    xdr_free((xdrproc_t)xdr_request, &first);
    xdr_free((xdrproc_t)xdr_request, &second);
    return 0;
}
