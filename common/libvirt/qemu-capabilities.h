/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To find out what QEMU can do takes libvirt about a second; it keeps the result in files below its
 * root. These are carried from the first root to all later ones. */
#ifndef VLT_QEMU_CAPABILITIES_H
#define VLT_QEMU_CAPABILITIES_H

/* Copies the files from a root to `directory`, which is made, and from there to another root. If
 * that fails, libvirt only needs the time to find it out again. 0 or -errno. */
int qemu_capabilities_keep(const char *root, const char *directory);
int qemu_capabilities_provide(const char *directory, const char *root);

#endif
