# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What an image costs the host, process by process and thread by thread: under KVM, what is not the virtual processor is
# nearly all of it.

# measure_threads FILE IMAGES OPTION…: of virt-df-live over so many images of the list, sorted by name
measure_threads() {
    local file=$1 images=$2
    shift 2
    head -n "$images" "$work/list" > "$work/part"
    "$(dirname "${BASH_SOURCE[0]}")/threads.py" "$file" "$build/bin/virt-df-live" -P 1 --images-from "$work/part" "$@" > "$work/out"
    [ "$(wc -l < "$work/out")" = $((images + 1)) ] || { say "$((images + 1)) lines were expected"; exit 1; }
}

# an_image FEW MANY: "PROCESS THREAD VALUE" of what one image adds, from the files of two runs and their numbers of images
an_image() {
    awk -F '\t' -v few="$1" -v many="$2" 'FILENAME == ARGV[1] { less[$1 FS $2] = $3; next }
        { printf "%s\t%s\t%.3f\n", $1, $2, ($3 - less[$1 FS $2]) / (many - few) }' "$work/threads.$1" "$work/threads.$2"
}

bench_host() {
    local few=$((count / 5 > 20 ? count / 5 : 20)) many=$((count > 60 ? count : 60))
    count=$many
    [ -s "$work/list" ] || make_images
    measure_threads "$work/threads.first" 1 # the appliance is saved
    measure_threads "$work/threads.$few" "$few"
    measure_threads "$work/threads.$many" "$many"
    printf '\n%-22s %-22s %12s\n' 'an image, 1 appliance' thread 'ms'
    an_image "$few" "$many" | awk -F '\t' '$2 != "-" && $3 >= 0.01 { printf "%-22s %-22s %12.2f\n", $1, $2, $3; sum += $3
            if ($2 !~ /^CPU /) host += $3 }
        END { printf "%-45s %12.2f\n%-45s %12.2f\n", "all", sum, "all but the virtual processor", host }'
    an_image "$few" "$many" | awk -F '\t' '$2 == "-" && $1 != "virt-df-live" {
        printf "%-45s %12.0f\n", $1 ": calls that read or write", $3 }'
    "$build/bench/supervisor-rate" 4000 64 2> "$work/err" | tail -n 1 | awk -F '\t' '{
        printf "%-45s %12.3f\n", "the supervisor alone, 64 scripted appliances", $3 / 1000 }'
}
