#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/lint/check-names.sh: a function that a header declares begins with the module's name.

load ../lib/helpers

setup()
{
    setup_test
    requires ctags
    mkdir -p common/base appliance/agent virt-ls
}

@test "this tree keeps its own rules" {
    run "$TOP/tests/lint/check-names.sh"
    assert_status 0
    [[ ! $output ]]
}

@test "a function without its module's name is named with file and line" {
    printf '%s\n' '/* One. */' 'int file_tree_copy(int from, int to);' '' 'char *read_all(int fd,' '               int *length);' > common/base/file-tree.h
    run "$TOP/tests/lint/check-names.sh" .
    assert_status 1
    [[ $output == "common/base/file-tree.h:4: read_all() does not begin with its module's name, file_tree_" ]]
}

@test "the first words of the module's name are enough, a part of a word is not" {
    printf '%s\n' 'int file_open(void);' 'int filet(void);' > common/base/file-tree.h
    run "$TOP/tests/lint/check-names.sh" .
    assert_status 1
    [[ $output == *"common/base/file-tree.h:2: filet() "* && $output != *file_open* ]]
}

@test "commands and the agent are held to it, too" {
    echo 'void put(int what);' > virt-ls/cell.h
    echo 'void scan(void);' > appliance/agent/boot.h
    run "$TOP/tests/lint/check-names.sh" .
    assert_status 1
    [[ ${#lines[@]} == 2 ]]
}

@test "what is static is a file's own matter" {
    printf '%s\n' 'static inline void cleanup_file(int *file)' '{' '    (void)file;' '}' > common/base/cleanup.h
    run "$TOP/tests/lint/check-names.sh" .
    assert_status 0
}
