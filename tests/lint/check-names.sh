#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-names.sh [DIR]
#
# Holds every function that a header of common/, appliance/agent/ or a command below DIR (default: this tree) declares to its
# module's name: that of the header, with '_' for '-', or the first words of it. So image-probe.h may declare image_check().
# Functions that are static stay within their file; those that clean up a local are called cleanup_….
# Exit status 1, and FILE:LINE: RULE for each function that does not follow.

set -euo pipefail

cd "${1:-"$(dirname "$0")/../.."}"
mapfile -t headers < <(find common appliance/agent virt-* -name '*.h' | sort)

# ctags says which words are declared: "NAME FILE LINE".
ctags -x --language-force=C --kinds-C=p --_xformat='%N %F %n' "${headers[@]}" | awk '
    {
        module = $2; sub(/.*\//, "", module); sub(/\.h$/, "", module); gsub(/-/, "_", module)
        count = split(module, words, "_"); prefix = ""; follows = 0
        for (i = 1; i <= count; i++) {
            prefix = prefix (i > 1 ? "_" : "") words[i]
            if ($1 == prefix || index($1, prefix "_") == 1) follows = 1
        }
        if (!follows) { printf "%s:%d: %s() does not begin with its module'"'"'s name, %s_\n", $2, $3, $1, module; bad = 1 }
    }
    END { exit bad }
'
