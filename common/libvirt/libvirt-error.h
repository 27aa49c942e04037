/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt says of its errors: into error objects, and not onto stderr by itself. */
#ifndef VLT_LIBVIRT_ERROR_H
#define VLT_LIBVIRT_ERROR_H

/* This thread's last error; libvirt's memory, until its next call. */
const char *libvirt_error_message(void);

/* From here on libvirt prints none. */
void libvirt_error_silence(void);

#endif
