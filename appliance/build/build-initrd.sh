#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-initrd.sh OUT AGENT
#
# Makes OUT/initrd: AGENT (a static binary) as /init, and the modules that find the root drive (OUT/modules/initrd, made by
# build-kernel.sh). It is not compressed: QEMU puts it into the guest's memory as it is, and TCG would unpack slowly.
# There is no /dev/console in it: the kernel's own built-in initramfs has that node, and this one is unpacked over it.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"
# shellcheck source=appliance/build/architecture.sh
. "$here/architecture.sh"

die() { echo "build-initrd: $*" >&2; exit 1; }

# The guest has no libraries in its initrd.
check_static()
{
    [ -f "$1" ] || die "$1: no agent; build it first (make agent)"
    local headers
    headers=$(LC_ALL=C readelf -lW "$1") || die "$1: readelf cannot read it (is binutils installed?)"
    if grep -q 'INTERP' <<< "$headers"; then die "$1: the agent is linked dynamically; link it with -static"; fi
}

[ $# = 2 ] || die "usage: build-initrd.sh OUT AGENT"
out=$1 agent=$2
check_static "$agent"
[ -s "$out/modules/initrd/modules/order" ] || die "$out/modules: missing; run build-kernel.sh first"
tree=$(mktemp -d "$out/initrd.XXXXXX")
trap 'rm -rf "$tree" "$out/initrd.new"' EXIT

chmod 755 "$tree"
umask 022
mkdir "$tree"/{dev,proc,sys,run,root}
cp -R "$out/modules/initrd/." "$tree"
# 0.5 MB less to unpack in every boot; the one with symbols stays beside it.
install -s --strip-program="${binutils}strip" -m 755 "$agent" "$tree/init"
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$tree" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --create --format=newc --reproducible --owner=0:0) \
    > "$out/initrd.new" || die "cpio failed"
mv "$out/initrd.new" "$out/initrd"
