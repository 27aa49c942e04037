# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Steps of a check, for its table. What sources it has the variables log (a file), steps (the text of the table) and failed.

# step NAME COMMAND…: how long it took, or that it failed, goes to `steps`; what it prints, to the log. Status 1: it failed.
step()
{
    local name=$1 begun=$SECONDS
    shift
    echo "# $name: $*" >> "$log"
    if "$@" >> "$log" 2>&1; then steps+="$name ($((SECONDS - begun)) s), "; return 0; fi
    steps+="$name FAILED, "
    # shellcheck disable=SC2034 # the caller's
    failed=1
    return 1
}
