#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that change under the scan: they get an answer of their own, the others theirs.

load ../lib/helpers
load ../lib/fed

setup() { requires_appliance; setup_test; image ext4.img a.img; image ext4.img b.img; image ext4.img c.img; }

# start_with_b: a.img has been scanned, b.img is attached, and the appliance stands still
start_with_b()
{
    names=(a.img b.img c.img)
    start_fed 1
    stand_still 1
}

# go_on: it does, and c.img comes
go_on()
{
    kill -CONT "$qemu"
    end_list
    finish
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out | xargs)" "a.img b.img c.img"
    assert_equal "$(jq -r 'select(.type == "guest" and .guest != "b.img") | .status' out | xargs)" "ok ok"
    assert_nothing_left
}

status_of_b() { jq -r 'select(.type == "guest" and .guest == "b.img") | .status' out; }

@test "an image that is removed under way is scanned: its descriptor is open" {
    start_with_b
    rm b.img
    go_on
    assert_status 0
}

@test "an image that is cut off under way is an answer, and no more" {
    start_with_b
    truncate -s 4096 b.img
    go_on
    [[ $(status_of_b) =~ ^(corrupt|unsupported|empty)$ ]] || { grep b.img out; cat err; return 1; }
}

@test "an image that is emptied under way is an answer, and no more" {
    start_with_b
    : > b.img
    go_on
    [[ $(status_of_b) =~ ^(corrupt|unsupported|empty)$ ]] || { grep b.img out; cat err; return 1; }
}

@test "an image that is removed before its turn is unreadable" {
    local i
    names=(a.img)
    for ((i = 0; i < 30; i++)); do ln a.img "n$i.img"; names+=("n$i.img"); done
    names+=(b.img c.img)
    start_fed 1
    stand_still 31 # of which twelve are opened
    rm b.img
    kill -CONT "$qemu"
    end_list
    finish
    assert_status 1
    assert_equal "$(jq -r 'select(.type == "guest" and .status != "ok") | .guest + " " + .status' out)" "b.img unreadable"
    assert_nothing_left
}

overwrite() { while dd if=/dev/urandom of=a.img bs=4096 count=64 seek=$((RANDOM % 4000)) conv=notrunc status=none; do :; done; }
export -f overwrite

@test "an image that is overwritten while it is scanned again and again" {
    local i
    for ((i = 0; i < 40; i++)); do ln a.img "n$i.img"; done
    start bash -c overwrite
    start virt-df-live --json -P 1 n*.img c.img
    finish
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out | wc -l)" 41
    assert_equal "$(jq -r 'select(.type == "guest" and .guest == "c.img") | .status' out)" ok
    assert_equal "$(jq -r 'select(.type == "guest") | .status' out | grep -cE 'crashed|timeout' || [[ $? -eq 1 ]])" 0
    assert_nothing_left
}
