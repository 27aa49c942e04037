#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line of virt-ls. No test here needs an appliance.

load ../lib/helpers

# The one that was built: guestfs-tools has a command of this name, too.
command=$BUILD/bin/virt-ls

# usage_error "ARGUMENTS" PART...: exit 2, nothing on stdout, the parts and a hint on stderr.
usage_error()
{
    local -a arguments

    eval "arguments=($1)"
    shift
    run --separate-stderr "$command" "${arguments[@]}"
    assert_status 2
    assert_equal "$output" ""
    # shellcheck disable=SC2154 # bats sets it
    assert_contains "$stderr" "virt-ls: " "Try 'virt-ls --help'" "$@"
}

@test "no image, no directory" {
    usage_error "" "no image given" "-a" "-d" "--images-from"
    usage_error "/etc" "no image given"
    usage_error "-a a.img" "no directory given"
    usage_error "--images-from list -R" "no directory given"
}

@test "a directory begins with a slash" {
    usage_error "-a a.img etc" "etc: a directory in the guest must begin with /" "-a"
    usage_error "a.img /etc" "a.img: a directory in the guest"
    usage_error "-a a.img ''" '"": a directory in the guest'
    usage_error "-a a.img ./etc /" "./etc"
}

@test "flags that mean nothing without -lR" {
    local flag

    for flag in --csv -h --checksum --checksum=crc --extra-stats --times --time-t --time-relative --time-days --uids; do
        usage_error "-a a.img / $flag" "for -lR"
        usage_error "-a a.img / -l $flag" "for -lR"
        usage_error "-a a.img / -R $flag" "for -lR"
    done
}

@test "flags that contradict each other" {
    usage_error "-a a.img / -lR -h --csv" "-h and --csv cannot be used together"
    usage_error "-a a.img / -lR --json --csv" "--csv and --json"
    usage_error "-a a.img / -lR --json -h" "-h and --json"
    usage_error "-a a.img / -lR --json --time-days" "--json"
}

@test "-m" {
    usage_error "-a a.img / -m ''" "-m : no device is named"
    usage_error "-a a.img / -m /dev/sda:usr" "-m /dev/sda:usr: usr does not begin with /"
    usage_error "-a a.img / -m" "-m: missing argument"
}

@test "--checksum takes one of those that there are" {
    usage_error "-a a.img -lR --checksum=md6 /" '--checksum: "md6"' "crc, md5, sha1, sha224, sha256, sha384, sha512"
}

@test "unknown options are named" {
    usage_error "-a a.img --nonsense /" "--nonsense: unknown option"
    usage_error "-a a.img -lz /" "unknown option"
    usage_error "--guest x /" "--guest: unknown option"
}

@test "messages escape control characters" {
    usage_error "-a a.img \$'\\e[31m'" '\x1B[31m'
    # shellcheck disable=SC2154
    [[ $stderr != *$'\e'* ]]
}

@test "--help names the options" {
    run --separate-stderr "$command" --help
    assert_status 0
    assert_equal "$stderr" ""
    assert_contains "$output" "Usage: virt-ls" "--checksum[=TYPE]" "--images-from=FILE" "-R, --recursive" "-0"
    [[ $output != *--extra-stat\ * && $output != *--checksums* ]]
}

@test "--usage is brief; -V and --version say what this is" {
    run --separate-stderr "$command" --usage
    assert_status 0
    assert_contains "$output" "Usage: virt-ls" "--uids"
    run -0 "$command" -V
    [[ $output =~ ^virt-ls\ \(virt-live-tools\)\ [0-9] ]]
}

@test "help that cannot be written is an error" {
    run bash -c "$command --help 2>&1 > /dev/full"
    assert_status 1
    assert_contains "$output" "write to standard output: No space left on device"
    run bash -c "$command --help 2>&1 >&-"
    assert_status 1
    assert_contains "$output" "write to standard output: Bad file descriptor"
}

@test "an empty list is an error of its own" {
    : > empty
    run --separate-stderr "$command" --images-from empty /
    assert_status 1
    assert_equal "$stderr" "virt-ls: empty: the list is empty: nothing to list"
}

@test "what cannot be opened needs no appliance" {
    run --separate-stderr "$command" -a gone.img --appliance /nonexistent /
    assert_status 1
    assert_equal "$output" ""
    assert_contains "$stderr" "virt-ls: gone.img: " "No such file"
}

@test "help, man page and completion name the same options" {
    requires podchecker
    run -0 "$TOP/tests/lint/check-docs.sh" "$command" "$TOP/virt-ls/virt-ls.pod" \
        "$TOP/virt-ls/virt-ls.bash-completion"
    run -0 podchecker "$TOP/virt-ls/virt-ls.pod"
}

@test "completion completes options and checksums" {
    # shellcheck disable=SC1091
    source "$TOP/virt-ls/virt-ls.bash-completion"
    compopt() { :; }
    complete_words()
    {
        COMP_WORDS=(virt-ls "$@")
        COMP_CWORD=$#
        COMPREPLY=()
        _virt_ls
    }
    complete_words --time-d
    assert_equal "${COMPREPLY[*]}" "--time-days"
    complete_words --checksum = sha2
    assert_equal "${COMPREPLY[*]}" "sha224 sha256"
    complete_words --isolate n
    assert_equal "${COMPREPLY[*]}" "none"
}
