/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt has found out about QEMU takes it about a second, and it keeps it in a file. The
 * template carries that file from the first run to all later ones. */
#ifndef VLT_QEMU_CAPABILITIES_H
#define VLT_QEMU_CAPABILITIES_H

/* Where a template has it. */
#define KEPT_CAPABILITIES "capabilities"

/* From a worker's root into the template being built, and from a template into a worker's root. A
 * failure only costs libvirt the time to find it out again. 0 or -errno. */
int qemu_capabilities_keep(const char *root, const char *template_dir);
int qemu_capabilities_provide(const char *template_dir, const char *root);

#endif
