#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench.sh BUILD [IMAGES]: what a scan costs, beside the other ways to learn the same, in one run.
# Machines wander: read the ratios, and compare figures of one run only.
set -euo pipefail

build=$1
count=${2:-1000}
df=$build/bin/virt-df-live
hotplug=$build/bin/virt-hotplug
work=$(mktemp -d /tmp/vlt-bench.XXXXXX) # short, for the sockets below it
export VIRT_LIVE_TOOLS_CACHE=$work/cache VIRT_LIVE_TOOLS_RUNTIME=$work/run
chmod 755 "$work"
trap clean_up EXIT

clean_up() {
    local name
    for name in $("$hotplug" list --noheadings | sed 's/ .*//'); do "$hotplug" shutdown --force "$name"; done
    rm -rf "$work"
}

say() { printf '%s\n' "$*" >&2; }
now() { date +%s%N; }

# row NAME IMAGES NANOSECONDS [NOTE]
rows=()
row() { rows+=("$1|$2|$3|${4:-}"); say "  $1: $(awk -v n="$2" -v t="$3" 'BEGIN { printf "%.1f ms an image", t / n / 1e6 }')"; }

make_images() {
    say "making $count ext4 images"
    mkdir "$work/images" "$work/files"
    head -c 3000000 /dev/zero | tr '\0' 'x' > "$work/files/data"
    mke2fs -q -F -t ext4 -d "$work/files" "$work/first.img" 20M > "$work/log"
    for ((i = 1; i <= count; i++)); do
        cp --sparse=always "$work/first.img" "$work/images/$(printf '%05d' "$i").img"
    done
    find "$work/images" -name '*.img' | sort > "$work/list"
}

# The highest sum of what all our QEMUs have resident (Rss), and of what they have to themselves (Pss), in kB.
watch_memory() {
    local pid rss pss most_rss=0 most_pss=0 one=0 r p
    while [ ! -e "$work/stop" ]; do
        rss=0 pss=0
        for pid in $(pgrep -f 'guest=appliance' || :); do
            read -r r p < <(awk '/^Rss:/ { r = $2 } /^Pss:/ { p = $2 } END { print r + 0, p + 0 }' \
                "/proc/$pid/smaps_rollup" 2> "$work/gone" || echo 0 0)
            rss=$((rss + r)) pss=$((pss + p))
            [ "$r" -le "$one" ] || one=$r
        done
        [ "$rss" -le "$most_rss" ] || most_rss=$rss
        [ "$pss" -le "$most_pss" ] || most_pss=$pss
        sleep 0.2
    done
    echo "$one $most_rss $most_pss" > "$work/memory"
}

# scan NAME IMAGES OPTIONS…: that many of the list, and every one must be answered for.
scan() {
    local name=$1 images=$2 begin end lines
    shift 2
    head -n "$images" "$work/list" > "$work/part"
    begin=$(now)
    "$df" --csv --noheadings --stats --images-from "$work/part" "$@" > "$work/out" 2> "$work/err" || {
        cat "$work/err" >&2
        exit 1
    }
    end=$(now)
    lines=$(wc -l < "$work/out")
    [ "$lines" = "$images" ] || { say "$name: $lines rows for $images images"; exit 1; }
    row "$name" "$images" $((end - begin)) "$(sed -n 's/^stats: //p' "$work/err" |
        awk 'BEGIN { RS = "[,{}]" } /waves|restores|emptied|attach_s|probe_s|mount_s/ { gsub(/["\n]/, ""); printf "%s ", $0 }')"
}

host_loop() {
    local images=$1 begin end device image
    [ "$(id -u)" = 0 ] || { say "  the host's loop needs root: left out"; return 0; }
    mkdir -p "$work/mnt"
    begin=$(now)
    while read -r image; do
        device=$(losetup --show --find --read-only "$image")
        mount -o ro "$device" "$work/mnt"
        stat -f "$work/mnt" > "$work/stat"
        umount "$work/mnt"
        losetup -d "$device"
    done < <(head -n "$images" "$work/list")
    end=$(now)
    row "host: losetup, mount, stat, umount" "$images" $((end - begin)) "unsafe: the host's kernel mounts it"
}

incumbent() {
    local begin end image
    command -v virt-df > "$work/which" || { say "  virt-df is not installed: left out"; return 0; }
    # The first makes libguestfs' appliance, and tells whether it can.
    tests/compare-virt-df.sh "$build" --csv -a "$(head -n 1 "$work/list")" > "$work/out" 2>&1 ||
        { say "  virt-df does not work here: left out"; return 0; }
    begin=$(now)
    while read -r image; do
        tests/compare-virt-df.sh "$build" --csv -a "$image" > "$work/out" 2>&1
    done < <(head -n 3 "$work/list")
    end=$(now)
    row "virt-df, one image at a time" 3 $((end - begin)) "a command an image; measured on 3"
    begin=$(now)
    head -n 4 "$work/list" | xargs -d '\n' -n 1 -P 2 tests/compare-virt-df.sh "$build" --csv -a > "$work/out" 2>&1
    end=$(now)
    row "virt-df, two at once" 4 $((end - begin)) "beside --isolate=guest; measured on 4"
}

# timed FILE COMMAND…: its nanoseconds, a line in FILE
timed() {
    local file=$1 begin
    shift
    begin=$(now)
    "$@" > "$work/out"
    echo $(($(now) - begin)) >> "$file"
}

# median_row NAME FILE
median_row() {
    local times=$2
    row "$1" 1 "$(sort -n "$times" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }')" \
        "a command; median of $(wc -l < "$times"), worst $(sort -n "$times" | tail -n 1 | awk '{ printf "%.0f", $1 / 1e6 }') ms"
}

# Whole commands, each a process of its own, on an appliance that lives.
hotplug_commands() {
    local i name image
    [ -e "$build/appliance/tools" ] || { say "  no virt-hotplug: left out"; return 0; }
    image=$(head -n 1 "$work/list")
    name=$("$hotplug" launch --slots 255) # makes what the later ones use
    "$hotplug" attach "$name" "$image" > "$work/out"
    "$hotplug" detach "$name" 0
    for ((i = 0; i < 20; i++)); do
        timed "$work/attach" "$hotplug" attach "$name" "$image"
        timed "$work/list-disks" "$hotplug" list "$name"
        timed "$work/run-true" "$hotplug" run "$name" -- true
        timed "$work/detach" "$hotplug" detach "$name" 0
    done
    "$hotplug" shutdown "$name"
    for ((i = 0; i < 5; i++)); do
        timed "$work/launch" "$hotplug" launch --slots 255
        timed "$work/shutdown" "$hotplug" shutdown "$(cat "$work/out")"
    done
    median_row "virt-hotplug attach" "$work/attach"
    median_row "virt-hotplug detach" "$work/detach"
    median_row "virt-hotplug list" "$work/list-disks"
    median_row "virt-hotplug run true" "$work/run-true"
    median_row "virt-hotplug launch, warm" "$work/launch"
    median_row "virt-hotplug shutdown" "$work/shutdown"
}

print_table() {
    local reference entry name images time note
    reference=$(printf '%s\n' "${rows[@]}" | awk -F'|' '$1 == "virt-df-live, 2 appliances, all" { print $3 / $2 }')
    printf '\n%-42s %7s %11s %9s %9s\n' '' images 'ms/image' 'seconds' 'ratio'
    for entry in "${rows[@]}"; do
        IFS='|' read -r name images time note <<< "$entry"
        awk -v name="$name" -v n="$images" -v t="$time" -v r="$reference" -v note="$note" 'BEGIN {
            printf "%-42s %7d %11.1f %9.2f %8.2fx  %s\n", name, n, t / n / 1e6, t / 1e9, t / n / r, note }'
    done
    read -r one rss pss < "$work/memory"
    printf '\nmemory: one appliance at most %d MB resident; all at once %d MB resident, %d MB counting shared pages once\n' \
        $((one / 1024)) $((rss / 1024)) $((pss / 1024))
    printf 'ratio: against "virt-df-live, 2 appliances, all" of this run\n'
}

make_images
few=$((count < 300 ? count : 300))
loop=$((count < 100 ? count : 100))
say "measuring"
scan "one image, nothing cached" 1
scan "one image" 1
scan "one image, again" 1
watch_memory &
watcher=$!
host_loop "$loop"
scan "virt-df-live, 2 appliances, $few" "$few" -P 2
scan "virt-df-live, 2 appliances, all" "$count" -P 2
scan "virt-df-live, 1 appliance, all" "$count" -P 1
scan "virt-df-live, defaults, all" "$count"
scan "virt-df-live, 1 appliance, kept: --wave=4" "$loop" -P 1 --wave=4
scan "virt-df-live, --isolate=guest" "$loop" --isolate=guest
host_loop "$loop"
: > "$work/stop"
wait "$watcher"
hotplug_commands
incumbent
print_table
