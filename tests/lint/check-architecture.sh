#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-architecture.sh [DIR]
#
# Holds what docs/architecture.md says of the supervisor to the files below DIR (default: this tree): each stop of "From the list
# to the row" is a function that its file defines, and the parts of the supervisor call only themselves and supervisor-workers.c.
# Exit status 1, and a line for each that is not so.

set -euo pipefail

cd "${1:-"$(dirname "$0")/../.."}"
bad=0
complain() { echo "$1"; bad=1; }

stops=0
# shellcheck disable=SC2016 # backquotes of Markdown
while IFS=$'\t' read -r file name; do
    stops=$((stops + 1))
    if ! grep -qE "^[a-z].*[ *]$name\(" "$file"; then complain "docs/architecture.md: $file does not define $name()"; fi
done < <(sed -nE 's/^[0-9]+\. `([^`]+\.c)`: `([a-z0-9_]+)\(\).*/\1\t\2/p' docs/architecture.md)
if [[ $stops -eq 0 ]]; then complain 'docs/architecture.md has no way from the list to the row'; fi

for file in common/scan/supervisor-*.c; do
    part=${file##*/supervisor-}
    part=${part%.c}
    while IFS=: read -r line call; do
        to=${call#supervisor_}
        to=${to%%_*}
        case $to in "$part" | workers) ;; *) complain "$file:$line: $part may not call $call…()" ;; esac
    done < <(grep -noE '\bsupervisor_(list|remote|dispatch|reports|workers)_' "$file")
done
exit $bad
