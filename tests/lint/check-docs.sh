#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Proves that --help, the man page and the completion of a command name the same options, and,
# where --help lists columns, that the completion names those. Both ways.
#
# check-docs.sh COMMAND POD COMPLETION
#
# A command has sub-commands when its --help shows how each is used: "  COMMAND SUB ARGUMENT...".
# Then each one's --help is compared with the man page's "=head2 SUB ARGUMENT...", and with the words
# of the completion's variable SUB. Options that all of them have stand once: in "=head2 Options of
# all commands", and in the variable `options`.
set -euo pipefail

if [[ $# -ne 3 ]]; then
    echo "usage: $0 COMMAND POD COMPLETION" >&2
    exit 2
fi
command=$1 pod=$2 completion=$3
name=$(basename "$command")
common="Options of all commands"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# "-a, --add=FILE  text" and "--format[=raw]  text": what stands before the text.
options_of_help()
{
    "$command" "$@" --help | grep -oP '^ +\K-[^\s,]+(, --\S+)?' | tr -d ',' | tr ' ' '\n' |
        sed -E 's/[=[].*//' | sort -u
}

# "launch [OPTION...] [IMAGE...]", a line for each sub-command
usage_of_help()
{
    "$command" --help | sed -nE "/^  $name [a-z]/{s/^  $name +//; s/ +/ /gp}" | sort
}

# "=item B<-a> FILE", on stdin
items()
{
    sed -nE 's/^=item B<(-[^>]+)>.*/\1/p' | sort -u
}

# What stands below the headings "=head2 TITLE" and "=head2 TITLE …".
section_of_pod()
{
    awk -v title="=head2 $1" '/^=head/ { inside = $0 == title || index($0, title " ") == 1 } inside' "$pod"
}

options_of_section()
{
    { section_of_pod "$1"; section_of_pod "$common"; } | items
}

usage_of_pod()
{
    awk -v common="$common" '/^=head1/ { inside = $2 == "COMMANDS" }
        inside && /^=head2/ { sub(/^=head2 /, ""); if ($0 != common) print }' "$pod" | sort
}

# The words of the completion's variables of these names, up to the closing quote.
words_of_completion()
{
    local variable

    for variable; do
        awk -v start="local $variable=\"" '
            !inside && (at = index($0, start)) { inside = 1; $0 = substr($0, at + length(start)) }
            inside && (at = index($0, "\"")) { print substr($0, 1, at - 1); exit }
            inside' "$completion"
    done | tr -s '[:space:]' '\n' | sed '/^$/d' | sort -u
}

columns_of_help()
{
    "$command" --help | sed -nE '/^Columns/,/^$/s/^  (\S+).*/\1/p' | sort -u
}

# same FIRST-FILE NAME SECOND-FILE NAME
same()
{
    local only
    only=$(comm -23 "$work/$1" "$work/$3" | paste -sd ' ')
    if [[ $only ]]; then
        echo "in $2, not in $4: $only"
        status=1
    fi
    only=$(comm -13 "$work/$1" "$work/$3" | paste -sd ' ')
    if [[ $only ]]; then
        echo "in $4, not in $2: $only"
        status=1
    fi
}

# compare_options WHAT: the files help, pod and completion
compare_options()
{
    if [[ ! -s $work/help ]]; then
        echo "$1 --help names no options"
        exit 1
    fi
    same help "$1 --help" pod "$pod"
    same help "$1 --help" completion "$completion"
}

compare_sub_commands()
{
    local sub

    usage_of_pod > "$work/usage-pod"
    same usage "$command --help" usage-pod "the headings of $pod"
    sed 's/ .*//' "$work/usage" > "$work/names"
    words_of_completion commands > "$work/names-completion"
    same names "the commands of $command --help" names-completion "those of $completion"
    while read -r sub; do
        options_of_help "$sub" > "$work/help"
        options_of_section "$sub" > "$work/pod"
        words_of_completion "$sub" options > "$work/completion"
        compare_options "$command $sub"
    done < "$work/names"
}

compare_command()
{
    options_of_help > "$work/help"
    items < "$pod" > "$work/pod"
    words_of_completion options > "$work/completion"
    compare_options "$command"
    columns_of_help > "$work/columns"
    words_of_completion columns > "$work/completion-columns"
    same columns "the columns of $command --help" completion-columns "those of $completion"
}

export LC_ALL=C
usage_of_help > "$work/usage"
if [[ -s $work/usage ]]; then
    compare_sub_commands
else
    compare_command
fi
exit "$status"
