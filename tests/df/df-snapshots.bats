#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --snapshot: images as of an internal snapshot of a qcow2.

load ../lib/helpers
load ../lib/domains

setup() { requires_appliance; requires qemu-img qemu-io; setup_test; }

# with_snapshot FILE [OPTION…]: a qcow2 of ext4.img, whose snapshot "monday" has the filesystem, and whose present has none
with_snapshot()
{
    local file=$1 io=(qemu-io -f qcow2 -c "write -q -P 0 0 1M")

    shift
    qemu-img convert -q -f raw -O qcow2 "$@" "$IMAGES/ext4.img" "$file"
    qemu-img snapshot -c monday "$file"
    "${io[@]}" "$file"
}

rows() { tail -n +2 <<< "$output" | cut -d , -f 2-; }

@test "the snapshot has the row of the image that it was taken of, in every kind of qcow2" {
    local file
    with_snapshot plain.qcow2
    with_snapshot old.qcow2 -o compat=0.10
    with_snapshot small.qcow2 -o cluster_size=512
    with_snapshot large.qcow2 -o cluster_size=2M
    with_snapshot extended.qcow2 -o extended_l2=on
    with_snapshot zipped.qcow2 -c
    qemu-img bitmap --add plain.qcow2 b
    # One that is larger now.
    with_snapshot grown.qcow2
    qemu-img resize -q grown.qcow2 +64M
    # One whose file does not end with a sector.
    truncate -s +100 extended.qcow2
    run -0 --separate-stderr virt-df-live --csv --snapshot monday ./*.qcow2
    assert_equal "$stderr" ""
    assert_equal "$(rows | wc -l)" 7
    assert_equal "$(rows | sort -u)" "$(virt-df-live --csv "$IMAGES/ext4.img" | tail -1 | cut -d , -f 2-)"
    assert_nothing_left
    run -0 virt-ls --snapshot monday -a plain.qcow2 -m /dev/sda /
    assert_contains "$output" "lost+found"
    # By its number; the present, which is empty.
    run -0 virt-df-live --csv --snapshot 1 plain.qcow2
    assert_equal "$(rows | wc -l)" 1
    run --separate-stderr virt-df-live --json plain.qcow2
    assert_equal "$(json 'select(.type == "filesystem")')" ""
}

@test "what the snapshot has not got comes from what backs it" {
    image ext4.img base.raw
    qemu-img create -q -f qcow2 -b base.raw -F raw over.qcow2
    qemu-img snapshot -c monday over.qcow2
    qemu-io -f qcow2 -c "write -q -P 0 0 1M" over.qcow2
    run -0 virt-df-live --json --snapshot monday over.qcow2
    assert_equal "$(json 'select(.type == "filesystem") | .fstype')" "ext4"
}

@test "an image that a guest writes now" {
    requires qemu-system-x86_64
    with_snapshot a.qcow2
    qemu-system-x86_64 -S -display none -nodefaults -drive file=a.qcow2,format=qcow2,if=virtio -monitor unix:monitor,server=on,wait=off 3>&- &
    on_cleanup end_process "$!"
    wait_until 60 test -S monitor
    run -0 --separate-stderr virt-df-live --json --snapshot monday a.qcow2
    assert_equal "$(json 'select(.type == "filesystem") | .fstype')" "ext4"
    assert_equal "$stderr" ""
}

@test "one that is encrypted, with its key" {
    qemu_img_luks hush convert -O qcow2 -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 "$IMAGES/ext4.img" luks.qcow2
    qemu_img_luks hush snapshot -c monday --image-opts driver=qcow2,encrypt.key-secret=s,file.filename=luks.qcow2
    run -0 virt-df-live --json --snapshot monday --key all:key:hush luks.qcow2
    assert_equal "$(json 'select(.type == "filesystem") | .fstype')" "ext4"
}

@test "what has no such snapshot is named, with those that it has; others go on" {
    with_snapshot a.qcow2
    image ext4.img b.img
    image ext4.qcow2 c.qcow2
    gzip < a.qcow2 > d.gz
    run --separate-stderr virt-df-live --csv --snapshot monday b.img c.qcow2 nbd://127.0.0.1:1/x d.gz a.qcow2
    assert_status 1
    assert_equal "$(tail -n +2 <<< "$output" | cut -d , -f 1)" "a.qcow2"
    assert_contains "$stderr" "b.img: it is a raw image; only a qcow2 has snapshots" 'c.qcow2: it has no snapshot "monday"; it has none' \
        "x: nbd://127.0.0.1:1/x: --snapshot is for qcow2 images that are files here" "d.gz: it is packed; only a qcow2"
    run --separate-stderr virt-df-live --snapshot tuesday a.qcow2
    assert_equal "$stderr" 'virt-df-live: a.qcow2: it has no snapshot "tuesday"; it has "monday"'
    # Of several disks of a guest, it is said which.
    run --separate-stderr virt-df-live --snapshot monday -a a.qcow2 -a c.qcow2
    assert_status 1
    assert_equal "$stderr" 'virt-df-live: a.qcow2+: c.qcow2: it has no snapshot "monday"; it has none'
}

@test "names that a terminal would obey are escaped" {
    image ext4.qcow2 a.qcow2
    qemu-img snapshot -c $'x\e[31m' a.qcow2
    run --separate-stderr virt-df-live --snapshot $'y\e[31m' a.qcow2
    assert_status 1
    assert_equal "$stderr" 'virt-df-live: a.qcow2: it has no snapshot "y\x1B[31m"; it has "x\x1B[31m"'
}

@test "the disks of a libvirt guest" {
    with_snapshot a.qcow2
    with_snapshot b.qcow2
    hypervisor "$(domain web "$(disk a.qcow2 "$qcow2")" "$(disk b.qcow2 "$qcow2")")"
    run -0 --separate-stderr virt-df-live --csv -c "$uri" --snapshot monday
    assert_equal "$(rows | cut -d , -f 1)" "/dev/sda
/dev/sdb"
}

@test "wrong usage" {
    run --separate-stderr virt-df-live --snapshot '' a.qcow2
    assert_status 2
    run --separate-stderr virt-df-live --snapshot x --consistent -d web
    assert_status 2
    assert_contains "$stderr" "--consistent and --snapshot exclude each other"
}
