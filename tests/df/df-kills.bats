#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of whatever takes part: every image is still answered for, and nothing is left.
# bats file_tags=slow

load ../lib/helpers
load ../lib/fed

setup() { requires_appliance; setup_test; }

# Hundreds of objects are not shown when a test fails.
finish_quietly() { finish; output=; }

no_qemu() { ! is_running qemu-system && ! is_running vlt-; }

# kill_all NAME: the processes of the test that are called so
kill_all()
{
    local victims

    mapfile -t victims < <(ours "$1")
    kill -KILL "${victims[@]}"
}

# scan_and_kill NAME TIMES: while it scans 100 images
scan_and_kill()
{
    local times=$2 i

    links 100
    start_fed 20
    for ((i = 0; i < times; i++)); do
        wait_until 60 at_least "$fed"
        stand_still 30
        kill_all "$1"
    done
    end_list
    finish_quietly
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out)" "$(printf '%s\n' "${names[@]}")"
    assert_nothing_left
}

statuses() { jq -r 'select(.type == "guest" and .status != "ok") | .status' out; }

@test "SIGKILL of the workers: every image is scanned" {
    scan_and_kill vlt-worker 2
    assert_status 0
    assert_equal "$(statuses)" ""
}

# An image that was alone in its appliance at the second kill cannot be told from a culprit.
@test "SIGKILL of QEMU: every image is answered, and one named at most" {
    scan_and_kill qemu-system 2
    [[ $(statuses) == "" && $status -eq 0 || $(statuses) == crashed && $status -eq 1 ]]
}

@test "SIGKILL of a warden: every image is answered" {
    links 100
    start_fed 20
    stand_still 30
    # The command's children are wardens; the command is the process that was started.
    kill -KILL "$(ours virt-df-live | grep -vx "$pid")"
    end_list
    finish_quietly
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out)" "$(printf '%s\n' "${names[@]}")"
    assert_nothing_left
}

@test "SIGKILL of the command: no QEMU 5 s later, the next run removes the directory" {
    links 100
    start_fed 20
    stand_still 30
    kill -KILL "$pid"
    wait "$pid" || [[ $? -eq 137 ]]
    wait_until 5 no_qemu
    run -0 virt-df-live g001.img
    assert_nothing_left
}

@test "SIGKILL of everything but QEMU: it ends by itself, and the next run removes the directory" {
    local victims

    links 100
    start_fed 20
    stand_still 30
    mapfile -t victims < <(ours virt-df-live; ours vlt-)
    kill -CONT "$qemu"
    kill -KILL "${victims[@]}"
    wait "$pid" || [[ $? -eq 137 ]]
    wait_until 15 no_qemu
    run -0 virt-df-live g001.img
    assert_nothing_left
}

# The server answers the first read when it has happened, so there is somebody to kill.
@test "SIGKILL of what connects to an image: it is connected to again" {
    load ../lib/remote
    requires nbdkit
    # shellcheck disable=SC2016 # nbdkit runs it
    serve_script "$TMPDIR/slow" get_size='echo 25165824' \
        pread=': > '"$TMPDIR"'/asked; while [ ! -e '"$TMPDIR"'/killed ]; do sleep 0.1; done
               dd if='"$IMAGES"'/ext4.img iflag=count_bytes,skip_bytes count=$3 skip=$4 status=none'
    links 3
    start virt-df-live --json "nbd+unix:///?socket=$TMPDIR/slow" "${names[@]}"
    wait_until 30 test -e "$TMPDIR/asked"
    kill_all vlt-remote
    : > "$TMPDIR/killed"
    finish_quietly
    assert_status 0
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out | xargs)" "slow ${names[*]}"
    assert_equal "$(statuses)" ""
    assert_nothing_left
}

# kill_some PID…: those that have ended meanwhile are as good
kill_some() { [[ $# -eq 0 ]] || kill -KILL "$@" 2> kill.err || [[ $(< kill.err) == *"No such process"* ]]; }

@test "SIGKILL at random moments" {
    local i victims

    links 210
    start_fed 10 -P 2 --wave 60
    for i in 1 2 3 4; do
        feed 50
        # Three that are killed before they are up, in a row, end the run: here some work in between.
        wait_until 60 at_least $(($(answers) + 1))
        sleep "0.$((RANDOM % 10))"
        mapfile -t victims < <(ours vlt-worker; ours qemu-system)
        kill_some "${victims[RANDOM % ${#victims[@]}]}"
    done
    end_list
    finish_quietly
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out)" "$(printf '%s\n' "${names[@]}")"
    assert_nothing_left
}

@test "a QEMU that hangs: the image's time is up, the others are answered" {
    links 3
    start_fed 1 --timeout 5
    stand_still 2
    end_list
    finish_quietly
    assert_status 1
    assert_equal "$(jq -r 'select(.type == "guest") | .guest + " " + .status' out)" "g001.img ok
g002.img timeout
g003.img ok"
    assert_nothing_left
}
