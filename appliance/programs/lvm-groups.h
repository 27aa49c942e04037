/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups by LVM's own commands.
 *
 * Each command runs in a child of its own, so nothing that LVM learns about one guest is there for
 * the next, and what it costs to load and set up LVM has been paid once. (LVM's own shell would do
 * the same; with libedit, as Debian builds it, it crashes at the third command. The library crashes
 * when it is given --devices again. Both: lvm2 2.03.16.)
 *
 * A command costs tens of milliseconds under emulation, most of it in reading the same metadata
 * again. So where vgchange has activated all without a complaint, the kernel is asked which
 * volumes there are now; LVM's own report is for all other cases.
 *
 * A group that LVM refuses to this machine (exported, of another host, of a cluster) or that has
 * another one's name is made one of this machine: that is written to the devices, which are views
 * of an image's, never to an image. So the user sees what is in such a group, too. */
#ifndef VLT_LVM_GROUPS_H
#define VLT_LVM_GROUPS_H

#include <stdio.h>

/* Bytes of the paths: MAX_VOLUMES of LVM_NODE_MAX (lvm.h). */
#define LVM_GROUPS_DEVICES_MAX 65536

/* Sets up the library, once. NULL: that failed. */
void *lvm_groups_start(void);

/* Activates the groups of these devices: paths with ',' between them. The answer is lines: "V" and
 * a logical volume's fields as `lvs --nameprefixes` writes them; "P" and a physical volume's, where
 * some may belong to no group; "E" and what LVM complains about; "A" where it is tried anew, and
 * what it complained about so far counts no more; a last line "." when LVM came to its end. */
void lvm_groups_activate(void *lvm, const char *devices, FILE *answer);

#endif
