# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Filesystems with a journal to replay, beside clean ones, in processor time (user and system, of all processes): what a replay
# costs is small, and a machine that does other things changes the wall clock more.

# marked NAME.img: an xfs; and NAME-journal.img, the same with a log to replay, as tests/faults/journals.py writes it
marked() {
    head -c 4096 /dev/zero > "$work/mark"
    printf '/\n0 0\nd--755 0 0\nmark ---644 0 0 %s\n$\n' "$work/mark" > "$work/proto"
    truncate -s 320M "$1"
    PATH=$PATH:/usr/sbin mkfs.xfs -q -p "$work/proto" "$1" > "$work/log"
    cp --sparse=always "$1" "${1%.img}-journal.img"
    PATH=$PATH:/usr/sbin tests/faults/journals.py none "${1%.img}-journal.img"
}

# processor NAME LIST [OPTION…]: all of the list with one appliance; a row to each, and its time in a line of NAME
processor() {
    local name=$1 list=$2 TIMEFORMAT='%3U %3S'
    shift 2
    { time "$df" --csv --noheadings --images-from "$list" -P 1 "$@" > "$work/out"; } 2> "$work/time"
    [ "$(wc -l < "$work/out")" = "$(wc -l < "$list")" ] || { say "$name: $(wc -l < "$work/out") rows"; exit 1; }
    awk '{ printf "%.0f\n", ($1 + $2) * 1e9 }' "$work/time" >> "$work/cpu.$name"
}

bench_recovery() {
    local name guests=$((count < 255 ? count : 255))
    local names=(ext4 ext4-journal xfs xfs-journal btrfs crash-btrfs)
    mkdir "$work/one"
    tests/images/make-images.sh "$work/one" ext4.img ext4-journal.img btrfs.img
    tests/images/make-volumes.sh "$build" "$work/one" crash-btrfs.img
    marked "$work/one/xfs.img"
    for name in "${names[@]}"; do copies "$work/one/$name.img" "$work/$name" "$guests"; done
    "$df" "$work/one/ext4.img" > "$work/out" # the appliance is saved
    for _ in 1 2 3; do
        for name in "${names[@]}"; do processor "$name" "$work/$name.list"; done
        processor "ext4-no-recovery" "$work/ext4.list" --no-recovery
    done
    for name in "${names[@]}" ext4-no-recovery; do
        median_row "$name" "$work/cpu.$name" "$guests" "processor time"
    done
    print_table guests ext4
}
