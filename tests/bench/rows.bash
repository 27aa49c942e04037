# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Rows of a table, and what they are measured with.

say() { printf '%s\n' "$*" >&2; }
now() { date +%s%N; }

# row NAME COUNT NANOSECONDS [NOTE]
rows=()
row() { rows+=("$1|$2|$3|${4:-}"); say "  $1: $(awk -v n="$2" -v t="$3" 'BEGIN { printf "%.1f ms each", t / n / 1e6 }')"; }

# timed FILE COMMAND…: its nanoseconds, a line in FILE; its output goes to $work/out
timed() {
    local file=$1 begin
    shift
    begin=$(now)
    "$@" > "$work/out"
    echo $(($(now) - begin)) >> "$file"
}

# median_row NAME FILE [COUNT [NOTE]]
median_row() {
    local name=$1 times=$2 count=${3:-1} note=${4:-a command}
    row "$name" "$count" "$(sort -n "$times" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }')" \
        "$note; median of $(wc -l < "$times"), worst $(sort -n "$times" | tail -n 1 | awk '{ printf "%.0f", $1 / 1e6 }') ms"
}

# print_table WHAT [REFERENCE]: the rows since the last table. WHAT is counted; with REFERENCE, a row's name, how many
# times as much as in that row one costs.
print_table() {
    local what=$1 reference='' entry name count time note
    reference=$(printf '%s\n' "${rows[@]}" | awk -F'|' -v name="${2:-}" '$1 == name { print $3 / $2 }')
    printf '\n%-46s %7s %11s %9s %9s\n' '' "$what" 'ms each' 'seconds' "${reference:+ratio}"
    for entry in "${rows[@]}"; do
        IFS='|' read -r name count time note <<< "$entry"
        awk -v name="$name" -v n="$count" -v t="$time" -v r="$reference" -v note="$note" 'BEGIN {
            printf "%-46s %7d %11.1f %9.2f %9s  %s\n", name, n, t / n / 1e6, t / 1e9, (r ? sprintf("%.2fx", t / n / r) : ""), note }'
    done
    [ -z "$reference" ] || printf 'ratio: against "%s" of this run\n' "$2"
    rows=()
}
