#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bad input: a clear error, which names the image once, exit 1, and the rest of the list unharmed.

load ../lib/helpers

setup() { requires_appliance; setup_test; image ext4.img good.img; }

# bad MESSAGE NAME: between two good images
bad()
{
    run --separate-stderr virt-df-live good.img "$2" good.img
    assert_status 1
    assert_equal "$stderr" "virt-df-live: $1"
    assert_equal "$(names_of_table <<< "$output")" "good.img:/dev/sda
good.img:/dev/sda"
    assert_nothing_left
}

@test "missing" { bad "gone.img: open gone.img: No such file or directory" gone.img; }

@test "a directory" { mkdir dir; bad "dir: it is a directory, not an image" dir; }

@test "a FIFO" { mkfifo fifo; bad "fifo: it is a FIFO, not an image" fifo; }

@test "a socket" {
    requires python3
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
    bad "sock: it is a socket, not an image" sock
}

@test "a character device" { bad "tty: it is a character device, not an image" /dev/tty; }

@test "unreadable" {
    requires_user
    chmod 711 .
    install -m 644 good.img "$user_home/good.img"
    install -m 000 good.img "$user_home/closed.img"
    [[ $(id -u) -ne 0 ]] || chown nobody: "$user_home"/*
    run --separate-stderr as_user virt-df-live "$user_home/closed.img" "$user_home/good.img"
    assert_status 1
    assert_equal "$stderr" "virt-df-live: closed.img: open $user_home/closed.img: Permission denied"
    assert_contains "$output" "good.img:/dev/sda"
}

@test "an empty file" { : > empty.img; bad "empty.img: the file is empty (0 bytes)" empty.img; }

@test "less than one sector" {
    head -c 1000 good.img > odd.img
    run -1 --separate-stderr virt-df-live --blocksize=4096 odd.img
    assert_equal "$stderr" "virt-df-live: odd.img: size 1000 is less than a sector, of 4096 bytes"
}

@test "a truncated qcow2" {
    head -c 100000 "$IMAGES/ext4.qcow2" > cut.qcow2
    head -c 50 "$IMAGES/ext4.qcow2" > stub.qcow2
    run --separate-stderr virt-df-live cut.qcow2 stub.qcow2 good.img
    assert_status 1
    assert_contains "$stderr" "virt-df-live: cut.qcow2: truncated" "virt-df-live: stub.qcow2: truncated"
    assert_equal "$(grep -c . <<< "$stderr")" 2
    assert_contains "$output" "good.img:/dev/sda"
}

@test "a qcow2 whose data is cut off: its header is whole" {
    head -c 400000 "$IMAGES/ext4.qcow2" > tail.qcow2
    run --separate-stderr virt-df-live tail.qcow2 good.img
    assert_status 1
    assert_equal "$(grep -c tail.qcow2 <<< "$stderr")" 1
    assert_contains "$output" "good.img:/dev/sda"
}

@test "a qcow2 that claims 8 EiB" {
    image ext4.qcow2 huge.qcow2
    printf '\177\377\377\377\377\377\376\000' | dd of=huge.qcow2 bs=1 seek=24 conv=notrunc status=none
    bad "huge.qcow2: it claims 9223372036854775296 bytes, more than any disk has" huge.qcow2
}

@test "a qcow2 that claims 8 PiB, with an L1 table for it" {
    qemu-img create -q -f qcow2 -o cluster_size=2M big.qcow2 8P
    run --separate-stderr virt-df-live big.qcow2 good.img
    assert_status 1
    assert_equal "$(grep -c big.qcow2 <<< "$stderr")" 1
    assert_contains "$output" "good.img:/dev/sda"
}

@test "a broken superblock" {
    run --separate-stderr virt-df-live "$IMAGES/ext4-broken.img" good.img
    assert_status 1
    assert_equal "$(grep -c . <<< "$stderr")" 1
    assert_contains "$stderr" "virt-df-live: ext4-broken.img: /dev/sda: "
    assert_contains "$output" "good.img:/dev/sda"
}

@test "a filesystem larger than its image" {
    head -c 4M good.img > short.img
    run --separate-stderr virt-df-live short.img good.img
    assert_equal "$(names_of_table <<< "$output" | tail -n 1)" "good.img:/dev/sda"
    assert_equal "$( (echo "$output"; echo "$stderr") | grep -c short.img)" 1
}

@test "the same image twice is answered twice" {
    run -0 --separate-stderr virt-df-live good.img good.img ./good.img
    assert_equal "$(names_of_table <<< "$output")" "good.img:/dev/sda
good.img:/dev/sda
good.img:/dev/sda"
}

@test "the same image twice in one guest" {
    run -0 --separate-stderr virt-df-live -a "$IMAGES/ext4.qcow2" -a "$IMAGES/ext4.qcow2"
    assert_equal "$(names_of_table <<< "$output")" "ext4.qcow2+:/dev/sda
ext4.qcow2+:/dev/sdb"
}

@test "one image of a guest that cannot be opened is named with its path" {
    run --separate-stderr virt-df-live -a good.img -a gone.img
    assert_status 1
    assert_equal "$output" "Filesystem                           1K-blocks       Used  Available  Use%"
    assert_contains "$stderr" "virt-df-live: good.img+: " "gone.img" "No such file"
    assert_equal "$(grep -c . <<< "$stderr")" 1
}

@test "all bad: exit 1, no appliance is started" {
    run --separate-stderr virt-df-live --stats gone.img also-gone.img
    assert_status 1
    assert_contains "$stderr" '"boots": 0, "restores": 0'
}
