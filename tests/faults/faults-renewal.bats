#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Appliances that scan are restored from one template, too: each draws other random numbers, and has the host's time. The agent is
# the usual one, but tells of a filesystem with a file `fault` that says "draw" what it draws, and its time, as figures.

load ../lib/helpers

# How many are restored; `make check-renewal` restores more.
restores=${RENEWALS:-4}

@test "each appliance of a scan draws other random numbers, and has the host's time" {
    local i time now

    requires "$BUILD/faults/appliance/initrd" mke2fs
    mkdir -m 755 cache
    [[ $(id -u) -ne 0 ]] || chown nobody: cache
    mkdir draw.d
    echo draw > draw.d/fault
    mke2fs -q -F -t ext2 -d draw.d draw.img 2M
    for ((i = 0; i < restores; i++)); do ln draw.img "$i.img"; done
    now=$EPOCHSECONDS
    VIRT_LIVE_TOOLS_CACHE=$PWD/cache run -0 --separate-stderr virt-df-live --appliance "$BUILD/faults/appliance" --accel=tcg \
        --isolate=guest --stats --json ./[0-9]*.img
    assert_equal "$(jq .restores <<< "${stderr##*stats: }")" "$restores"
    # Those digits of its numbers of 62 bits that jq keeps.
    json 'select(.type == "filesystem") | .size, .inodes' > drawn
    assert_equal "$(wc -l < drawn)" $((2 * restores))
    assert_equal "$(sort drawn | uniq -d)" ""
    for time in $(json 'select(.type == "filesystem") | .inodes_free'); do
        ((time >= now && time <= EPOCHSECONDS + 1)) || { echo "$time is not between $now and $EPOCHSECONDS"; return 1; }
    done
}
