#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests' own helpers, where they could do harm.
# shellcheck disable=SC2016 # what stands in single quotes is for another file

load helpers

# suite SETUP-FILE: runs a file with one test, that setup_file() and a teardown_file() that removes its directory
suite()
{
    mkdir mine
    touch mine/kept
    printf '%s\n' "load $BATS_TEST_DIRNAME/helpers" "setup_file() { $1; }" 'teardown_file() { remove_scratch; }' \
        'setup() { :; }' 'teardown() { :; }' '@test "it" { echo "$TMPDIR" > '"$PWD/where"'; }' > inner.bats
    TMPDIR=$PWD/mine run bats inner.bats
}

# bats 1.8 calls it failed; what matters is that TMPDIR is the user's then.
@test "a file whose setup_file() did not come to its end removes nothing that it has not made" {
    suite 'requires no-such-program; make_scratch'
    assert_status 1
    assert_contains "$output" "setup_file failed"
    [[ -e mine/kept ]]
}

@test "one that has made its directory removes that" {
    suite make_scratch
    assert_status 0
    [[ $(< where) == /tmp/vlt-test.?????? && ! -e $(< where) && -e mine/kept ]]
}
