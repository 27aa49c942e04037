/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the hypervisor found out about this host, beside a template (template-cache.h), so that no
 * later run finds it out again. libvirt checks it, and probes anew where it finds it stale; then
 * the new answers take the place of the old ones. */
#ifndef VLT_TEMPLATE_CAPABILITIES_H
#define VLT_TEMPLATE_CAPABILITIES_H

#include "process/sandbox.h"

/* The directory's name in a template's. */
#define TEMPLATE_CAPABILITIES "capabilities"

/* Where a template has them, or is to have them (hypervisor_ops.keep_capabilities). New memory;
 * NULL: no memory. */
char *template_capabilities_path(const char *directory);

/* Where a restored appliance's process puts what was probed anew, before it gets a disk. New
 * memory; NULL: no memory. */
char *template_capabilities_probed(const char *root);

/* Exchanges those of two templates: a process that is reading them has the old or the new ones.
 * 0 or -errno. */
int template_capabilities_exchange(const char *one, const char *other);

/* The template gets those that the process of `root` has put there. No appliance of that user may
 * have got a disk yet: one that an image has taken over could write there. Nothing changes where
 * the template is another user's, or what is there is not what libvirt writes. 0 or -errno. */
int template_capabilities_renew(const char *directory, const char *root, const struct sandbox *box);

#endif
