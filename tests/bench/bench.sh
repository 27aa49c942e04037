#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench.sh BUILD [IMAGES [SUBJECT…]]: what the commands cost, beside other ways to learn the same, in one run.
# SUBJECT: df, volumes, recovery, hotplug, ls, kinds, host; by default all. Machines wander: read the ratios, and compare figures of one run only.
set -euo pipefail

build=$1
count=${2:-1000}
subjects=("${@:3}")
[ ${#subjects[@]} -gt 0 ] || subjects=(df volumes recovery hotplug ls kinds host)
here=$(dirname "$0")
work=$(mktemp -d /tmp/vlt-bench.XXXXXX) # short, for the sockets below it
export VIRT_LIVE_TOOLS_CACHE=$work/cache VIRT_LIVE_TOOLS_RUNTIME=$work/run
chmod 755 "$work"
# shellcheck source=tests/bench/rows.bash
. "$here/rows.bash"
# shellcheck source=tests/bench/df.bash
. "$here/df.bash"
# shellcheck source=tests/bench/volumes.bash
. "$here/volumes.bash"
# shellcheck source=tests/bench/recovery.bash
. "$here/recovery.bash"
# shellcheck source=tests/bench/hotplug.bash
. "$here/hotplug.bash"
# shellcheck source=tests/bench/ls.bash
. "$here/ls.bash"
# shellcheck source=tests/bench/kinds.bash
. "$here/kinds.bash"
# shellcheck source=tests/bench/host.bash
. "$here/host.bash"
trap 'end_appliances; ! mountpoint -q "$work/mount" || umount "$work/mount"; rm -rf "$work"' EXIT

for subject in "${subjects[@]}"; do
    case $subject in
    df | volumes | recovery | hotplug | ls | kinds | host)
        say "measuring $subject"
        "bench_$subject" ;;
    *)  say "bench.sh: $subject: no such subject (df, volumes, recovery, hotplug, ls, kinds, host)"; exit 2 ;;
    esac
done
