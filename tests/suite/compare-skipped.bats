#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `make check` does not install guestfs-tools: where they are not, the comparison with them is skipped, and nothing fails.

load ../lib/helpers

# Every program of the host but theirs.
make_path_without_theirs()
{
    mkdir bin
    find /usr/bin /usr/sbin -mindepth 1 -maxdepth 1 ! -name virt-df ! -name virt-ls -exec ln -sfn -t bin {} +
}

@test "without guestfs-tools each test that compares with them is skipped, with the reason" {
    make_path_without_theirs
    PATH=$TMPDIR/bin run -0 bats --tap "$TOP"/tests/compare/*.bats
    run ! grep -v -e '^1\.\.' -e '^ok .* # skip virt-[dfls]* (guestfs-tools) is not installed$' <<< "$output"
}
