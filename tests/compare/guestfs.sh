#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   guestfs.sh BUILD PROGRAM ARGUMENT…
#
# Runs a program of guestfs-tools (virt-df, virt-ls) on a machine that may have no kernel in /boot (a
# container), none that may be installed, and a /dev/kvm that does not work: supermin takes the kernel's
# packages that our appliance is made of, unpacked below BUILD/guestfs, and QEMU emulates.

set -euo pipefail

build=$1; shift
build=$(cd "$build" && pwd)
fetch=$(cd "$(dirname "$0")/../../appliance/debian" && pwd)/fetch-debian.sh
place=$build/guestfs

# Only once; 400 MB. Two tests may want it at the same time. On Debian 14 the kernel and its modules are in packages of their own.
unpack_kernel()
{
    local files deb release

    [[ ! -e $place/kernel/done ]] || return 0
    compgen -G "$build/appliance/debs/linux-image-*.deb" > /dev/null ||
        { echo "guestfs: no kernel package in $build/appliance/debs" >&2; exit 3; }
    files=$("$fetch" "$build/appliance/debs" linux-image)
    rm -rf "$place/kernel"
    mkdir -p "$place/kernel"
    while read -r deb; do
        "$fetch" --tar "$deb" | tar -x -C "$place/kernel" --transform 's,^\./usr/lib/modules/,./lib/modules/,'
    done <<< "$files"
    release=$(basename "$place"/kernel/lib/modules/*)
    PATH=$PATH:/usr/sbin:/sbin depmod -b "$place/kernel" "$release"
    touch "$place/kernel/done"
}

(
    flock 9
    unpack_kernel
) 9> "$place.lock"
mkdir -p "$place/cache" "$place/tmp"
SUPERMIN_KERNEL=$(compgen -G "$place/kernel/boot/vmlinuz-*" || compgen -G "$place/kernel/lib/modules/*/vmlinuz")
SUPERMIN_MODULES=$(echo "$place"/kernel/lib/modules/*)
export SUPERMIN_KERNEL SUPERMIN_MODULES
export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg
export LIBGUESTFS_CACHEDIR=$place/cache TMPDIR=$place/tmp
exec "$@"
