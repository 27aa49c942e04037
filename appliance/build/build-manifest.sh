#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-manifest.sh OUT
#
# Makes OUT/manifest: what the appliance in OUT was made of, 'key: value' lines, sorted.

set -euo pipefail
shopt -s inherit_errexit

PATH=$PATH:/usr/sbin:/sbin

die() { echo "build-manifest: $*" >&2; exit 1; }

# The tools whose version can change the result.
tools()
{
    local mke2fs kmod cpio
    mke2fs=$(mke2fs -V 2>&1 | sed -n '1s/^mke2fs //p')
    kmod=$(depmod --version | sed -n '1s/^kmod version //p')
    cpio=$(cpio --version | sed -n '1s/.* //p')
    printf 'tool %s: %s\n' mke2fs "$mke2fs" kmod "$kmod" cpio "$cpio"
}

measure()
{
    local size sum
    size=$(stat -c %s "$out/$1")
    sum=$(sha256sum < "$out/$1")
    echo "size $1: $size"
    echo "sha256 $1: ${sum%% *}"
}

[ $# = 1 ] || die "usage: build-manifest.sh OUT"
out=$1
for file in kernel initrd root tools kernel.manifest root.manifest tools.manifest; do
    [ -s "$out/$file" ] || die "$out/$file: missing; run make appliance"
done
{
    cat "$out/kernel.manifest" "$out/root.manifest" "$out/tools.manifest"
    tools
    for file in kernel initrd root tools; do measure "$file"; done
} | LC_ALL=C sort -u > "$out/manifest.new"
mv "$out/manifest.new" "$out/manifest"
