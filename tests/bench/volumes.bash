# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Guests with logical volumes, beside plain ones.

# copies FROM DIR COUNT: that many copies; their list is DIR.list.
copies() {
    local i
    mkdir "$2"
    for ((i = 1; i <= $3; i++)); do cp --sparse=always "$1" "$2/$(printf '%03d' "$i").img"; done
    find "$2" -name '*.img' | sort > "$2.list"
}

# scan_guests NAME LIST ROWS: with one appliance; ROWS are expected of each guest
scan_guests() {
    local name=$1 list=$2 expected=$3 guests begin end
    guests=$(wc -l < "$list")
    begin=$(now)
    "$df" --csv --noheadings --images-from "$list" -P 1 > "$work/out"
    end=$(now)
    [ "$(wc -l < "$work/out")" = $((guests * expected)) ] ||
        { say "$name: $(wc -l < "$work/out") rows for $guests guests"; exit 1; }
    row "$name" "$guests" $((end - begin)) "$expected filesystems each"
}

bench_volumes() {
    local round
    tests/images/make-volumes.sh "$build" "$work/volumes" lvm.img
    mke2fs -q -F -t ext4 "$work/volumes/plain.img" 20M > "$work/log"
    copies "$work/volumes/lvm.img" "$work/lvm" 100
    copies "$work/volumes/plain.img" "$work/plain" 100
    "$df" "$work/volumes/plain.img" > "$work/out" # the appliance is saved
    for round in 1 2; do
        scan_guests "plain, 1 appliance, $round" "$work/plain.list" 1
        scan_guests "LVM, 1 appliance, $round" "$work/lvm.list" 3
    done
    print_table guests "plain, 1 appliance, 2"
}
