#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hardened hosts give root a umask that keeps others out. What is made for the sandboxed user, and root's saved appliance,
# must be open to others all the same.
# bats file_tags=slow

load ../lib/helpers
load ../lib/hotplug

# with_umask MASK: all commands, from an empty cache on
with_umask()
{
    requires_root
    umask "$1"
    export VIRT_LIVE_TOOLS_CACHE=$PWD/for/everybody
    run -0 --separate-stderr virt-df-live --accel=tcg "$IMAGES/ext4.img"
    assert_equal "$stderr" ""
    run -0 --separate-stderr virt-df-live --accel=tcg --stats "$IMAGES/ext4.img"
    assert_equal "$(jq .boots <<< "${stderr##*stats: }")" 0
    run -0 --separate-stderr virt-ls --accel=tcg -a "$IMAGES/ext4.img" -m /dev/sda /
    assert_equal "$stderr" ""
    launch --accel=tcg "$IMAGES/ext4.img"
    assert_equal "$(disks slot)" 0
    assert_equal "$(find for -type d ! -perm 755)" ""
    assert_equal "$(find for -type f ! -perm 444 ! -name 'accel*')" ""
}

@test "umask 027" { with_umask 027; }

@test "umask 077" { with_umask 077; }
