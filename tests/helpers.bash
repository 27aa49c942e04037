# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For every bats file: `load helpers`. Gives each test the commands that were built, a private
# TMPDIR, and a stack of what must be undone after it, whatever became of it.

bats_require_minimum_version 1.5.0

# `make check-asan` and the like set BUILD.
TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$TOP/$BUILD
PATH=$BUILD/bin:$PATH
export TOP BUILD PATH
export LC_ALL=C.UTF-8

# A file that has its own setup() calls this in it; the same for teardown.
setup()
{
    setup_test
}

teardown()
{
    teardown_test
}

setup_test()
{
    # Short: the paths of Unix sockets below it have 108 bytes.
    TMPDIR=$(mktemp -d /tmp/vlt-test.XXXXXX)
    export TMPDIR
    cleanups=()
    cd "$TMPDIR" || return 1
}

teardown_test()
{
    local i

    for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
        eval "${cleanups[i]}" || echo "# cleanup failed: ${cleanups[i]}" >&3
    done
    cd / && rm -rf "$TMPDIR"
}

# on_cleanup COMMAND [ARGUMENT...]: runs when the test is over; the last one first.
on_cleanup()
{
    cleanups+=("${*@Q}")
}

# requires PROGRAM-OR-FILE...: skips the test, with the reason, where one is missing.
requires()
{
    local what

    for what in "$@"; do
        if [[ $what == */* ]]; then
            [[ -e $what ]] || skip "there is no $what"
        else
            command -v "$what" > /dev/null || skip "$what is not installed"
        fi
    done
}

# The test needs an appliance that has been built.
requires_appliance()
{
    requires "$BUILD/appliance/kernel" "$BUILD/appliance/initrd" "$BUILD/appliance/root"
}

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until()
{
    local deadline=$((SECONDS + $1))

    shift
    until "$@"; do
        if ((SECONDS >= deadline)); then
            echo "not within the time: $*"
            return 1
        fi
        sleep 0.1
    done
}

# What the last `run` gave; says what there was where it is something else.
assert_status()
{
    # shellcheck disable=SC2154 # bats sets them
    if [[ $status -ne $1 ]]; then
        echo "exit status $status, not $1; output: $output; stderr: ${stderr-}"
        return 1
    fi
}

# assert_contains TEXT PART...
assert_contains()
{
    local text=$1 part

    shift
    for part in "$@"; do
        if [[ $text != *"$part"* ]]; then
            echo "\"$part\" is not in: $text"
            return 1
        fi
    done
}

assert_equal()
{
    if [[ $1 != "$2" ]]; then
        echo "got: $1"
        echo "not: $2"
        return 1
    fi
}
