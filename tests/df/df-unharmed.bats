#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A scan changes nothing about an image but the time of its last access.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

# Owner, mode, times, size, blocks, contents, extended attributes of every image here.
state()
{
    local name

    for name in *.img *.qcow2; do
        sync "$name" # until then its blocks are not settled
        stat -c '%n %u:%g %a %s %b %y %z %i %h' "$name"
        cksum "$name"
        ! command -v getfattr > /dev/null || getfattr --absolute-names -d -m - "$name"
    done
}

@test "owner, mode, times, contents and attributes are the same after" {
    local name

    for name in ext4.img ext4-journal.img xfs-journal.img btrfs.img ntfs.img ext4-broken.img gpt.qcow2; do
        image "$name"
    done
    chmod 640 ext4.img
    chmod 444 btrfs.img
    touch -d '2001-02-03 04:05:06.789' ntfs.img
    if command -v setfattr > /dev/null; then
        run setfattr -n user.test -v value ext4.img
        [[ $status -eq 0 || $output == *"Operation not supported"* ]]
    fi
    state > before
    run --separate-stderr virt-df-live -- *.img *.qcow2
    assert_status 1 # the broken one
    state > after
    run -0 diff before after
}

@test "backing files, too" {
    requires qemu-img
    image ext4.img base.img
    qemu-img create -q -f qcow2 -b base.img -F raw top.qcow2
    state > before
    run -0 virt-df-live top.qcow2
    state > after
    run -0 diff before after
}

@test "root scans another user's 0600 image, and it stays theirs" {
    requires_root
    mkdir -m 700 home
    image ext4.img home/private.img
    image ext4.qcow2 home/private.qcow2
    chmod 600 home/private.*
    chown 4321:4321 home home/private.*
    (cd home && state) > before
    run -0 --separate-stderr virt-df-live home/private.img home/private.qcow2
    assert_equal "$(sed 1d <<< "$output" | wc -l)" 2
    (cd home && state) > after
    run -0 diff before after
}

@test "an image that another program has open for writing is scanned" {
    image ext4.img
    exec 9<> ext4.img
    run -0 virt-df-live ext4.img
    exec 9>&-
}

@test "an image on a read-only directory, itself read-only" {
    mkdir dir
    image ext4.img dir/ext4.img
    chmod 444 dir/ext4.img
    chmod 555 dir
    run -0 virt-df-live dir/ext4.img
    chmod 755 dir
}
