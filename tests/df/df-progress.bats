#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# SIGUSR1: how far it is.

load ../lib/helpers
load ../lib/fed

setup() { requires_appliance; setup_test; }

said() { [[ $(grep -c 'virt-df-live: ' err) -ge $1 ]]; }

@test "SIGUSR1 asks for one line on stderr, and changes nothing else" {
    links 5
    start_fed 2 -q
    pkill -USR1 -g "$pid" # the command, and what else is in its group
    wait_until 30 said 1
    [[ $(< err) =~ ^virt-df-live:\ 2\ done\ [0-9.]+/(s|min)$ ]]
    end_list
    finish
    assert_status 0
    assert_equal "$(answers)" 5
    assert_equal "$(wc -l < err)" 1
    assert_nothing_left
}
