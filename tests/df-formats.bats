#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Formats are told by the header, whatever the file is called, or by --format.

load helpers

setup() { requires_appliance; requires qemu-img; setup_test; }

figures() { cut -d , -f 2-; }

@test "qcow2, qed, vmdk, vdi, vhdx, vpc have the row of the raw image" {
    local format expected

    run -0 virt-df-live --csv --noheadings "$IMAGES/ext4.img"
    expected=$(figures <<< "$output")
    for format in qcow2 qed vmdk vdi vhdx vpc; do
        # VHD would round the size to a geometry.
        options=(); [[ $format != vpc ]] || options=(-o force_size=on)
        qemu-img convert -q -f raw -O "$format" "${options[@]}" "$IMAGES/ext4.img" "disk.$format"
    done
    qemu-img convert -q -c -f raw -O qcow2 "$IMAGES/ext4.img" compressed.qcow2
    qemu-img convert -q -f raw -O vmdk -o subformat=streamOptimized "$IMAGES/ext4.img" stream.vmdk
    cp disk.qcow2 called.raw
    run --separate-stderr virt-df-live --csv --noheadings disk.* compressed.qcow2 stream.vmdk called.raw
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$(wc -l <<< "$output")" 9
    assert_equal "$(figures <<< "$output" | sort -u)" "$expected"
}

@test "--format is obeyed: a qcow2 as raw is unknown data" {
    run --separate-stderr virt-df-live --format=raw "$IMAGES/ext4.qcow2"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: ext4.qcow2: unknown data"
}

@test "--format is obeyed: a raw image is no qcow2" {
    run --separate-stderr virt-df-live --format=qcow2 "$IMAGES/ext4.img" --format "$IMAGES/ext3.img"
    assert_status 1
    assert_contains "$stderr" "virt-df-live: ext4.img: " "qcow2"
    assert_contains "$output" "ext3.img:/dev/sda"
}

@test "a vmdk in several files is refused, with what to do" {
    qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentSparse split.vmdk 8M
    run --separate-stderr virt-df-live split.vmdk
    assert_status 1
    assert_contains "$stderr" "virt-df-live: split.vmdk: " "qemu-img convert"
}

@test "an encrypted qcow2 is said to be encrypted" {
    qemu-img create -q -f qcow2 --object secret,id=s,data=x \
        -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 secret.qcow2 4M
    run --separate-stderr virt-df-live -o GUEST,STATUS --noheadings secret.qcow2
    assert_status 1
    assert_contains "$output" "secret.qcow2 encrypted"
}
