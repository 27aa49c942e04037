#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/lint/check-architecture.sh: what docs/architecture.md says of the supervisor is so.

load ../lib/helpers

# A tree with one stop and one part of the supervisor.
write_tree() # STOP CALL
{
    mkdir -p docs common/scan
    echo "1. $1 does it." > docs/architecture.md
    printf 'int supervisor_list_read(struct supervisor *self)\n{\n    return %s(self);\n}\n' "$2" > common/scan/supervisor-list.c
}

# shellcheck disable=SC2016 # backquotes of Markdown
stop='`common/scan/supervisor-list.c`: `supervisor_list_read()`'

@test "this tree is as its architecture says" {
    run "$TOP/tests/lint/check-architecture.sh"
    assert_status 0
    [[ ! $output ]]
}

@test "a part may call itself and what starts and ends workers" {
    write_tree "$stop" supervisor_workers_extend
    run "$TOP/tests/lint/check-architecture.sh" .
    assert_status 0
}

@test "a part that calls another one is named with file and line" {
    write_tree "$stop" supervisor_dispatch_give
    run "$TOP/tests/lint/check-architecture.sh" .
    assert_status 1
    [[ $output == 'common/scan/supervisor-list.c:3: list may not call supervisor_dispatch_…()' ]]
}

@test "a stop whose function is gone is named" {
    write_tree "${stop/read/take}" supervisor_workers_extend
    run "$TOP/tests/lint/check-architecture.sh" .
    assert_status 1
    [[ $output == 'docs/architecture.md: common/scan/supervisor-list.c does not define supervisor_list_take()' ]]
}
