# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Chroots of releases of Debian, for the scripts here.

# Gone when all that it runs has ended, with its mounts. $1 is the tree, which is all that there is in its mount namespace: what it
# runs may make others, and enter them.
in_chroot()
{
    # shellcheck disable=SC2016 # for the shell within
    unshare --mount --pid --fork --kill-child sh -euc '
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount --rbind /sys "$1/sys"
        mount --rbind /dev "$1/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
        cd "$1"
        shift
        pivot_root . .
        umount -l .
        exec chroot . env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$@"
}

# make_tree HOST TREE PACKAGES: HOST's smallest system and PACKAGES, "A,B". A tree that was not finished is not kept; what failed is in
# TREE.log. $HOSTS_APT is an option for apt.
make_tree()
{
    local host=$1 tree=$2
    [ ! -d "$tree" ] || return 0
    rm -rf "$tree.new"
    mmdebstrap --variant=minbase --include="$3" ${HOSTS_APT:+"--aptopt=$HOSTS_APT"} "$host" "$tree.new" > "$tree.log" 2>&1 || return 1
    # what is installed starts no service
    printf '#!/bin/sh\nexit 101\n' > "$tree.new/usr/sbin/policy-rc.d"
    chmod 755 "$tree.new/usr/sbin/policy-rc.d"
    mv "$tree.new" "$tree"
}
