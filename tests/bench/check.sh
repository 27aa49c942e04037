#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check.sh BUILD: counts of what an image costs that do not depend on the machine, against bounds. They stand here with what
# was measured when they were set. A count that has grown for a good reason gets a new bound.
set -euo pipefail

build=$1
count=120
here=$(dirname "$0")
work=$(mktemp -d /tmp/vlt-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
export VIRT_LIVE_TOOLS_CACHE=$work/cache
# shellcheck source=tests/bench/rows.bash
. "$here/rows.bash"
# shellcheck source=tests/bench/df.bash
. "$here/df.bash"
# shellcheck source=tests/bench/host.bash
. "$here/host.bash"
status=0

# bound WHAT VALUE BOUND
bound() {
    local verdict
    verdict=$(awk -v value="$2" -v bound="$3" 'BEGIN { print value != "" && value <= bound ? "ok" : "TOO MUCH" }')
    printf '%-8s %-50s %10s, at most %s\n' "$verdict" "$1" "${2:-unknown}" "$3"
    [ "$verdict" = ok ] || status=1
}

# commands WORD…: how many monitor commands of these names the traced run has sent
commands() { grep -c -E "libvirt: ($(IFS='|'; echo "$*")), " "$work/trace" || [ $? -eq 1 ]; }

# bytes WORD…: of those
bytes() {
    grep -E "libvirt: ($(IFS='|'; echo "$*")), " "$work/trace" |
        sed 's/.*, \([0-9]*\) bytes: .*/\1/' | awk '{ sum += $1 } END { print sum }'
}

make_images
"$build/bin/virt-df-live" "$work/images/00001.img" > "$work/out"
"$build/bin/virt-df-live" -x -P 1 --images-from "$work/list" > "$work/out" 2> "$work/trace"
disk=(add-fd getfd blockdev-add device_add blockdev-del remove-fd device_del qom-set)
bound "monitor commands for $count disks" "$(commands "${disk[@]}")" $((3 * count + 1)) # 3 a disk, and the state's getfd
bound "their bytes, a disk" "$(($(bytes "${disk[@]}") / count))" 400 # 274
bound "devices for $count disks" "$(commands device_add)" 0 # the template has as many as guests are under way at once
if [ "$(id -u)" = 0 ]; then
    measure_threads "$work/threads.40" 40
    measure_threads "$work/threads.$count" "$count"
    an_image 40 "$count" > "$work/an-image"
    # calls PROCESS: of one image
    calls() { awk -F '\t' -v name="$1" '$1 == name && $2 == "-" { print $3 }' "$work/an-image"; }
    bound "calls to read or write an image: vlt-worker" "$(calls vlt-worker)" 6            # 3
    bound "calls to read or write an image: qemu-system-x86" "$(calls qemu-system-x86)" 1900 # 1520; most of them read a byte of QMP
    # Over scripted appliances, without what the kernel does: that took eight times as long where the machine is itself a guest.
    "$build/bench/supervisor-rate" 4000 64 > "$work/rate" 2> "$work/said" || { cat "$work/said"; exit 1; }
    bound "the supervisor, of 64 appliances, us a guest" "$(tail -n 1 "$work/rate" | cut -f 5)" 150 # 75 on such a machine
else
    say "calls of processes: only root may count them, left out"
fi
exit "$status"
