#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Temporary directories and caches that are full, read-only or elsewhere. Mounts are the test's own:
# they are in a mount namespace that ends with it.

# shellcheck disable=SC2016 # scripts are for the shell in that namespace
load ../lib/helpers

setup()
{
    requires_appliance
    setup_test
    links 3
    mkdir small
}

# with_tmpfs OPTIONS COMMAND: by bash, where `small` is a file system of its own
with_tmpfs()
{
    run --separate-stderr unshare -m bash -c 'mount -t tmpfs -o "$1" none small && eval "$2"' bash "$1" "$2"
}

assert_rows() { assert_equal "$(names_of_table <<< "$output")" "$(printf '%s:/dev/sda\n' "${names[@]}")"; }

@test "a TMPDIR without room is passed over" {
    requires_mount_namespace
    with_tmpfs size=1M,mode=711 'TMPDIR=$PWD/small virt-df-live g00?.img && ls -A small >&2'
    assert_status 0
    assert_equal "$stderr" ""
    assert_rows
    assert_nothing_left
}

@test "a read-only TMPDIR is passed over" {
    requires_mount_namespace
    with_tmpfs size=1M,ro 'TMPDIR=$PWD/small virt-df-live g00?.img'
    assert_status 0
    assert_rows
}

@test "no room in any: exit 3, and why" {
    requires_mount_namespace
    # What is below /tmp stays where it is, on what is mounted over it.
    run --separate-stderr unshare -m bash -c 'mkdir -p small/tmp && mount --rbind /tmp small/tmp &&
        cd small/tmp &&
        for full in /run /dev/shm /tmp; do mount -t tmpfs -o size=1M,mode=1777 none "$full" || exit 9; done
        for kept in "$TMPDIR" "$TOP"; do
            [[ $kept == /tmp/* ]] || continue
            mkdir -p "$kept" && mount --bind "${kept#/tmp/}" "$kept" || exit 9
        done
        cd "$TMPDIR" && TMPDIR=/tmp virt-df-live g001.img'
    assert_status 3
    assert_equal "$stderr" "virt-df-live: cannot make a temporary directory in \$XDG_RUNTIME_DIR, \$TMPDIR (set it to one that can be written) or /tmp: No space left on device"
}

@test "a TMPDIR in memory, a cache on a disk" {
    requires_mount_namespace
    with_tmpfs size=1G,mode=711 'TMPDIR=$PWD/small virt-df-live g00?.img && ls -A small >&2'
    assert_status 0
    assert_equal "$stderr" ""
    assert_rows
}

@test "a TMPDIR that fills while it scans: what is up goes on, and everything is answered" {
    requires_mount_namespace
    requires mkfs.ext4
    rm g00?.img
    links 200
    truncate -s 300M disk
    mkfs.ext4 -q -m 0 disk
    run --separate-stderr timeout 120 unshare -m bash -c 'mount -o loop disk small && chmod 711 small &&
        TMPDIR=$PWD/small virt-df-live --wave 30 g???.img > out & started=$!
        until [[ -s small/filled ]]; do
            sleep 0.1
            if grep -q ^g001 out; then dd if=/dev/zero of=small/filled bs=1M 2> dd.err || [[ -s dd.err ]]; fi
        done
        wait $started; status=$?; ls -A small > left; exit $status'
    assert_status 0
    assert_equal "$(sed 1d out | wc -l)" 200
    assert_equal "$(cat left)" "filled
lost+found"
}

@test "a cache without room: said once, and the scan goes on" {
    requires_mount_namespace
    with_tmpfs size=1M 'VIRT_LIVE_TOOLS_CACHE=$PWD/small/cache virt-df-live g00?.img && find small -name "building*" >&2'
    assert_status 0
    assert_rows
    assert_equal "$stderr" "virt-df-live: the appliance cannot be saved for the next command: $PWD/small/cache: No space left on device"
    assert_nothing_left
}
