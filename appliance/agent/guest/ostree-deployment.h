/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Systems that OSTree has deployed: Fedora CoreOS, Silverblue, Endless OS …
 *
 * Their filesystem is no root: /ostree/deploy/NAME/deploy/COMMIT.N is, one for each version that is
 * kept, and /ostree/deploy/NAME/var is /var of all of that name
 * (https://ostreedev.github.io/ostree/ deployment). A boot loader's entry says which is booted:
 * ostree=/ostree/boot.1/NAME/CHECKSUM/N, a link to it. Where files are also in a composefs image
 * their hardlinks are there all the same. */
#ifndef VLT_AGENT_OSTREE_DEPLOYMENT_H
#define VLT_AGENT_OSTREE_DEPLOYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OSTREE_PATH_MAX 600

struct ostree_deployment {
    char path[OSTREE_PATH_MAX]; /* from the filesystem's topmost directory; "": there is none */
    char var[OSTREE_PATH_MAX];
    uint64_t version; /* of the boot loader's entry that was taken; the highest one is booted */
};

/* Whether a filesystem has deployments. */
bool ostree_deployment_there(int root);

/* Takes the deployment in `root` that the boot loader's entries in `boot` would boot, where that is
 * there and *found is none or has a lower version. `boot` is /boot, or a filesystem that may be
 * mounted there, or the same as `root`. Whether it did. */
bool ostree_deployment_of_entries(int root, int boot, struct ostree_deployment *found);

/* Whether a filesystem that may be /boot has entries that boot a deployment, of whatever root. */
bool ostree_deployment_boots(int boot);

/* Takes the one that was made last: for systems without such entries. */
bool ostree_deployment_newest(int root, struct ostree_deployment *found);

/* What an entry of the boot loader says: its version, 0 where it has none, and the path behind
 * ostree=. false: it boots no deployment. Pure. */
bool ostree_deployment_parse(const char *text, size_t length, char path[OSTREE_PATH_MAX],
                             uint64_t *version);

#endif
