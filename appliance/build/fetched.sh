# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What has been fetched, for the fetch-*.sh: DIR/list.HASH records what a list of packages became. While all of its files are there the
# distribution's program is not asked, so that a second build works offline; delete the record to look for newer packages.

# record_of DIR WORD…: the record's path
record_of() { local dir=$1; shift; echo "$dir/list.$(printf '%s\n' "$@" | sha256sum | cut -c 1-12)"; }

# recorded DIR RECORD: prints the record's files if all of them are there
recorded()
{
    local dir=$1 record=$2 file
    [ -s "$record" ] || return 1
    while read -r file; do [ -s "$dir/$file" ] || return 1; done < "$record"
    sed "s|^|$dir/|" "$record"
}

# write_record DIR RECORD FILE…, and prints the files
write_record()
{
    local dir=$1 record=$2; shift 2
    printf '%s\n' "$@" > "$record.new"
    mv "$record.new" "$record"
    recorded "$dir" "$record" || { echo "$dir: a downloaded package is missing; delete $record and try again" >&2; return 1; }
}
