#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is no filesystem: objects in JSON, never rows; an image of nothing else is named on stderr.

load ../lib/helpers

setup() { requires_appliance; setup_test; cd "$IMAGES" || return 1; }

@test "swap, unknown data, nothing at all: in JSON" {
    run --separate-stderr virt-df-live --json swap.img random.img zeros.img
    assert_status 1
    assert_equal "$(json 'select(.type != "guest") | [.guest, .type, .size] | @csv')" \
        '"swap.img","swap",8388608
"random.img","unknown",1048576
"zeros.img","unknown",8388608'
    assert_equal "$(json 'select(.type == "guest") | [.guest, .status, .filesystems] | @csv')" \
        '"swap.img","empty",0
"random.img","unsupported",0
"zeros.img","empty",0'
    assert_equal "$(json 'select(.type == "guest" and .message == null) | .guest')" ""
}

@test "they are no rows; each is named once" {
    run --separate-stderr virt-df-live --noheadings swap.img random.img zeros.img
    assert_status 1
    assert_equal "$output" ""
    assert_equal "$(grep -c . <<< "$stderr")" 3
    assert_contains "$stderr" "virt-df-live: swap.img: swap" "virt-df-live: random.img: /dev/sda: unknown data" \
        "virt-df-live: zeros.img: the disk is empty"
}

@test "a disk of partitions that hold nothing is not said to have none" {
    truncate -s 4M "$TMPDIR/mbr.img"
    sfdisk -q "$TMPDIR/mbr.img" <<< 'start=2048, size=2048'
    run --separate-stderr virt-df-live "$TMPDIR/mbr.img" "$IMAGES/random.img"
    assert_status 1
    assert_equal "$stderr" "virt-df-live: mbr.img: partitions, and nothing in them: zeros in all of 256 KiB that were read, of 1 MiB
virt-df-live: random.img: /dev/sda: unknown data: no partition table and no signature that libblkid knows"
}

@test "swap beside filesystems is no failure" {
    run -0 --separate-stderr virt-df-live gpt.img
    assert_equal "$stderr" ""
    assert_equal "$(sed 1d <<< "$output" | wc -l)" 3
}

@test "a filesystem of a kind that is not read, and a broken one" {
    run --separate-stderr virt-df-live --filesystems=safe minix.img ext4-broken.img ext4.img
    assert_status 1
    assert_equal "$(names_of_table <<< "$output")" "ext4.img:/dev/sda"
    assert_equal "$(grep -c . <<< "$stderr")" 2
    assert_contains "$stderr" "virt-df-live: minix.img: /dev/sda: unsupported filesystem: minix" \
        "virt-df-live: ext4-broken.img: /dev/sda: "
}

@test "-o STATUS has a row for each of them" {
    run --separate-stderr virt-df-live --filesystems=safe --noheadings -o GUEST,STATUS minix.img ext4-broken.img random.img zeros.img ext4.img
    assert_status 1
    assert_equal "$(tr -s ' ' <<< "$output")" "minix.img unsupported
ext4-broken.img corrupt
random.img unsupported
zeros.img empty
ext4.img ok"
}
