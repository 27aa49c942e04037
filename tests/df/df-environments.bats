#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the command may run: uid 0 that may do nothing, an almost empty environment.

# shellcheck disable=SC2016 # what stands in single quotes is for another shell, or is printed so

load ../lib/helpers

setup() { requires_appliance; setup_test; cp "$IMAGES/ext4.img" a.img; }

# row COMMAND…: what it prints is a.img's row, and nothing is said.
assert_row()
{
    run -0 --separate-stderr "$@" virt-df-live --csv --noheadings a.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "a.img,/dev/sda"
    assert_equal "$stderr" ""
}

@test "uid 0 without the capabilities to become another user" {
    requires_root
    requires setpriv
    assert_row setpriv --bounding-set=-chown --no-new-privs
    assert_row setpriv --bounding-set=-setuid,-setgid --no-new-privs
    assert_nothing_left
}

@test "uid 0 of a user namespace" {
    unshare -r true || skip "no user namespaces"
    assert_row unshare -r
    assert_nothing_left
}

@test "an environment of nothing but PATH" {
    assert_row env -i "PATH=$PATH"
}

@test "without /dev/shm, and without control groups to be seen" {
    requires_mount_namespace
    assert_row unshare --mount sh -c 'mount --make-rprivate /; mount -t tmpfs -o ro none /dev/shm; umount -l /sys/fs/cgroup; exec "$@"' sh
}

# read_only SHM COMMAND…: where nothing can be written but "room", and /dev/shm if SHM is "rw"
read_only()
{
    local only='mount --make-rprivate /; mount -o remount,bind,ro /
        for d in /tmp /run; do ! mountpoint -q "$d" || mount -o remount,bind,ro "$d"; done
        mount --bind "$PWD" "$PWD"; mount -o remount,bind,ro "$PWD"; mount -t tmpfs -o mode=711 none "$PWD/room"
        mount -t tmpfs -o mode=1777,"$0" none /dev/shm; exec "$@"'

    mkdir -p room
    unshare --mount sh -c "$only" "$@"
}

@test "a read-only /: what is in memory is used" {
    requires_mount_namespace
    run -0 --separate-stderr read_only rw env -u XDG_RUNTIME_DIR TMPDIR=/tmp virt-df-live --csv --noheadings a.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "a.img,/dev/sda"
}

@test "a read-only / without that: what is missing is said, and works with TMPDIR" {
    requires_mount_namespace
    run -3 --separate-stderr read_only ro env -u XDG_RUNTIME_DIR TMPDIR=/tmp virt-df-live a.img
    assert_contains "$stderr" 'cannot make a temporary directory in $XDG_RUNTIME_DIR, $TMPDIR (set it to one that can be written) or /tmp: Read-only file system'
    run -0 --separate-stderr read_only ro env TMPDIR="$PWD/room" virt-df-live --csv --noheadings a.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "a.img,/dev/sda"
}

# limited MEBIBYTES COMMAND…: in a control group of that size, of version 2 or 1
limited()
{
    local group file
    requires_root
    if [[ -w /sys/fs/cgroup/memory/memory.limit_in_bytes ]]; then
        group=/sys/fs/cgroup/memory/vlt-test.$$ file=memory.limit_in_bytes
    elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null; then
        group=/sys/fs/cgroup/vlt-test.$$ file=memory.max
    else
        skip "no control group can be made here"
    fi
    mkdir "$group" || skip "no control group can be made here"
    on_cleanup wait_until 10 rmdir "$group"
    echo "$1M" > "$group/$file"
    run --separate-stderr sh -c 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"' sh "$group" "${@:2}"
}

@test "a control group with too little memory is named, before anything else happens" {
    limited 150 timeout -k 5 60 virt-df-live --timeout=20 a.img
    assert_contains "$stderr" "the control group allows 150 MiB of memory here, and an appliance takes some 200"
}

@test "a control group with enough memory is not" {
    limited 400 virt-df-live a.img
    assert_status 0
    assert_equal "$stderr" ""
}
