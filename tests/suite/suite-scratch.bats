#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests themselves: a file removes the directory that it has made, and nothing else.

load ../lib/helpers

# A file as those that share something between their tests; its teardown_file is run in any case.
write_file()
{
    mkdir nested others
    : > others/precious
    {
        echo "load $TOP/tests/lib/helpers"
        echo "setup_file() { file_requires $1 || return 0; make_scratch; echo \"\$TMPDIR\" > $PWD/made; }"
        echo 'teardown_file() { remove_scratch; }'
        echo '@test "one" { true; }'
    } > nested/file.bats
}

run_file() { run env TMPDIR="$PWD/others" bats nested/file.bats; }

@test "a file that is skipped removes nothing" {
    write_file /nonexistent/thing
    run_file
    assert_status 0
    assert_contains "$output" "# skip there is no /nonexistent/thing"
    [[ -e others/precious && -d $TMPDIR ]]
}

@test "a file that is not removes what it has made" {
    write_file /
    run_file
    assert_status 0
    [[ -e others/precious && -s made && ! -e $(cat made) ]]
}

@test "no file removes TMPDIR, whatever that is" {
    # shellcheck disable=SC2016
    run -1 grep -nE 'rm -rf? "?\$(\{)?TMPDIR(\})?"?( |;|$)' "$TOP"/tests/*/*.bats "$TOP/tests/lib/volumes.bash"
}
