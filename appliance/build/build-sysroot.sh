#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-sysroot.sh OUT DEBS PACKAGE…
#
# Makes the directory OUT, in which a compiler for $APPLIANCE_ARCH finds the headers and libraries of the packages, and of those that
# they need.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"
# shellcheck source=appliance/build/distribution.sh
. "$here/distribution.sh"
# shellcheck source=appliance/build/unpack.sh
. "$here/unpack.sh"

die() { echo "build-sysroot: $*" >&2; exit 1; }

# A link with an absolute path leads out of the tree.
make_links_relative()
{
    local link target
    find "$1" -type l -lname '/*' -printf '%p %l\n' | while read -r link target; do
        ln -sfnr "$1$target" "$link"
    done
}

[ $# -ge 3 ] || die "usage: build-sysroot.sh OUT DEBS PACKAGE…"
out=$1 debs=$2; shift 2
files=$("$fetch" --for-building "$debs" "$@")
rm -rf "$out" "$out.new"
trap 'rm -rf "$out.new"' EXIT
make_merged_usr "$out.new"
while read -r file; do
    "$fetch" --tar "$file" | tar -x -C "$out.new" --keep-directory-symlink --no-same-owner --exclude='./usr/share/doc' --exclude='./usr/share/man'
done <<< "$files"
make_links_relative "$out.new"
mv "$out.new" "$out"
