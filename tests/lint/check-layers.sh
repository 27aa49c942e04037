#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-layers.sh [DIR]
#
# Holds every #include "…" of common/ and appliance/agent/ below DIR (default: this tree) to the tables in their README.md:
# a file of the same room by its bare name, one of another room as "ROOM/FILE", where the table allows that room.
# Exit status 1, and FILE:LINE: RULE for each include that does not.

set -euo pipefail

cd "${1:-"$(dirname "$0")/../.."}"
mapfile -t sources < <(find common appliance/agent -name '*.[ch]' | sort)

awk '
    FNR == 1 { file = FILENAME; room = file; sub(/\/[^\/]*$/, "", room); sub(/^(common|appliance)\//, "", room) }
    file ~ /README\.md$/ {
        if (split($0, cell, "|") < 5 || cell[2] ~ /^(-+| room )$/) next
        gsub(/ /, "", cell[2]); known[cell[2]] = 1
        count = split(cell[4], names, " ")
        for (i = 1; i <= count; i++) allowed[cell[2], names[i]] = 1
        next
    }
    !(room in known) && !told[room]++ { complain("the table of rooms does not have \"" room "\"") }
    /^#[ \t]*include[ \t]*"/ {
        split($0, word, "\""); to = word[2]
        if (!sub(/\/[^\/]*$/, "", to)) next
        # What rpcgen makes of a .x file of the same room is elsewhere.
        if (to == room && word[2] !~ /^wire\/(protocol|worker|session|listing|lookup)\.h$/) complain("\"" word[2] "\" is in the same room: include it by its bare name")
        else if (to == room) next
        else if (!(to in known)) complain("\"" word[2] "\" is in no room of the tables")
        else if (!((room, to) in allowed)) complain("\"" word[2] "\": " room " may not include " to)
    }
    function complain(rule) { printf "%s:%d: %s\n", file, FNR, rule; bad = 1 }
    END { exit bad }
' common/README.md appliance/agent/README.md "${sources[@]}"
