#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image may name other files, --backing says which.

load ../lib/helpers

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

@test "a json: name that says a format and a file is followed, any other is refused" {
    local file='"file":{"driver":"file","filename":"base.img"}'
    qemu-img create -q -f qcow2 -u -b "json:{\"driver\":\"raw\",$file}" -F raw same/json.qcow2 24M
    qemu-img create -q -f qcow2 -u -b 'json:{"driver":"nbd","host":"localhost"}' -F raw same/nbd.qcow2 24M
    run --separate-stderr virt-df-live --csv --noheadings same/json.qcow2 same/nbd.qcow2
    assert_status 1
    assert_contains "$output" "json.qcow2,/dev/sda,"
    assert_contains "$stderr" "virt-df-live: nbd.qcow2: " "not a plain file"
}

# The attack: a guest that has a raw disk writes the header of a qcow2 into its first sector.
guest_writes_header()
{
    qemu-img create -q -f qcow2 -u -b "$1" -F raw header.qcow2 24M
    image ext4.img "$2"
    dd if=header.qcow2 of="$2" conv=notrunc status=none
}

# opened_by COMMAND...: runs it; the names of the files that were opened are in the file `trace`.
opened_by()
{
    requires strace
    run --separate-stderr strace -f -o trace -e trace=open,openat,openat2 "$@"
}

@test "what a guest wrote into its raw disk opens nothing with --format=raw" {
    guest_writes_header "$TMPDIR/same/base.img" same/guest.img
    opened_by virt-df-live --format=raw --backing=allow same/guest.img
    assert_status 1
    assert_contains "$stderr" "virt-df-live: guest.img: /dev/sda: unknown data"
    run -0 grep -c guest.img trace
    run ! grep base.img trace
}

@test "… nor under same-dir, where neither its name nor the user says that it is no raw disk" {
    local name
    for name in guest.img guest.raw guest; do
        guest_writes_header base.img "same/$name"
        opened_by virt-df-live "same/$name"
        assert_status 1
        assert_contains "$stderr" "virt-df-live: $name: the image names a backing file, \"base.img\"" \
            "--format=qcow2 or --backing=allow would follow it"
        run ! grep base.img trace
        run -0 virt-df-live --format=qcow2 "same/$name"
        run -0 virt-df-live --backing=allow "same/$name"
    done
    # A vmdk's extents, too.
    printf '# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW %d FLAT "base.img" 0\n' \
        $(($(stat -c %s same/base.img) / 512)) > same/guest.img
    opened_by virt-df-live same/guest.img
    assert_status 1
    assert_contains "$stderr" 'guest.img: the image names an extent, "base.img"' "--format=vmdk"
    run ! grep base.img trace
}

@test "… nor under --backing=deny, nor elsewhere under same-dir" {
    guest_writes_header "$TMPDIR/same/base.img" same/guest.img
    opened_by virt-df-live --backing=deny same/guest.img
    assert_status 1
    assert_contains "$stderr" 'virt-df-live: guest.img: the image names a backing file, "'
    run ! grep base.img trace
    guest_writes_header "$TMPDIR/other/base.img" same/guest.img
    opened_by virt-df-live same/guest.img
    assert_status 1
    assert_contains "$stderr" "virt-df-live: guest.img: " "outside its directory"
    run ! grep base.img trace
    guest_writes_header ../other/base.img same/guest.qcow2
    opened_by virt-df-live same/guest.qcow2
    assert_status 1
    assert_contains "$stderr" "virt-df-live: guest.qcow2: " "outside"
    # The kernel refused to look.
    run ! grep -E 'base.img.* = [0-9]+$' trace
}

@test "a format that the chain states is not probed: what is behind a fake header stays closed" {
    guest_writes_header "$TMPDIR/other/base.img" same/guest.img
    qemu-img create -q -f qcow2 -u -b guest.img -F raw same/over.qcow2 24M
    opened_by virt-df-live --backing=allow same/over.qcow2
    assert_contains "$stderr" "virt-df-live: over.qcow2: /dev/sda: unknown data"
    run ! grep other/base.img trace
}
