#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the output goes: a reader that has gone, a disk that is full, no stdout at all.

load ../lib/helpers

setup() { requires_appliance; setup_test; links 40; printf '%s\n' "${names[@]}" > list; }

@test "| head -n 1 ends it quietly" {
    run --separate-stderr bash -c '{ virt-df-live --images-from list; echo $? > status; } | head -n 1'
    assert_contains "$output" "Filesystem"
    assert_equal "$stderr" ""
    # By SIGPIPE, unless all was written before head ended.
    [[ $(cat status) == 141 || $(cat status) == 0 ]]
    assert_nothing_left
}

@test "a full disk is an error" {
    run --separate-stderr bash -c 'virt-df-live --images-from list > /dev/full'
    assert_status 1
    assert_equal "$stderr" "virt-df-live: write to standard output: No space left on device"
    assert_nothing_left
}

@test "… also for JSON and for -o, whose table comes at the end" {
    run bash -c 'virt-df-live --json g001.img > /dev/full'
    assert_status 1
    run bash -c 'virt-df-live -o GUEST g001.img > /dev/full'
    assert_status 1
    assert_contains "$output" "No space left on device"
}

@test "a closed stdout is an error" {
    run bash -c 'virt-df-live g001.img 2>&1 >&-'
    assert_status 1
    assert_contains "$output" "write to standard output: Bad file descriptor"
    assert_nothing_left
}

@test "closed stdin and stderr do no harm" {
    run -0 bash -c 'virt-df-live --noheadings g001.img <&- 2>&-'
    assert_contains "$output" "g001.img:/dev/sda"
    run bash -c 'virt-df-live --noheadings g001.img gone.img <&- 2>&-'
    assert_status 1
    assert_nothing_left
}

@test "the images are not read through a stdin that is not asked for" {
    run -0 bash -c 'echo one line | { virt-df-live -q g001.img > /dev/null; cat; }'
    assert_equal "$output" "one line"
}
