#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line of virt-df-live. No test here needs an appliance.

load ../lib/helpers

# usage_error "ARGUMENTS" PART...: exit 2, nothing on stdout, the parts and a hint on stderr.
usage_error()
{
    local -a arguments

    eval "arguments=($1)"
    shift
    run --separate-stderr virt-df-live "${arguments[@]}"
    assert_status 2
    assert_equal "$output" ""
    # shellcheck disable=SC2154 # bats sets it
    assert_contains "$stderr" "virt-df-live: " "Try 'virt-df-live --help'" "$@"
}

@test "unknown options are named" {
    usage_error "--nonsense a.img" "--nonsense: unknown option"
    usage_error "-z a.img" "-z: unknown option"
    usage_error "-qz a.img" "unknown option"
    usage_error "--guest x" "--guest: unknown option"
}

@test "missing and surplus values are named" {
    usage_error "-a" "-a: missing argument"
    usage_error "-d" "-d: missing argument"
    usage_error "-d ''" "-d: the name of a guest is empty"
    usage_error "a.img -c" "-c: missing argument"
    usage_error "a.img --images-from" "--images-from: missing argument"
    usage_error "--json=yes a.img" "--json"
}

@test "a guest of more disks than there are slots" {
    usage_error "$(printf -- '-a x%.0s ' {1..256})" "image \"x\": it has more than 255 images"
}

@test "numbers are strict" {
    usage_error "--wave 0 a.img" "--wave: 0 is not between 1 and 255"
    usage_error "--wave 256 a.img" "--wave: 256"
    usage_error "--wave 1k a.img" "is not a number"
    usage_error "-P -1 a.img" "-P: \"-1\" is not a number"
    usage_error "--timeout '' a.img" "--timeout: \"\" is not a number"
    usage_error "--memsize 1 a.img" "--memsize: 1 is not between"
    usage_error "--fail-above 101 a.img" "--fail-above: 101 is not between 0 and 100"
    usage_error "--fail-above 9.5 a.img" "--fail-above: \"9.5\" is not a number"
}

@test "words are one of those that there are" {
    usage_error "--format=bochs a.img" "--format: \"bochs\"" "raw, qcow2"
    usage_error "--blocksize=1024 a.img" "--blocksize: \"1024\"" "512, 4096"
    usage_error "--isolate all a.img" "--isolate: \"all\"" "none, owner, directory, guest"
    usage_error "--accel xen a.img" "auto, kvm, tcg"
    usage_error "--backing no a.img" "deny, same-dir, allow"
    usage_error "--progress=1 a.img" "auto, always, never"
}

@test "an unknown column is named, with those that there are" {
    usage_error "-o FOO a.img" "-o: unknown column \"FOO\"" "GUEST,FILESYSTEM"
    usage_error "-o GUEST, a.img" "unknown column \"\""
    usage_error "-o '' a.img" "unknown column \"\""
}

@test "options that contradict each other" {
    usage_error "--csv -h a.img" "-h and --csv"
    usage_error "-h --json a.img" "-h and --json"
    usage_error "--csv --json a.img" "--csv and --json"
    usage_error "--json -o GUEST a.img" "-o and --json"
    usage_error "--output-all -o GUEST a.img" "-o and --output-all"
}

@test "names that are none, and URIs" {
    usage_error "''" "the name of an image is empty"
    usage_error "-a ftp://host/disk" "ftp://..." "ftp:// is not read"
}

@test "messages escape control characters" {
    usage_error "--format=\$'\\e[31m' a.img" '\x1B[31m'
    # shellcheck disable=SC2154
    [[ $stderr != *$'\e'* ]]
}

@test "--help names the options and the columns" {
    run --separate-stderr virt-df-live --help
    assert_status 0
    assert_equal "$stderr" ""
    assert_contains "$output" "Usage: virt-df-live" "--fail-above=PCT" "--images-from=FILE" \
        "Columns" "FILESYSTEM" "IUSE%"
}

@test "--usage is brief" {
    run --separate-stderr virt-df-live --usage
    assert_status 0
    assert_contains "$output" "Usage: virt-df-live" "--fail-above"
    [[ $output != *Columns* ]]
}

@test "-V and --version say what this is" {
    run -0 virt-df-live -V
    [[ $output =~ ^virt-df-live\ \(virt-live-tools\)\ [0-9] ]]
    local short=$output
    run -0 virt-df-live --version
    assert_equal "$output" "$short"
}

@test "help that cannot be written is an error" {
    run bash -c 'virt-df-live --help 2>&1 > /dev/full'
    assert_status 1
    assert_contains "$output" "write to standard output: No space left on device"
    run bash -c 'virt-df-live --help 2>&1 >&-'
    assert_status 1
    assert_contains "$output" "write to standard output: Bad file descriptor"
}

@test "help into a pipe that is closed ends quietly" {
    run --separate-stderr bash -c '{ virt-df-live --help; echo $? > status; } | true'
    assert_equal "$stderr" ""
    # The reader may have been slower than the writer.
    [[ $(cat status) == 141 || $(cat status) == 0 ]]
}

@test "an empty list is an error of its own" {
    : > empty
    run --separate-stderr virt-df-live --images-from empty
    assert_status 1
    assert_equal "$stderr" "virt-df-live: empty: the list is empty: nothing to scan"
    run --separate-stderr bash -c 'find . -name nothing | virt-df-live --noheadings --images-from -'
    assert_status 1
    assert_equal "$output" ""
    assert_contains "$stderr" "the list is empty"
}

@test "a list that cannot be read is named" {
    run --separate-stderr virt-df-live --images-from missing
    assert_status 1
    assert_contains "$stderr" "virt-df-live: missing: cannot read the list: No such file"
}

@test "help, man page and completion name the same options" {
    requires podchecker
    run -0 "$TOP/tests/lint/check-docs.sh" "$BUILD/bin/virt-df-live" \
        "$TOP/virt-df-live/virt-df-live.pod" "$TOP/virt-df-live/virt-df-live.bash-completion"
    run -0 podchecker "$TOP/virt-df-live/virt-df-live.pod"
}

@test "completion completes options, words and columns" {
    # shellcheck disable=SC1091
    source "$TOP/virt-df-live/virt-df-live.bash-completion"
    compopt() { :; }
    complete_words()
    {
        COMP_WORDS=(virt-df-live "$@")
        COMP_CWORD=$#
        COMPREPLY=()
        _virt_df_live
    }
    complete_words --fail
    assert_equal "${COMPREPLY[*]}" "--fail-above"
    complete_words --isolate = d
    assert_equal "${COMPREPLY[*]}" "directory"
    complete_words --isolate =
    assert_equal "${COMPREPLY[*]}" "none owner directory guest"
    complete_words -o GUEST,lab
    assert_equal "${COMPREPLY[*]}" "GUEST,LABEL"
}
