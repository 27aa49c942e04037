# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Packages as archives. The script that sources this has sourced distribution.sh.

# shellcheck disable=SC2154 # `fetch`

# package_members FILE: the names in it, one a line, as unpack_members takes them: ./usr/bin/x
package_members() { "$fetch" --tar "$1" | tar -t; }

# unpack_members TREE FILE: those of FILE that stdin names
unpack_members()
{
    local names
    names=$(cat)
    "$fetch" --tar "$2" | tar -x -C "$1" --no-same-owner --no-same-permissions --no-wildcards --no-recursion \
        --verbatim-files-from --files-from=<(printf '%s\n' "$names")
}

# describe_package FILE: its line of a manifest
describe_package()
{
    local words
    words=$("$fetch" --describe "$1")
    echo "package ${words% *}: ${words##* }"
}

# /bin, /sbin and /lib are in /usr, and sbin is bin: where a package of which release has its files does not matter then.
make_merged_usr()
{
    local dir
    mkdir -p "$1"/usr/{bin,lib,lib64}
    ln -s bin "$1/usr/sbin"
    for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$1/$dir"; done
}
