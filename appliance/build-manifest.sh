#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-manifest.sh OUT
#
# Makes OUT/manifest: what the appliance in OUT was made of, 'key: value' lines, sorted.

set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin

die() { echo "build-manifest: $*" >&2; exit 1; }

# The tools whose version can change the result.
tools()
{
    echo "tool mke2fs: $(mke2fs -V 2>&1 | sed -n '1s/^mke2fs //p')"
    echo "tool kmod: $(depmod --version | sed -n '1s/^kmod version //p')"
    echo "tool cpio: $(cpio --version | sed -n '1s/.* //p')"
}

[ $# = 1 ] || die "usage: build-manifest.sh OUT"
out=$1
for file in kernel initrd root kernel.manifest root.manifest; do
    [ -s "$out/$file" ] || die "$out/$file: missing; run appliance/build.sh"
done
{
    cat "$out/kernel.manifest" "$out/root.manifest"
    tools
    for file in kernel initrd root; do
        echo "size $file: $(stat -c %s "$out/$file")"
        echo "sha256 $file: $(sha256sum < "$out/$file" | cut -d ' ' -f 1)"
    done
} | LC_ALL=C sort > "$out/manifest.new"
mv "$out/manifest.new" "$out/manifest"
