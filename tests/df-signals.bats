#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals: it cleans up, and ends by the signal that it got.

load helpers

setup() { requires_appliance; setup_test; image ext4.img a.img; mkfifo list; }

# Waits with an open list, so with an appliance.
start_waiting()
{
    start virt-df-live "$@" --images-from list
    exec 8> list
    echo a.img >&8
    wait_until 60 grep -q '^a.img:' out
    is_running qemu-system
}

# ends_by SIGNAL STATUS TARGET: within 5 s, with nothing left
ends_by()
{
    local since=$SECONDS

    kill -"$1" -- "$3"
    finish
    exec 8>&-
    echo "after $((SECONDS - since)) s: status $status, $stderr"
    [[ $status -eq $2 && $((SECONDS - since)) -le 5 ]]
    assert_equal "$stderr" ""
    assert_nothing_left
}

@test "Ctrl-C (SIGINT to the process group)" { start_waiting; ends_by INT 130 "-$pid"; }
@test "SIGTERM to the command alone" { start_waiting; ends_by TERM 143 "$pid"; }
@test "SIGHUP to the process group" { start_waiting; ends_by HUP 129 "-$pid"; }
@test "Ctrl-C with two appliances at work" {
    links 100
    start virt-df-live -P 2 --wave 20 "${names[@]}"
    exec 8<> list
    wait_until 60 grep -q '^g001' out
    ends_by INT 130 "-$pid"
}

@test "Ctrl-C before there is an appliance" {
    start virt-df-live --images-from list a.img
    exec 8<> list
    wait_until 20 is_running virt-df-live
    ends_by INT 130 "-$pid"
}

@test "Ctrl-C twice" {
    start_waiting
    kill -INT -- "-$pid"
    ends_by INT 130 "-$pid"
}

@test "what nohup ignores is ignored" {
    requires nohup
    start nohup virt-df-live --images-from list
    exec 8> list
    echo a.img >&8
    wait_until 60 grep -q '^a.img:' out
    kill -HUP -- "-$pid"
    sleep 0.3
    exec 8>&-
    finish
    assert_status 0
    assert_nothing_left
}
