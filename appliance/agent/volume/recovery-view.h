/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting a filesystem as its owner would find it.
 *
 * A filesystem that was not unmounted has a journal, without which its figures and files are those
 * of an earlier moment. Its driver replays it by writing, so it is mounted on a writable view
 * (cow-overlay.h): what is written goes with the view. Only what needs it gets one. Where that
 * fails for good the filesystem is read as it lies there, and the outcome says why.
 *
 * A disk that its guest writes meanwhile may be read in the middle of a change: a mount that says
 * "corrupt" is tried again, up to three times. */
#ifndef VLT_AGENT_RECOVERY_VIEW_H
#define VLT_AGENT_RECOVERY_VIEW_H

#include "volume-table.h"

/* Takes its figures; nothing stays mounted, but for what visitor->leave leaves: that has no view.
 * `how` is what volume_table_mountable() gave. */
void recovery_view_measure(volume_table *all, struct content *what, const struct mount_type *how,
                           const struct mount_ops *ops, const struct mount_visitor *visitor,
                           struct mount_outcome *outcome);

/* As detached_mounts_ops.mount(), with these options besides; the view stays until
 * volume_table_release(). It may be mounted several times. */
int recovery_view_graft(volume_table *all, struct content *what, const struct mount_type *how,
                        const char *options, const struct detached_mounts_ops *ops,
                        struct mount_outcome *outcome);

#endif
