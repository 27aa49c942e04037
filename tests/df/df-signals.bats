#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals: it cleans up, and ends by the signal that it got.

load ../lib/helpers
load ../lib/fed

setup() { requires_appliance; setup_test; image ext4.img a.img; }

# Waits with an open list, so with an appliance.
start_waiting()
{
    # shellcheck disable=SC2034 # start_fed does
    names=(a.img)
    start_fed 1
    is_running qemu-system
}

# ends_by SIGNAL STATUS TARGET: while the list is still open, with nothing left
ends_by()
{
    # A signal before this one may have ended it: the status says by what.
    kill -"$1" -- "$3" 2> kill.err || grep -q "No such process" kill.err
    finish
    exec 8>&-
    assert_status "$2"
    assert_equal "$stderr" ""
    assert_nothing_left
}

@test "Ctrl-C (SIGINT to the process group)" { start_waiting; ends_by INT 130 "-$pid"; }
@test "SIGTERM to the command alone" { start_waiting; ends_by TERM 143 "$pid"; }
@test "SIGHUP to the process group" { start_waiting; ends_by HUP 129 "-$pid"; }

two_are_there() { [[ $(ours qemu-system | wc -l) -ge 2 ]]; }

@test "Ctrl-C with two appliances at work" {
    links 100
    start_fed 1 -P 2 --wave 20
    stand_still 99
    wait_until 60 two_are_there
    kill -CONT "$qemu"
    ends_by INT 130 "-$pid"
}

@test "Ctrl-C before there is an appliance" {
    mkfifo list
    start virt-df-live --images-from list a.img
    exec 8<> list
    wait_until 30 is_running virt-df-live
    ends_by INT 130 "-$pid"
}

@test "Ctrl-C twice" {
    start_waiting
    kill -INT -- "-$pid"
    ends_by INT 130 "-$pid"
}

@test "what nohup ignores is ignored" {
    requires nohup
    mkfifo list
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
