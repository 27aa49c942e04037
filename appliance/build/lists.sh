# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads a distribution's lists (appliance/debian/packages and modules, appliance/ubuntu/packages …): files of [sections], # begins a
# comment. A line `like NAME` before the sections: those that the file lacks are as in the file beside it, of distribution NAME.

# like FILE: the directory of the other distribution, or nothing
like()
{
    local name
    name=$(awk '/^\[/ { exit } $1 == "like" { print $2 }' "$1")
    [ -z "$name" ] || echo "$(dirname "$1")/../$name"
}

own_sections() { sed -n 's/^\[\(.*\)\]$/\1/p' "$1"; }

# section FILE NAME: the lines of [NAME]
section()
{
    local other
    other=$(like "$1")
    if [ -n "$other" ] && ! own_sections "$1" | grep -qxF -e "$2"; then
        section "$other/$(basename "$1")" "$2"
        return
    fi
    awk -v want="[$2]" '{ sub(/#.*/, ""); gsub(/^[ \t]+|[ \t]+$/, "") } /^\[.*\]$/ { on = ($0 == want); next } on && NF' "$1"
}

# sections FILE: their names; those of the file that it is like come first, in its order
sections()
{
    local other
    other=$(like "$1")
    { [ -z "$other" ] || sections "$other/$(basename "$1")"; own_sections "$1"; } | awk '!seen[$0]++'
}

# The time that every file of the appliance bears, so that two builds are equal.
: "${SOURCE_DATE_EPOCH:=946684800}"
export SOURCE_DATE_EPOCH
