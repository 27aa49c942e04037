#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the command may run: uid 0 that may do nothing, an almost empty environment.

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
