#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image may name other files, --backing says which.

load helpers

setup()
{
    requires_appliance
    requires qemu-img
    setup_test
    mkdir same other
    image ext4.img same/base.img
    image ext4.img other/base.img
    qemu-img create -q -f qcow2 -b base.img -F raw same/mid.qcow2
    qemu-img create -q -f qcow2 -b mid.qcow2 -F qcow2 same/top.qcow2
    (cd same && qemu-img create -q -f qcow2 -b ../other/base.img -F raw out.qcow2)
}

@test "a chain in the image's directory is followed" {
    run -0 --separate-stderr virt-df-live --csv --noheadings same/base.img same/top.qcow2
    assert_equal "$(cut -d , -f 2- <<< "$output" | sort -u | wc -l)" 1
    assert_contains "$output" "top.qcow2,/dev/sda,"
}

@test "an absolute name in that directory is followed, too" {
    qemu-img create -q -f qcow2 -b "$TMPDIR/same/base.img" -F raw same/absolute.qcow2
    run -0 virt-df-live --csv --noheadings same/absolute.qcow2
    assert_contains "$output" "absolute.qcow2,/dev/sda,"
}

@test "one elsewhere is refused, with a hint" {
    run --separate-stderr virt-df-live same/out.qcow2 same/base.img
    assert_status 1
    assert_contains "$stderr" "virt-df-live: out.qcow2: " "--backing=allow"
    assert_equal "$(wc -l <<< "$stderr")" 1
    assert_contains "$output" "base.img:/dev/sda"
}

@test "--backing=allow follows it" {
    run -0 --separate-stderr virt-df-live --backing=allow same/out.qcow2
    assert_contains "$output" "out.qcow2:/dev/sda"
}

@test "--backing=deny follows none" {
    run --separate-stderr virt-df-live --backing=deny same/top.qcow2
    assert_status 1
    assert_contains "$stderr" "virt-df-live: top.qcow2: " "--backing=same-dir"
}

@test "a symbolic link does not lead out of the directory" {
    ln -s ../other/base.img same/link.img
    qemu-img create -q -f qcow2 -b link.img -F raw same/via.qcow2
    run --separate-stderr virt-df-live same/via.qcow2
    assert_status 1
    assert_contains "$stderr" "virt-df-live: via.qcow2: " "symbolic link" "--backing=allow"
}

@test "a backing file that is missing, or a loop, is named" {
    qemu-img create -q -f qcow2 -u -b nowhere.img -F raw same/lost.qcow2 24M
    qemu-img create -q -f qcow2 -u -b self.qcow2 -F qcow2 same/self.qcow2 24M
    run --separate-stderr virt-df-live same/lost.qcow2 same/self.qcow2
    assert_status 1
    assert_contains "$stderr" "virt-df-live: lost.qcow2: backing file" "nowhere.img" "No such file" \
        "virt-df-live: self.qcow2: " "loop"
}

@test "a backing file on the network is refused" {
    qemu-img create -q -f qcow2 -u -b nbd://localhost/x -F raw same/net.qcow2 24M
    run --separate-stderr virt-df-live --backing=allow same/net.qcow2
    assert_status 1
    assert_contains "$stderr" "virt-df-live: net.qcow2: " "nbd://localhost/x"
}
