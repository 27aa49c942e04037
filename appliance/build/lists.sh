# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads appliance/debian/packages and appliance/debian/modules: a file of [sections], # begins a comment.

# section FILE NAME: the lines of [NAME]
section()
{
    awk -v want="[$2]" '{ sub(/#.*/, ""); gsub(/^[ \t]+|[ \t]+$/, "") } /^\[.*\]$/ { on = ($0 == want); next } on && NF' "$1"
}

# sections FILE: their names
sections() { sed -n 's/^\[\(.*\)\]$/\1/p' "$1"; }

# The time that every file of the appliance bears, so that two builds are equal.
: "${SOURCE_DATE_EPOCH:=946684800}"
export SOURCE_DATE_EPOCH
