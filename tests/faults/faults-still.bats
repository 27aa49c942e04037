#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What stands still costs one time-out at most, and those that shared the appliance are scanned
# again elsewhere; what goes on in time costs nothing.
# bats file_tags=slow

load ../lib/helpers
load ../lib/fed

setup() { requires_appliance; setup_test; links 80; }

# send SIGNAL NAME: to the processes of the test that are called so
send()
{
    local pids
    mapfile -t pids < <(ours "$2")
    kill -"$1" "${pids[@]}"
}

# assert_answered COUNT: every image once, in order; so many of them not in time, the others well
assert_answered()
{
    assert_equal "$(jq -r 'select(.type == "guest") | .guest' out)" "$(printf '%s\n' "${names[@]}")"
    assert_equal "$(jq -r 'select(.type == "guest") | .status' out | sort | uniq -c | xargs)" \
        "$((${#names[@]} - $1)) ok$([[ $1 -eq 0 ]] || echo " $1 timeout")"
    assert_nothing_left
}

@test "an appliance that stands still under a wave: one image, and its time-out" {
    start_fed 10 --timeout 4
    stand_still 30
    SECONDS=0
    end_list
    finish
    output=
    assert_status 1
    assert_answered 1
    # The rest takes 2 s where nothing else is going on; a time-out each, 280 s.
    ((SECONDS < 100)) || { echo "$SECONDS s"; return 1; }
}

@test "a worker that stands still: the same" {
    start_fed 10 --timeout 4
    stand_still 30
    send STOP vlt-worker
    kill -CONT "$qemu"
    end_list
    finish
    output=
    assert_status 1
    assert_answered 1
}

@test "an appliance and a worker that go on before their time is up cost nothing" {
    start_fed 10 --timeout 30
    stand_still 30
    sleep 1
    kill -CONT "$qemu"
    wait_until 60 at_least 40
    stand_still 30
    send STOP vlt-worker
    kill -CONT "$qemu"
    sleep 1
    send CONT vlt-worker
    end_list
    finish
    output=
    assert_status 0
    assert_answered 0
}

@test "a command that is stopped for longer than the time-out, and goes on" {
    start_fed 10 --timeout 3
    stand_still 30
    kill -STOP "$pid"
    kill -CONT "$qemu"
    sleep 4
    kill -CONT "$pid"
    end_list
    finish
    output=
    assert_status 0
    assert_answered 0
}

@test "a stopped command, and its workers and appliances with it" {
    start_fed 10 --timeout 3
    stand_still 30
    send STOP virt-df-live
    send STOP vlt-worker
    sleep 4
    # The command last, as it comes: those below it have a moment to answer.
    send CONT qemu-system
    send CONT vlt-worker
    send CONT virt-df-live
    end_list
    finish
    output=
    # The image whose turn it was may be late.
    [[ $status -le 1 ]]
    assert_answered "$status"
}

@test "a stopped command can be ended" {
    start_fed 10
    stand_still 30
    kill -STOP "$pid"
    kill -TERM "$pid"
    kill -CONT "$pid"
    finish
    output=
    assert_status 143
    assert_nothing_left
}

@test "a server that stops at a later read: its own time-out, and its neighbours are scanned meanwhile" {
    load ../lib/remote
    requires nbdkit
    # It answers what the host looks at, and nothing of what the appliance reads.
    # shellcheck disable=SC2016 # nbdkit runs it
    serve_script "$TMPDIR/late" get_size='echo 25165824' \
        pread='echo >> '"$TMPDIR"'/reads; [ "$(wc -l < '"$TMPDIR"'/reads)" -lt 3 ] || exec sleep 1000
               dd if='"$IMAGES"'/ext4.img iflag=count_bytes,skip_bytes count=$3 skip=$4 status=none'
    names=("nbd+unix:///?socket=$TMPDIR/late" "${names[@]}")
    start virt-df-live --json --timeout 8 -P 2 --isolate=none "${names[@]}"
    finish
    output=
    assert_status 1
    names[0]=late
    assert_answered 1
    # The others did not wait for it: each answer says how long it took from its turn.
    assert_equal "$(jq -r 'select(.type == "guest" and .elapsed_s >= 8) | .guest' out)" late
}

# Linux ends poll(), epoll_wait() and others with EINTR where a process was stopped and goes on.
@test "all processes are stopped and continued, over and over, in the midst of their calls: nothing is lost" {
    links 410
    start_fed 10
    for ((i = 0; i < 20; i++)); do
        feed 20 # there is something to do at each blow
        mapfile -t pids < <(ours virt-df-live; ours vlt-; ours qemu-system)
        kill -STOP "${pids[@]}" 2> gone || : # some have ended
        kill -CONT "${pids[@]}" 2> gone || :
    done
    end_list
    finish
    output=
    assert_status 0
    assert_answered 0
}
