#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Proves that --help, the man page and the completion of a command name the same options, and,
# where --help lists columns, that the completion names those. Both ways.
#
# check-docs.sh COMMAND POD COMPLETION
set -euo pipefail

if [[ $# -ne 3 ]]; then
    echo "usage: $0 COMMAND POD COMPLETION" >&2
    exit 2
fi
command=$1 pod=$2 completion=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# "-a, --add=FILE  text" and "--format[=raw]  text": what stands before the text.
options_of_help()
{
    "$command" --help | grep -oP '^ +\K-[^\s,]+(, --\S+)?' | tr -d ',' | tr ' ' '\n' |
        sed -E 's/[=[].*//' | sort -u
}

# "=item B<-a> FILE"
options_of_pod()
{
    grep -oP '^=item B<\K-[^>]+' "$pod" | sort -u
}

# The words of its variable "options", up to the closing quote.
words_of_completion()
{
    sed -n "/local $1=\"/,/\"\$/p" "$completion" | sed -E "s/.*local $1=//" | tr -d '"' |
        tr -s '[:space:]' '\n' | sed '/^$/d' | sort -u
}

columns_of_help()
{
    "$command" --help | sed -nE '/^Columns/,/^$/s/^  (\S+).*/\1/p' | sort -u
}

# same FIRST-FILE NAME SECOND-FILE NAME
same()
{
    local only
    only=$(comm -23 "$work/$1" "$work/$3" | tr '\n' ' ')
    if [[ $only ]]; then
        echo "in $2, not in $4: $only"
        status=1
    fi
    only=$(comm -13 "$work/$1" "$work/$3" | tr '\n' ' ')
    if [[ $only ]]; then
        echo "in $4, not in $2: $only"
        status=1
    fi
}

export LC_ALL=C
options_of_help > "$work/help"
options_of_pod > "$work/pod"
words_of_completion options > "$work/completion"
columns_of_help > "$work/columns"
words_of_completion columns > "$work/completion-columns"

if [[ ! -s $work/help ]]; then
    echo "$command --help names no options"
    exit 1
fi
same help "$command --help" pod "$pod"
same help "$command --help" completion "$completion"
same columns "the columns of $command --help" completion-columns "those of $completion"
exit "$status"
