#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build.sh OUT AGENT [--kernel FILE] [--modules DIR]
#
# Makes OUT/{kernel,initrd,root,tools,manifest}. What is newer than all it is made of is left alone; rules.mk does the same for make.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)

usage() { echo "usage: build.sh OUT AGENT [--kernel FILE] [--modules DIR]" >&2; exit 1; }

# stale FILE INPUT…: FILE is not there, or an input is newer
stale()
{
    local file=$1 input; shift
    [ -s "$file" ] || return 0
    for input in "$@"; do
        if [ "$input" -nt "$file" ]; then return 0; fi
    done
    return 1
}

[ $# -ge 2 ] || usage
out=$1 agent=$2 kernel='' modules=''; shift 2
while [ $# -gt 0 ]; do
    case $1 in
    --kernel)  kernel=${2:?}; shift 2 ;;
    --modules) modules=${2:?}; shift 2 ;;
    *)         usage ;;
    esac
done
mkdir -p "$out"

# The choice of kernel is an input too.
choice="kernel=$kernel modules=$modules"
[ "$(cat "$out/choice" 2>/dev/null)" = "$choice" ] || echo "$choice" > "$out/choice"

common=("$here/lists.sh" "$here/fetch-debian.sh" "$here/packages")
if stale "$out/kernel" "${common[@]}" "$here"/{modules,build-kernel.sh,resolve-modules.sh,extract-vmlinux.sh} \
         "$out/choice" ${kernel:+"$kernel"}; then
    "$here/build-kernel.sh" "$out" "$out/debs" "$kernel" "$modules"
fi
if stale "$out/initrd" "$out/kernel" "$agent" "$here"/{lists.sh,build-initrd.sh}; then
    "$here/build-initrd.sh" "$out" "$agent"
fi
for drive in root tools; do
    if stale "$out/$drive" "$out/kernel" "${common[@]}" "$here"/{lvm.conf,build-root.sh}; then
        "$here/build-root.sh" "$out" "$out/debs" "$drive"
    fi
done
if stale "$out/manifest" "$out"/{kernel,initrd,root,tools} "$here/build-manifest.sh"; then
    "$here/build-manifest.sh" "$out"
fi
