#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/lint/check-layers.sh: every include is one that the tables of common/README.md and appliance/agent/README.md allow.

load ../lib/helpers

# A tree with the tables of this one, and one file.
write_file() # PATH LINE...
{
    mkdir -p common appliance/agent "$(dirname "$1")"
    cp "$TOP/common/README.md" common/
    cp "$TOP/appliance/agent/README.md" appliance/agent/
    printf '%s\n' "${@:2}" > "$1"
}

@test "this tree keeps its own rules" {
    run "$TOP/tests/lint/check-layers.sh"
    assert_status 0
    [[ ! $output ]]
}

@test "an include that the table forbids is named with file, line and rule" {
    write_file common/base/text.c '#include "text.h"' '#include "wire/frame.h"'
    run "$TOP/tests/lint/check-layers.sh" .
    assert_status 1
    [[ $output == 'common/base/text.c:2: "wire/frame.h": base may not include wire' ]]
}

@test "the agent has the two lowest rooms of common/ and no more" {
    write_file appliance/agent/mount/mount.c '#include "base/text.h"' '#include "image/image-file.h"'
    run "$TOP/tests/lint/check-layers.sh" .
    assert_status 1
    [[ $output == 'appliance/agent/mount/mount.c:2: "image/image-file.h": agent/mount may not include image' ]]
}

@test "a room that no table has is named" {
    write_file common/attic/old.c '#include <stdio.h>'
    run "$TOP/tests/lint/check-layers.sh" .
    assert_status 1
    assert_contains "$output" 'the table of rooms does not have "attic"'
}

@test "what is in the same room is included by its bare name" {
    write_file common/base/text.c '#include "base/text.h"'
    run "$TOP/tests/lint/check-layers.sh" .
    assert_status 1
    assert_contains "$output" 'common/base/text.c:1: "base/text.h" is in the same room'
}
