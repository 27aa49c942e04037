#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An ordinary user needs no root, no libvirtd, no group.

load ../lib/helpers

setup() { requires_appliance; setup_test; requires_user; }

@test "an ordinary user scans images" {
    run -0 --separate-stderr as_user virt-df-live "$IMAGES/ext4.img" "$IMAGES/gpt.qcow2"
    assert_equal "$stderr" ""
    assert_equal "$(sed 1d <<< "$output" | wc -l)" 4
    assert_nothing_left
}

@test "it builds its own saved appliance, below XDG_CACHE_HOME, and uses that again" {
    [[ $(id -u) -eq 0 ]] || skip "the cache of this user may be filled"
    # Another kind of appliance than root has saved.
    run -0 --separate-stderr as_user virt-df-live --memsize 320 --stats "$IMAGES/ext4.img"
    assert_contains "$stderr" '"boots": 1'
    [[ $(echo "$SUITE"/cache/virt-live-tools/template-*) != *'*'* ]]
    run -0 --separate-stderr as_user virt-df-live --memsize 320 --stats "$IMAGES/ext4.img"
    assert_contains "$stderr" '"boots": 0'
    assert_nothing_left
}

@test "without HOME and XDG_CACHE_HOME" {
    run -0 --separate-stderr as_user env -u HOME -u XDG_CACHE_HOME virt-df-live "$IMAGES/ext4.img"
    assert_contains "$output" "ext4.img:/dev/sda"
    assert_nothing_left
}

@test "in a directory that it may not write, with a TMPDIR that is not there" {
    run -0 --separate-stderr as_user env TMPDIR=/nowhere virt-df-live "$IMAGES/ext4.img"
    assert_contains "$output" "ext4.img:/dev/sda"
}

@test "root, with a TMPDIR that is closed to others" {
    requires_root
    mkdir -m 700 closed
    run -0 --separate-stderr env TMPDIR="$TMPDIR/closed" virt-df-live "$IMAGES/ext4.img"
    assert_contains "$output" "ext4.img:/dev/sda"
    [[ ! $(ls closed) ]]
}
