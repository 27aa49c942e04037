#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   add-libraries.sh TREE OPENED PACKAGE-FILE…
#
# Adds to TREE the shared libraries that the programs in it name (DT_NEEDED), those that these libraries name, and so on; and the
# files whose names OPENED has, one a line, which are opened by name at run time. They are taken out of the packages.
# Prints the packages of which something was taken. A library that none of them has is an error.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"
# shellcheck source=appliance/build/distribution.sh
. "$here/distribution.sh"
# shellcheck source=appliance/build/unpack.sh
. "$here/unpack.sh"

die() { echo "add-libraries: $*" >&2; exit 1; }

# Every shared object of the packages, in a tree a package.
stage_packages()
{
    local file i=0 names
    for file in "$@"; do
        names=$(package_members "$file" | grep -E '\.so(\.[^/]*)?$') || continue # it has none
        i=$((i + 1))
        make_merged_usr "$stage/$i"
        unpack_members "$stage/$i" "$file" <<< "$names"
        package_of[i]=$file
    done
}

# add_file PATH: relative to `stage`, N/usr/…; a symlink with what it leads to
add_file()
{
    local path=$1 package=${1%%/*} within=${1#*/} target
    mkdir -p "$tree/$(dirname "$within")"
    cp -a "$stage/$path" "$tree/$within"
    used[package]=1
    if [ ! -L "$stage/$path" ]; then return; fi
    target=$(readlink "$stage/$path")
    if [[ $target != /* ]]; then target=/$(dirname "$within")/$target; fi
    target=$(realpath -m -s "$stage/$package/$target")
    if [[ $target == "$stage/$package/"@(lib|lib64)/* ]]; then target=$stage/$package/usr/${target#"$stage/$package/"}; fi
    [ -e "$target" ] || die "${package_of[package]}: $within is a link to a file that is not in the package"
    [ -e "$tree/${target#"$stage/$package/"}" ] || add_file "${target#"$stage/"}"
}

# add NAME [FIND-CONDITION…]: what is called so. Status 1: there is no such file.
add()
{
    local name=$1 found path; shift
    found=$(cd "$stage" && find . -name "$name" "$@" -printf '%P\n' | LC_ALL=C sort)
    [ -n "$found" ] || return 1
    while read -r path; do add_file "$path"; done <<< "$found"
}

have() { find "$tree" \( -type f -o -type l \) -name '*.so*' -printf '%f\n' | LC_ALL=C sort -u; }

# Of scripts readelf says that they are no ELF files.
named()
{
    find "$tree/usr" -type f \( -perm -u+x -o -name '*.so*' \) -exec readelf -dW {} + 2> /dev/null |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | LC_ALL=C sort -u
}

# What the files in the tree name, and the tree has not got.
lacking() { LC_ALL=C comm -13 <(have) <(named); }

[ $# -ge 3 ] || die "usage: add-libraries.sh TREE OPENED PACKAGE-FILE…"
tree=$1 opened=$2; shift 2
readelf -hW "$tree/usr/bin/busybox" > /dev/null || die "readelf does not work (is binutils installed?)"
stage=$(realpath "$(mktemp -d "$tree.libraries.XXXXXX")")
trap 'rm -rf "$stage"' EXIT
package_of=() used=()

stage_packages "$@"
while read -r name; do
    [ -z "$name" ] || add "$name" || die "no package has $name"
done <<< "$opened"
# Where the loader looks: not in the directories below, which are a package's own, or for other processors.
while names=$(lacking); [ -n "$names" ]; do
    for name in $names; do
        add "$name" -path '*/usr/lib*' ! -path '*/usr/lib*/*/*/*' || die "no package has $name, which one of the programs needs"
    done
done
for i in "${!used[@]}"; do describe_package "${package_of[i]}"; done
