#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# More images than slots, isolation, commands side by side: each image is answered once.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

# statistic KEY
statistic() { jq -r ".$1" <<< "${stderr##*stats: }"; }

# each_once: the last output has every name, once, in order
each_once()
{
    assert_equal "$(json 'select(.type == "guest") | .guest')" "$(printf '%s\n' "${names[@]}")"
    assert_equal "$(json 'select(.type == "filesystem" and .status == "ok") | .guest')" "$(printf '%s\n' "${names[@]}")"
}

@test "--wave 4: more images than slots" {
    links 14
    run -0 --separate-stderr virt-df-live --json --stats --wave 4 "${names[@]}"
    each_once
    assert_equal "$(statistic waves)" 4
    assert_nothing_left
}

@test "--wave 1" {
    links 3
    run -0 --separate-stderr virt-df-live --json --stats --wave 1 "${names[@]}"
    each_once
    assert_equal "$(statistic waves)" 3
}

@test "300 images, one appliance at a time: the boundary at 255" {
    links 300
    run -0 --separate-stderr virt-df-live --json --stats -P 1 "${names[@]}"
    each_once
    assert_equal "$(statistic waves)" 2
    assert_nothing_left
}

@test "255 disks of one guest, and one that has 256" {
    links 256
    { guest_record "${names[@]:0:255}"; guest_record "${names[@]}"; } > list
    run --separate-stderr virt-df-live --csv --noheadings --guests-from list
    assert_status 1
    assert_equal "$(wc -l <<< "$output")" 255
    assert_contains "$output" ",/dev/sdiu,"
    assert_equal "$(grep -c . <<< "$stderr")" 1
    assert_contains "$stderr" "255"
}

@test "a guest's disks are in one wave, however small that is" {
    links 6
    { guest_record "${names[@]:0:4}"; guest_record "${names[4]}"; guest_record "${names[5]}"; } > list
    run -0 --separate-stderr virt-df-live --csv --noheadings --stats --wave 2 -P 1 --guests-from list
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "g001.img+++,/dev/sda
g001.img+++,/dev/sdb
g001.img+++,/dev/sdc
g001.img+++,/dev/sdd
g005.img,/dev/sda
g006.img,/dev/sda"
    assert_equal "$(statistic waves)" 2
}

@test "--isolate=guest: an appliance for each" {
    links 4
    run -0 --separate-stderr virt-df-live --json --stats --isolate=guest "${names[@]}"
    each_once
    [[ $(statistic restores) -ge 4 ]]
    assert_nothing_left
}

@test "--isolate=directory and --isolate=none" {
    mkdir d1 d2
    image ext4.img d1/a.img
    image ext4.img d2/a.img
    run -0 --separate-stderr virt-df-live --stats --isolate=directory d1/a.img d2/a.img
    assert_equal "$(statistic waves)" 2
    run -0 --separate-stderr virt-df-live --stats --isolate=none d1/a.img d2/a.img
    assert_equal "$(statistic waves)" 1
}

@test "two commands at once" {
    local first
    links 40
    start virt-df-live --json "${names[@]}"
    first=$pid
    run -0 --separate-stderr virt-df-live --json "${names[@]}"
    each_once
    pid=$first
    finish
    assert_status 0
    each_once
    assert_nothing_left
}

@test "ten commands at once" {
    local i pids=()
    links 20
    for i in 0 1 2 3 4 5 6 7 8 9; do
        virt-df-live --json --timeout 300 "${names[@]}" > "out$i" 2> "err$i" 3>&- &
        pids+=($!)
        on_cleanup end_process "$!"
    done
    for i in 0 1 2 3 4 5 6 7 8 9; do
        wait "${pids[i]}" || { cat "err$i"; return 1; }
        output=$(< "out$i")
        each_once
    done
    assert_nothing_left
}

@test "a wave goes on after an image that is bad" {
    links 6
    names[2]=$IMAGES/ext4-broken.img
    run --separate-stderr virt-df-live --json --wave 2 "${names[@]}"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .status' | xargs)" "ok ok corrupt ok ok ok"
}
