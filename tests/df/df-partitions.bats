#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Partition tables: GPT, MBR with logical partitions, an Amiga's, 4096-byte sectors.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

devices='select(.type != "guest") | .device + " " + .type + " " + (.fstype // "-")'

@test "GPT" {
    run -0 --separate-stderr virt-df-live --json "$IMAGES/gpt.img"
    assert_equal "$(json "$devices")" "/dev/sda1 filesystem vfat
/dev/sda2 filesystem ext4
/dev/sda3 filesystem xfs
/dev/sda4 swap swap
/dev/sda5 unknown -"
    assert_equal "$stderr" ""
}

@test "MBR: logical partitions are 5 and up, the extended one is none" {
    run -0 --separate-stderr virt-df-live --json "$IMAGES/mbr.img"
    assert_equal "$(json "$devices")" "/dev/sda1 filesystem ext4
/dev/sda2 filesystem ntfs
/dev/sda5 filesystem ext3
/dev/sda6 filesystem vfat
/dev/sda7 swap swap"
}

@test "an Amiga's: the first sector is blank" {
    "$TOP/tests/images/make-amiga.py" amiga.img
    mke2fs -q -F -t ext4 -E offset=1048576 amiga.img 4M
    run -0 --separate-stderr virt-df-live --json amiga.img
    assert_equal "$(json "$devices")" "/dev/sda1 filesystem ext4"
}

@test "4096-byte sectors with --blocksize=4096" {
    run -0 --separate-stderr virt-df-live --json --blocksize=4096 "$IMAGES/gpt-4k.img" "$IMAGES/gpt-4k.qcow2"
    assert_equal "$(json "$devices")" "/dev/sda1 filesystem ext4
/dev/sda2 filesystem f2fs
/dev/sda1 filesystem ext4
/dev/sda2 filesystem f2fs"
    assert_equal "$stderr" ""
}

@test "a table for other sectors than the disk's is read all the same" {
    run -0 --separate-stderr virt-df-live --json "$IMAGES/gpt-4k.img"
    assert_equal "$(json "$devices")" "/dev/sda1 filesystem ext4
/dev/sda2 filesystem f2fs"
    cp --sparse=always "$IMAGES/gpt.img" .
    run --separate-stderr virt-df-live --blocksize=4096 --json gpt.img
    assert_equal "$(json 'select(.type != "guest") | .device')" "$(printf '/dev/sda%d\n' 1 2 3 4 5)"
}

@test "--blocksize is positional" {
    cd "$IMAGES"
    run -0 --separate-stderr virt-df-live --csv --noheadings --blocksize=4096 gpt-4k.img --blocksize gpt.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "gpt-4k.img,/dev/sda1
gpt-4k.img,/dev/sda2
gpt.img,/dev/sda1
gpt.img,/dev/sda2
gpt.img,/dev/sda3"
}

@test "a partitioned qcow2 has the rows of its raw twin" {
    run -0 --separate-stderr virt-df-live --csv --noheadings "$IMAGES/gpt.img" "$IMAGES/mbr.img"
    local raw=$output
    run -0 --separate-stderr virt-df-live --csv --noheadings "$IMAGES/gpt.qcow2" "$IMAGES/mbr.qcow2"
    assert_equal "${output//.qcow2,/.img,}" "$raw"
}

@test "two disks of one guest: sda and sdb, a + at the name, whole disks first" {
    cd "$IMAGES"
    run -0 --separate-stderr virt-df-live --csv --noheadings -a gpt.img -a ext4.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "gpt.img+,/dev/sdb
gpt.img+,/dev/sda1
gpt.img+,/dev/sda2
gpt.img+,/dev/sda3"
}

@test "a guest of more than 1024 volumes fails, and every form of output says so" {
    local -a disks=()
    local i

    truncate -s 1M 0.img
    { echo 'label: gpt' && for ((i = 0; i < 128; i++)); do echo "start=$((64 + i * 8)), size=8"; done; } | sfdisk -q 0.img
    for ((i = 0; i < 9; i++)); do
        cp -n 0.img "$i.img"
        disks+=(-a "$i.img")
    done
    cp "$IMAGES/ext4.img" 0.img
    run --separate-stderr virt-df-live --json --stats "${disks[@]}"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | [.status, .message, .truncated] | tostring')" \
        '["unsupported","it has more than 1024 volumes: the others are not shown",true]'
    assert_equal "$(grep -c '"device"' <<< "$output")" 1024
    assert_equal "$(grep -v ^stats: <<< "$stderr")" \
        "virt-df-live: 0.img++++++++: it has more than 1024 volumes: the others are not shown"
    assert_contains "$stderr" '"failed": 1,'
    run --separate-stderr virt-df-live --csv -o DEVICE,STATUS --noheadings "${disks[@]}"
    assert_status 1
    assert_equal "$output" $'/dev/sda,ok\n,unsupported'
    run --separate-stderr virt-df-live -o GUEST,DEVICE,STATUS --noheadings "${disks[@]}"
    assert_contains "$output" unsupported
}
