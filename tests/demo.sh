#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   demo.sh BUILD [IMAGE…]
#
# Scans the images, or some that it makes in BUILD/demo the first time, and shows the command that
# does it.

set -euo pipefail

build=$1; shift
here=$(cd "$(dirname "$0")" && pwd)
names=(ext4.img xfs.img btrfs.img vfat.img gpt.qcow2)

# Makes those that are missing; their names follow from what is in them.
make_missing()
{
    local name missing=()

    for name in "${names[@]}"; do [[ -e $build/demo/$name ]] || missing+=("$name"); done
    if [[ ${#missing[@]} -gt 0 ]]; then
        echo "Making ${missing[*]} in $build/demo"
        "$here/images/make-images.sh" "$build/demo" "${missing[@]}"
    fi
}

show() { printf '\n$'; printf ' %q' "$@"; echo; "$@"; }

if [[ $# -gt 0 ]]; then
    images=("$@")
else
    make_missing
    images=("${names[@]/#/$build/demo/}")
fi
show "$build/bin/virt-df-live" -h --stats "${images[@]}"
