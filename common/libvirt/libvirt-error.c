/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-error.h"

#include <libvirt/virterror.h>
#include <stddef.h>

const char *libvirt_error_message(void)
{
    const virError *last = virGetLastError();

    return last && last->message ? last->message : "unknown libvirt error";
}

static void ignore_error(void *data, virErrorPtr err)
{
    (void)data;
    (void)err;
}

void libvirt_error_silence(void)
{
    virSetErrorFunc(NULL, ignore_error);
}
