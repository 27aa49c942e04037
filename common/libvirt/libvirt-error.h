/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's error messages: for error objects, instead of stderr. */
#ifndef VLT_LIBVIRT_ERROR_H
#define VLT_LIBVIRT_ERROR_H

/* This thread's last error; libvirt's memory, until its next call. */
const char *libvirt_error_message(void);

/* From here on libvirt prints no errors. */
void libvirt_error_silence(void);

#endif
