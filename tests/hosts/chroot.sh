# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Chroots of releases of Debian, for the scripts here.

# in_chroot TREE [DIRECTORY:PLACE] COMMAND…: gone when all that it runs has ended, with its mounts. The tree, with the directory at the
# place, is all that there is in its mount namespace: what it runs may make others, and enter them.
in_chroot()
{
    local tree=$1 more=; shift
    if [[ $1 == /*:/* ]]; then more=$1; shift; fi
    # shellcheck disable=SC2016 # for the shell within
    unshare --mount --pid --fork --kill-child sh -euc '
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount --rbind /sys "$1/sys"
        mount --rbind /dev "$1/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
        [ -z "$2" ] || mount --bind "${2%%:*}" "$1/${2#*:}"
        cd "$1"
        shift 2
        pivot_root . .
        umount -l .
        exec chroot . env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$tree" "$more" "$@"
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

# copy_sources TREE: the files of the working directory as git knows them, changed or not. Of what was built before only downloads stay:
# times of files do not tell what is new where sources come from another tree.
copy_sources()
{
    local to=$1/root/virt-live-tools
    mkdir -p "$to"
    find "$to" -depth -mindepth 1 ! -path "$to/build" ! -path "$to/build/appliance" ! -path "$to/build/appliance/debs*" -delete
    git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$to"
}
