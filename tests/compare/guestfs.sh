#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   guestfs.sh BUILD PROGRAM ARGUMENT…
#
# Runs a program of guestfs-tools (virt-df, virt-ls) on a machine that may have no kernel in /boot (a
# container), none that may be installed, and a /dev/kvm that does not work: supermin takes the kernel
# package that our appliance is made of, unpacked below BUILD/guestfs, and QEMU emulates.

set -euo pipefail

build=$1; shift
build=$(cd "$build" && pwd)
fetch=$(cd "$(dirname "$0")/../../appliance/debian" && pwd)/fetch-debian.sh
place=$build/guestfs

# Only once; 400 MB. Two tests may want it at the same time.
unpack_kernel()
{
    local debs=("$build"/appliance/debs/linux-image-*.deb) release

    [[ ! -e $place/kernel/done ]] || return 0
    [[ -e ${debs[-1]} ]] || { echo "guestfs: no kernel package in $build/appliance/debs" >&2; exit 3; }
    rm -rf "$place/kernel"
    mkdir -p "$place/kernel"
    "$fetch" --tar "${debs[-1]}" | tar -x -C "$place/kernel" --transform 's,^\./usr/,./,' \
        --wildcards './boot/*' './*lib/modules/*'
    release=$(basename "$place"/kernel/lib/modules/*)
    PATH=$PATH:/usr/sbin:/sbin depmod -b "$place/kernel" "$release"
    touch "$place/kernel/done"
}

(
    flock 9
    unpack_kernel
) 9> "$place.lock"
mkdir -p "$place/cache" "$place/tmp"
SUPERMIN_KERNEL=$(echo "$place"/kernel/boot/vmlinuz-*)
SUPERMIN_MODULES=$(echo "$place"/kernel/lib/modules/*)
export SUPERMIN_KERNEL SUPERMIN_MODULES
export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg
export LIBGUESTFS_CACHEDIR=$place/cache TMPDIR=$place/tmp
exec "$@"
