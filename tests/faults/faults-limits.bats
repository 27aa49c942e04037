#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits of the process: never held against an image, and nothing is left where they are too low.

load ../lib/helpers

setup() { requires_appliance; setup_test; links 40; }

# limited LIMIT...: ulimit's arguments; all images are scanned
limited()
{
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit "$@" && virt-df-live --noheadings g0??.img' bash "$@"
}

@test "64 open files: smaller waves, and every image is scanned" {
    limited -n 64
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$(wc -l <<< "$output")" 40
    assert_nothing_left
}

@test "64 open files, and images that have two" {
    requires qemu-img
    local i overlays=()
    for ((i = 1; i <= 20; i++)); do
        overlays+=("o$i.qcow2")
        qemu-img create -q -f qcow2 -b g001.img -F raw "o$i.qcow2"
    done
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -n 64 && virt-df-live --noheadings "$@"' bash "${overlays[@]}"
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$(wc -l <<< "$output")" 20
}

# A wave is chosen as if images had two. QEMU runs out of descriptors with some 155 of these, at another of its commands with
# each limit.
# bats test_tags=slow
@test "some 1024 open files, and a wave of images that have three" {
    requires qemu-img
    local i files
    qemu-img create -q -f qcow2 -b g001.img -F raw middle.qcow2
    qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 t001.qcow2
    for ((i = 2; i <= 200; i++)); do ln t001.qcow2 "$(printf 't%03d.qcow2' "$i")"; done
    for files in 1024 1022 1020; do
        # shellcheck disable=SC2016
        run --separate-stderr bash -c 'ulimit -n "$1" && virt-df-live --noheadings --stats -P 1 t???.qcow2' bash "$files"
        assert_status 0
        assert_equal "$(grep -v '^stats: ' <<< "$stderr")" ""
        assert_equal "$(wc -l <<< "$output")" 200
        [[ $(jq .restores <<< "${stderr#stats: }") -gt 1 ]]
        assert_nothing_left
    done
}

@test "too few open files for anything: exit 3, what is needed, and nothing is left" {
    local files
    for files in 63 12 9 7; do
        limited -n "$files"
        assert_status 3
        assert_equal "$stderr" "virt-df-live: at most $files files may be open here, and 64 are needed (ulimit -n)"
        assert_nothing_left
    done
}

@test "too little address space: exit 3, why, and nothing is left" {
    ! grep -q __asan_init "$BUILD/bin/virt-df-live" || skip "a sanitizer needs more than there is"
    limited -v 1000000
    assert_status 3
    assert_contains "$stderr" "virt-df-live: " "Cannot allocate memory"
    assert_equal "$output" ""
    assert_nothing_left
}

@test "files that may not grow: exit 3, why, and nothing is left" {
    run -0 virt-df-live g001.img # so that there is a saved appliance, which is copied
    limited -f 20000
    assert_status 3
    assert_contains "$stderr" "File too large"
    assert_nothing_left
}

@test "an output that may not grow is an error" {
    # Ten bytes are left. An appliance's memory is smaller, so it is not what fails.
    truncate -s 614399990 out
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -f 600000 && virt-df-live -q g0??.img >> out'
    assert_status 1
    assert_equal "$stderr" "virt-df-live: write to standard output: File too large"
    assert_nothing_left
}
