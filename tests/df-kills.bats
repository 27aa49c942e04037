#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of whatever takes part: every image is still answered for, and nothing is left.

load helpers

setup() { requires_appliance; setup_test; }

# Hundreds of objects are not shown when a test fails.
finish_quietly() { finish; output=; }

answers() { awk '/"type":"guest"/ { n++ } END { print n + 0 }' out; }
at_least() { (($(answers) >= $1)); }
no_qemu() { ! is_running qemu-system && ! is_running vlt-; }

# kill_some PID…: those that have ended meanwhile are as good
kill_some() { [[ $# -eq 0 ]] || kill -KILL "$@" 2> kill.err || [[ $(< kill.err) == *"No such process"* ]]; }

# scan_and_kill NAME TIMES: while it scans 200 images
scan_and_kill()
{
    local times=$2 i victims

    links 200
    start virt-df-live --json "${names[@]}"
    for ((i = 1; i <= times; i++)); do
        wait_until 60 at_least $((i * 30))
        mapfile -t victims < <(ours "$1")
        kill_some "${victims[@]}"
    done
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
    start virt-df-live --json "${names[@]}"
    wait_until 60 at_least 20
    # The command's children are wardens; the command is the process that was started.
    kill -KILL "$(ours virt-df-live | grep -vx "$pid" | head -n 1)"
    finish_quietly
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out)" "$(printf '%s\n' "${names[@]}")"
    assert_nothing_left 5
}

@test "SIGKILL of the command: no QEMU 5 s later, the next run removes the directory" {
    links 200
    start virt-df-live --json "${names[@]}"
    wait_until 60 at_least 20
    kill -KILL "$pid"
    wait "$pid" || [[ $? -eq 137 ]]
    wait_until 5 no_qemu
    run -0 virt-df-live g001.img
    assert_nothing_left
}

@test "SIGKILL of everything but QEMU: it ends by itself, and the next run removes the directory" {
    links 200
    start virt-df-live --json "${names[@]}"
    wait_until 60 at_least 20
    # shellcheck disable=SC2046
    kill -KILL $(ours virt-df-live) $(ours vlt-)
    wait "$pid" || [[ $? -eq 137 ]]
    wait_until 15 no_qemu
    run -0 virt-df-live g001.img
    assert_nothing_left 5
}

# The server takes its time for the first read, so there is somebody to kill.
@test "SIGKILL of what connects to an image: it is connected to again" {
    load remote
    requires nbdkit
    # shellcheck disable=SC2016 # nbdkit runs it
    serve_script "$TMPDIR/slow" get_size='echo 25165824' \
        pread='[ -e '"$TMPDIR"'/slept ] || { : > '"$TMPDIR"'/slept; sleep 20; }
               dd if='"$IMAGES"'/ext4.img iflag=count_bytes,skip_bytes count=$3 skip=$4 status=none'
    links 3
    start virt-df-live --json "nbd+unix:///?socket=$TMPDIR/slow" "${names[@]}"
    wait_until 20 test -e "$TMPDIR/slept"
    # shellcheck disable=SC2046
    kill -KILL $(ours vlt-remote)
    finish_quietly
    assert_status 0
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out | xargs)" "slow ${names[*]}"
    assert_equal "$(statuses)" ""
    assert_nothing_left
}

@test "SIGKILL at random moments" {
    local i victims

    links 200
    start virt-df-live --json -P 2 --wave 60 "${names[@]}"
    for i in 1 2 3 4; do
        # Three that are killed before they are up, in a row, end the run: here some work in between.
        wait_until 60 at_least $((i * 20))
        sleep "0.$((RANDOM % 10))"
        mapfile -t victims < <(ours vlt-worker; ours qemu-system)
        [[ ${#victims[@]} -eq 0 ]] || kill_some "${victims[RANDOM % ${#victims[@]}]}"
    done
    finish_quietly
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out)" "$(printf '%s\n' "${names[@]}")"
    assert_nothing_left
}

@test "a QEMU that hangs: the image's time is up, the others are answered" {
    mkfifo list
    links 3
    start virt-df-live --json --timeout 5 --images-from list
    exec 8> list
    echo g001.img >&8
    wait_until 60 at_least 1
    # shellcheck disable=SC2046
    kill -STOP $(ours qemu-system)
    printf '%s\n' g002.img g003.img >&8
    exec 8>&-
    finish_quietly
    assert_status 1
    assert_equal "$(jq -r 'select(.type == "guest") | .guest + " " + .status' out)" "g001.img ok
g002.img timeout
g003.img ok"
    assert_nothing_left
}
