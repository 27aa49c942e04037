#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A command in the appliance is as if it were here: streams, arguments, signals, status, terminal.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

setup()
{
    requires_appliance
    requires "$BUILD/appliance/tools"
    setup_test
    private_place
    launch --slots 2
}

# noise FILE MEBIBYTES
noise() { head -c "$(($2 << 20))" /dev/urandom > "$1"; }

# start_in_it COMMAND...: in the background, until it has said "ready"
start_in_it()
{
    rm -f out # of the one before: what that said is not this one's
    start virt-hotplug run "$name" -- "$@"
    wait_until 30 grep -q ready out
}

# A process whose command line has that in it; not that of the question.
there_in_it() { in_it sh -c "ps | grep -q '[${1:0:1}]${1:1}'"; }
# grep's status, not that of a command that could not be run.
gone_in_it() { local status=0; there_in_it "$1" || status=$?; [[ $status -eq 1 ]]; }

@test "stdin, stdout, stderr and the exit status pass through" {
    run --separate-stderr in_it sh -c 'cat; echo error >&2; exit 42' <<< $'one\ntwo'
    assert_status 42
    assert_equal "$output" $'one\ntwo'
    assert_equal "$stderr" "error"
}

@test "exit statuses, and 128 and the signal that ended it" {
    local code

    for code in 0 1 2 3 125 127 255; do
        run "-$code" in_it sh -c "exit $code"
    done
    run in_it sh -c 'kill -TERM $$'
    assert_status 143
    run in_it sh -c 'kill -KILL $$'
    assert_status 137
}

@test "50 MB into it" {
    noise big 50
    assert_equal "$(in_it sha256sum < big | cut -d ' ' -f 1)" "$(digest big)"
}

@test "50 MB out of it" {
    noise big 50
    attach big
    assert_equal "$(in_it cat /dev/sda | sha256sum)" "$(sha256sum < big)"
}

@test "50 MB both ways at once" {
    noise big 50
    assert_equal "$(in_it cat < big | sha256sum)" "$(sha256sum < big)"
}

@test "a reader that is slow, and one of stderr alone, do not block it for ever" {
    noise big 4
    run -0 bash -c 'virt-hotplug run "$1" -- cat < big | { sleep 2; sha256sum; }' bash "$name"
    assert_equal "$output" "$(sha256sum < big)"
    assert_equal "$(in_it sh -c 'cat >&2' < big 2>&1 > nothing | sha256sum)" "$(sha256sum < big)"
    [[ ! -s nothing ]]
}

@test "a command that reads nothing of a large input ends" {
    noise big 20
    run -0 in_it echo enough < big
    assert_equal "$output" enough
    run -0 in_it head -c 5 < <(echo hello; cat big)
    assert_equal "$output" hello
}

@test "arguments are bytes" {
    local -a words=("" " " "a  b" $'new\nline' $'tab\there' "*" "\$HOME" "'" '"' '\n' -- -x --help $'\xff\xfe\x80' ü)

    in_it printf '%s\0' "${words[@]}" > there
    printf '%s\0' "${words[@]}" > here
    run -0 cmp here there
}

@test "much in one argument, and many arguments" {
    local long

    long=$(printf 'x%.0s' {1..100000})
    assert_equal "$(in_it sh -c 'echo ${#1} $#' sh "$long" $(seq 2000))" "100000 2001"
}

@test "the dashes before the command may be left out, and options behind its name are its own" {
    run -0 virt-hotplug run "$name" echo --env -T --
    assert_equal "$output" "--env -T --"
    run -0 virt-hotplug run "$name" -- echo -- --help
    assert_equal "$output" "-- --help"
}

@test "its environment is PATH, HOME, TERM and what is added" {
    run -0 env TERM=mine SECRET=1 virt-hotplug run -e A=1 --env 'B=two words' --env=C= "$name" -- env
    assert_equal "$(grep -vE '^(PWD|SHLVL|OLDPWD|_)=' <<< "$output" | sed -E 's/^(PATH|HOME)=.*/\1/' | sort)" "A=1
B=two words
C=
HOME
PATH
TERM=mine"
    run -0 virt-hotplug run -e TERM=other "$name" -- sh -c "echo \$TERM; pwd"
    assert_equal "$output" "other
/"
    fails 125 "-e nonsense: it is not NAME=VALUE" run -e nonsense "$name" -- true
    fails 125 "-e =x: it is not NAME=VALUE" run -e =x "$name" -- true
}

@test "what is not found, or cannot be started, is 127 and said" {
    fails 127 "no-such-command: No such file or directory" run "$name" -- no-such-command
    fails 127 "/dev: Permission denied" run "$name" -- /dev
    fails 127 "virt-hotplug: $name: " run "$name" -- ""
}

@test "what virt-hotplug itself cannot do is 125" {
    fails 125 "there is no appliance of that name" run other -- true
    fails 125 "an argument is missing" run "$name"
    fails 125 "an argument is missing" run "$name" --
    fails 125 "unknown option" run --nonsense "$name" true
}

@test "a signal is passed to the command, whose status is what counts" {
    start_in_it sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 1; done'
    kill -TERM "$pid"
    finish
    assert_status 9
    assert_equal "$output" $'ready\ngot it'
    start_in_it sh -c 'echo ready; exec sleep 1000'
    kill -INT "$pid"
    finish
    assert_status 130
    start_in_it sh -c 'trap "echo usr1" USR1; trap "exit 4" HUP; echo ready; while :; do sleep 1; done'
    kill -USR1 "$pid"
    wait_until 30 grep -q usr1 out
    kill -HUP "$pid"
    finish
    assert_status 4
}

@test "a signal that was ignored from the beginning is not passed on" {
    start bash -c 'trap "" HUP; exec virt-hotplug run "$0" -- sh -c "echo ready; sleep 2; echo still here"' "$name"
    wait_until 30 grep -q ready out
    kill -HUP "$pid"
    finish
    assert_status 0
    assert_equal "$output" $'ready\nstill here'
}

# The clock ticks that it has used.
ticks_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

@test "it waits quietly for a reader that is slower than the appliance lives" {
    local before runner

    start bash -c 'virt-hotplug run "$0" -- sh -c "while :; do echo endless; done" | { read -r; echo ready; exec sleep 1000; }' "$name"
    wait_until 30 grep -q ready out
    runner=$(ours virt-hotplug)
    sleep 1
    # shellcheck disable=SC2046
    kill -KILL $(ours qemu-system)
    sleep 1
    before=$(ticks_of "$runner")
    sleep 2
    (($(ticks_of "$runner") - before < 20))
}

@test "kill -9 of it ends the command there" {
    start_in_it sh -c 'echo ready; exec sleep 4321'
    there_in_it 'sleep 4321'
    kill -KILL "$pid"
    finish
    assert_status 137
    wait_until 30 gone_in_it 'sleep 4321'
    # … also one that does not care for HUP.
    start_in_it sh -c 'trap "" HUP; echo ready; exec sleep 4321'
    kill -KILL "$pid"
    finish
    wait_until 30 gone_in_it 'sleep 4321'
}

@test "stdin closed, stdout closed, all closed" {
    run -0 bash -c 'virt-hotplug run "$1" -- sh -c "cat; echo end" <&-' bash "$name"
    assert_equal "$output" end
    run -0 bash -c 'virt-hotplug run "$1" -- true <&- 2>&-' bash "$name"
    run bash -c 'virt-hotplug run "$1" -- echo lost 2>&1 >&-' bash "$name"
    [[ $status -ne 0 ]]
    assert_contains "$output" "write to standard output: Bad file descriptor"
}

@test "a reader that goes away ends it quietly, and the command there" {
    run --separate-stderr bash -c '{ virt-hotplug run "$1" -- yes endless; echo $? > status; } | head -n 2' bash "$name"
    assert_equal "$output" $'endless\nendless'
    assert_equal "$stderr" ""
    assert_equal "$(cat status)" 141
    wait_until 30 gone_in_it 'yes endless'
}

@test "a full disk is an error" {
    run --separate-stderr bash -c 'virt-hotplug run "$1" -- echo x > /dev/full' bash "$name"
    assert_status 125
    assert_contains "$stderr" "write to standard output: No space left on device"
}

@test "what it leaves in the background does not keep it" {
    local since=$SECONDS

    run -0 in_it sh -c 'sleep 1000 & echo out'
    assert_equal "$output" out
    ((SECONDS - since < 300))
    run -0 in_it sh -c 'setsid sleep 1234 > /dev/null 2>&1 < /dev/null &'
    run -0 there_in_it 'sleep 1234'
}

@test "eight at once, and not nine" {
    local i
    local -a pids=()

    mkfifo in
    exec 8<> in
    for i in 1 2 3 4 5 6 7 8; do
        virt-hotplug run "$name" -- sh -c "echo ready; cat; exit $i" < in > "out$i" 3>&- 8>&- &
        pids+=($!)
    done
    for i in 1 2 3 4 5 6 7 8; do wait_until 30 grep -q ready "out$i"; done
    fails 125 "8 commands are running in it already" run "$name" -- true
    # Disks come and go meanwhile.
    assert_equal "$(attach /dev/null)" /dev/sda
    detach 0
    kill -TERM "${pids[@]}"
    for i in "${pids[@]}"; do
        status=0
        wait "$i" || status=$?
        assert_status 143
    done
    exec 8>&-
    run -0 in_it true
}

@test "several at once do not mix their streams" {
    local i

    for i in 1 2 3 4; do
        noise "big$i" 5
        in_it sh -c "cat; echo $i >&2" < "big$i" > "back$i" 2> "err$i" 3>&- &
    done
    wait
    for i in 1 2 3 4; do
        run -0 cmp "big$i" "back$i"
        assert_equal "$(cat "err$i")" "$i"
    done
}

# --- terminals ---

# on_terminal COMMAND-LINE: with a terminal of 33 rows of 99; what is on stdin is typed
on_terminal()
{
    requires script
    script -qefc "stty rows 33 cols 99; $1" typescript | tr -d '\r'
    return "${PIPESTATUS[0]}"
}

@test "a terminal is given on, with its size" {
    run on_terminal "virt-hotplug run $name -- sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size; exit 5'" < /dev/null
    assert_status 5
    assert_contains "$output" "33 99"
    run on_terminal "virt-hotplug run -T $name -- sh -c 'test -t 0 || echo none'" < /dev/null
    assert_contains "$output" none
}

@test "without one on stdin or stdout there is none" {
    run on_terminal "virt-hotplug run $name -- sh -c 'test -t 0 || test -t 1 || echo none' | cat" < /dev/null
    assert_contains "$output" none
}

@test "a shell can be used, and Ctrl-C gets through" {
    # Each when what comes before it has happened.
    type_it()
    {
        printf 'echo $((6 * 7))\n'
        wait_until 60 grep -q '^42' typescript
        printf 'sleep 1000\n'
        wait_until 60 there_in_it 'sleep 1000'
        printf '\003'
        wait_until 60 gone_in_it 'sleep 1000'
        printf 'echo after\nexit 3\n'
        wait_until 60 grep -q '^after' typescript
    }
    run on_terminal "virt-hotplug run $name -- sh" < <(type_it)
    assert_status 3
    assert_contains "$output" $'\n42\n' $'\nafter\n'
}

@test "the terminal is as before" {
    local -a modes

    run on_terminal "stty -g; virt-hotplug run $name -- true; stty -g" < /dev/null
    mapfile -t modes < <(grep -oE '[0-9a-f]+(:[0-9a-f]+){10,}' <<< "$output")
    assert_equal "${#modes[@]}" 2
    assert_equal "${modes[0]}" "${modes[1]}"
}
