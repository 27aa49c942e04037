/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Faster encoding of numbers for the XDR routines that rpcgen writes, where an answer has very
 * many. For 64 bits libtirpc makes three calls, two of them through pointers; this makes one, and
 * calls are the slowest part of an emulated machine. The bytes on the wire are the same. Included
 * by .x files. */
#ifndef VLT_XDR_INLINE_H
#define VLT_XDR_INLINE_H

#include <endian.h>
#include <rpc/xdr.h>
#include <stdint.h>
#include <string.h>

/* false: it cannot be done inline, because the stream is not aligned or has no more room. */
static inline bool_t xdr_inline_number(XDR *xdrs, uint64_t *value, size_t size)
{
    uint64_t bytes = 0;
    void *place = xdrs->x_op == XDR_FREE ? NULL : XDR_INLINE(xdrs, (u_int)size);
    if (!place)
        return FALSE;
    unsigned unused =
        (unsigned)(sizeof bytes - size) * 8; /* the number's bits are the first ones */
    if (xdrs->x_op == XDR_ENCODE) {
        bytes = htobe64(*value << unused);
        memcpy(place, &bytes, size);
    } else {
        memcpy(&bytes, place, size);
        *value = be64toh(bytes) >> unused;
    }
    return TRUE;
}

static inline bool_t xdr_inline_u_quad(XDR *xdrs, uint64_t *value)
{
    return xdr_inline_number(xdrs, value, sizeof *value) || xdr_u_quad_t(xdrs, value);
}

static inline bool_t xdr_inline_quad(XDR *xdrs, int64_t *value)
{
    return xdr_inline_u_quad(xdrs, (uint64_t *)value);
}

static inline bool_t xdr_inline_u_int(XDR *xdrs, u_int *value)
{
    uint64_t number = *value;
    if (!xdr_inline_number(xdrs, &number, sizeof *value))
        return xdr_u_int(xdrs, value);
    *value = (u_int)number;
    return TRUE;
}

#define xdr_u_quad_t xdr_inline_u_quad
#define xdr_quad_t xdr_inline_quad
#define xdr_u_int xdr_inline_u_int

#endif
