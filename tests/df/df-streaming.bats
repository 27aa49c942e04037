#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A list is read as it comes, and rows are written as they are known.

load ../lib/helpers

setup() { requires_appliance; setup_test; image ext4.img a.img; image ext4.img b.img; }

row_is_there() { grep -q "^$1:" out; }

@test "a row is there before the next name is written" {
    mkfifo list
    start virt-df-live --images-from list
    exec 8> list
    echo a.img >&8
    wait_until 60 row_is_there a.img
    run ! row_is_there b.img
    echo b.img >&8
    wait_until 30 row_is_there b.img
    exec 8>&-
    finish
    assert_status 0
    assert_nothing_left
}

@test "from stdin, slowly" {
    run -0 --separate-stderr bash -c '(echo a.img; sleep 3; echo b.img) | virt-df-live --stats --images-from -'
    assert_equal "$(names_of_table <<< "$output")" "a.img:/dev/sda
b.img:/dev/sda"
    # One appliance waited for both.
    assert_contains "$stderr" '"restores": 1'
}

list_slowly() { for i in a b a b; do sleep 1; echo "$i.img"; done; }
export -f list_slowly

# A shell execs the last command of -c: whoever writes the list is then the command's child, as QEMU is.
@test "from a process that the shell has started; each image with an appliance of its own" {
    run -0 --separate-stderr bash -c 'exec virt-df-live --isolate=guest -P 1 --images-from <(list_slowly)'
    assert_equal "$(names_of_table <<< "$output")" "a.img:/dev/sda
b.img:/dev/sda
a.img:/dev/sda
b.img:/dev/sda"
}

@test "such a process is nobody's to end when the command ends" {
    run -0 --separate-stderr bash -c 'exec virt-df-live a.img 4< <(sleep 2; touch ended)'
    wait_until 30 test -e ended
}

@test "half a name is no name: the rest comes later" {
    run -0 --separate-stderr bash -c '(printf "a.i"; sleep 1; echo mg) | virt-df-live --images-from -'
    assert_equal "$(names_of_table <<< "$output")" "a.img:/dev/sda"
}

@test "-0 from find" {
    run -0 --separate-stderr bash -c 'find . -name "[ab].img" -print0 | sort -z | virt-df-live -0 --images-from -'
    assert_equal "$(names_of_table <<< "$output")" "a.img:/dev/sda
b.img:/dev/sda"
}

@test "several lists, after the images of the command line" {
    echo a.img > list1
    echo b.img > list2
    run -0 --separate-stderr virt-df-live --images-from list1 --images-from list2 "$IMAGES/ext3.img"
    assert_equal "$(names_of_table <<< "$output")" "ext3.img:/dev/sda
a.img:/dev/sda
b.img:/dev/sda"
}

@test "a list that cannot be read, among others that can" {
    echo a.img > list
    run --separate-stderr virt-df-live --images-from nolist --images-from list
    assert_status 1
    assert_contains "$stderr" "virt-df-live: nolist: cannot read the list"
    assert_equal "$(names_of_table <<< "$output")" "a.img:/dev/sda"
}

@test "the list's end is not waited for when the reader of the rows has gone" {
    mkfifo list
    start bash -c 'virt-df-live --images-from list | head -n 2'
    exec 8> list
    echo a.img >&8
    wait_until 60 row_is_there a.img
    echo b.img >&8
    wait_until 30 nothing_left
    exec 8>&-
}
