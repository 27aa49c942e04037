#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Appliances of one template are restored from the same memory. What each must have of its own: random numbers, and the time.
# shellcheck disable=SC2016 # what stands in single quotes is for a shell in the appliance

load ../lib/helpers
load ../lib/hotplug

# How many are launched one after the other; `make check-renewal` launches more.
launches=${RENEWALS:-4}

# What a kernel and a program have drawn, a line each: 32 bytes, boot_id, a UUID.
drawn='head -c 32 /dev/urandom | od -An -tx1 | tr -d " \n"; echo
    cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/uuid'

# all_different FILE...: no line of them is there twice
all_different() { assert_equal "$(sort "$@" | uniq -d)" ""; }

@test "each draws other random numbers, and has another boot_id" {
    local i

    for ((i = 0; i < launches; i++)); do
        launch --slots 1
        in_it sh -c "$drawn" > "drawn$i"
        assert_equal "$(wc -l < "drawn$i")" 3
        virt-hotplug shutdown "$name"
    done
    all_different drawn*
}

@test "those of two users that share a template do so, too" {
    requires_root
    requires_user
    mkdir -m 755 cache
    export VIRT_LIVE_TOOLS_CACHE=$PWD/cache
    launch --slots 1
    in_it sh -c "$drawn" > roots
    virt-hotplug shutdown "$name"
    export VIRT_LIVE_TOOLS_RUNTIME=$user_home/run
    name=$(as_user virt-hotplug launch -v --slots 1 2> err)
    as_user virt-hotplug run "$name" -- sh -c "$drawn" > users
    as_user virt-hotplug shutdown "$name"
    private_place
    assert_equal "$(cat roots users | wc -l)" 6
    all_different roots users
    # A template has what libvirt found out about this host in its key, and that may depend on who asks (/dev/kvm).
    ! grep -q "for the first time" err || skip "the two differ, but on this host each user has a template of its own"
}

# --- time ---

# is_now SECONDS: of the host, within what a slow machine takes
is_now() { local now=$EPOCHSECONDS; (($1 >= now - 20 && $1 <= now + 1)) || { echo "$1 is not now, $now"; return 1; }; }

@test "its clock is that of the host" {
    launch --slots 1
    is_now "$(in_it date +%s)"
    assert_equal "$(in_it date +%Z)" UTC
}

@test "a clock that has gone wrong is set by the next command, whichever" {
    launch --slots 1
    in_it date -s '2001-02-03 04:05:06'
    is_now "$(in_it date +%s)"
    mkfifo in
    start bash -c 'exec virt-hotplug run "$0" -- sh -c "date -s @4000000000; read go; date +%s" < in' "$name"
    exec 8> in
    wait_until 30 grep -q 2096 out
    virt-hotplug list "$name"
    echo go >&8
    exec 8>&-
    finish
    is_now "$(tail -n 1 out)"
}

@test "what is written has the time at which it was written" {
    local field

    requires mke2fs debugfs dumpe2fs e2fsck
    truncate -s 32M disk
    mke2fs -q -F disk
    launch --slots 1
    attach --rw --format raw disk
    run -0 in_it e2fsck -fn /dev/sda
    [[ $output != *future* ]]
    in_it sh -c 'mkdir -p /tmp/m && mount /dev/sda /tmp/m && echo x > /tmp/m/new && umount /tmp/m'
    detach 0
    for field in mtime crtime ctime; do
        is_now "$(date -d "$(debugfs -R 'stat new' disk 2> debugfs.log | sed -n "s/^ *$field: .* -- //p")" +%s)"
    done
    for field in 'Last mount time' 'Last write time'; do
        is_now "$(date -d "$(dumpe2fs -h disk 2> dumpe2fs.log | sed -n "s/^$field: *//p")" +%s)"
    done
    run -0 e2fsck -fn disk
    [[ $output != *future* ]]
}
