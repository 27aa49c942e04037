# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# virt-df-live over many small images, beside the unsafe way and virt-df.

df=$build/bin/virt-df-live

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

their_df() {
    local begin end image
    command -v virt-df > "$work/which" || { say "  virt-df is not installed: left out"; return 0; }
    # The first makes libguestfs' appliance, and tells whether it can.
    tests/compare/compare-virt-df.sh "$build" --csv -a "$(head -n 1 "$work/list")" > "$work/out" 2>&1 ||
        { say "  virt-df does not work here: left out"; return 0; }
    begin=$(now)
    while read -r image; do
        tests/compare/compare-virt-df.sh "$build" --csv -a "$image" > "$work/out" 2>&1
    done < <(head -n 3 "$work/list")
    end=$(now)
    row "virt-df, one image at a time" 3 $((end - begin)) "a command an image; measured on 3"
    begin=$(now)
    head -n 4 "$work/list" | xargs -d '\n' -n 1 -P 2 tests/compare/compare-virt-df.sh "$build" --csv -a > "$work/out" 2>&1
    end=$(now)
    row "virt-df, two at once" 4 $((end - begin)) "beside --isolate=guest; measured on 4"
}

print_memory() {
    local one rss pss
    read -r one rss pss < "$work/memory"
    printf 'memory: one appliance at most %d MB resident; all at once %d MB resident, %d MB counting shared pages once\n' \
        $((one / 1024)) $((rss / 1024)) $((pss / 1024))
}

bench_df() {
    local few loop watcher
    make_images
    few=$((count < 300 ? count : 300))
    loop=$((count < 100 ? count : 100))
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
    their_df
    print_table images "virt-df-live, 2 appliances, all"
    print_memory
}
