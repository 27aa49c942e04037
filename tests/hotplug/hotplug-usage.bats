#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line of virt-hotplug, and its papers. No test here needs an appliance.

load ../lib/helpers

setup()
{
    setup_test
    export VIRT_LIVE_TOOLS_RUNTIME=$TMPDIR/run
}

# usage_error COMMAND "ARGUMENTS" PART...: exit 2, nothing on stdout, the parts and a hint on stderr
usage_error()
{
    local command=$1
    local -a arguments

    eval "arguments=($2)"
    shift 2
    run --separate-stderr virt-hotplug ${command:+"$command"} "${arguments[@]}"
    assert_status 2
    assert_equal "$output" ""
    # shellcheck disable=SC2154 # bats sets it
    assert_contains "$stderr" "virt-hotplug: " "Try 'virt-hotplug${command:+ $command} --help'" "$@"
}

@test "a command has to be named, and to be one" {
    usage_error "" "" "no command is given"
    run --separate-stderr virt-hotplug destroy x
    assert_status 2
    assert_equal "$stderr" "virt-hotplug: \"destroy\" is no command
Try 'virt-hotplug --help' for more information."
    run virt-hotplug --slots 3 launch
    assert_status 2
}

@test "missing and surplus arguments are named, with the usage" {
    usage_error attach "" "an argument is missing" "virt-hotplug attach [OPTION...] NAME IMAGE"
    usage_error attach "one" "an argument is missing"
    usage_error attach "--slot 1 one a.img b.img" "--slot and --label are for one image"
    usage_error detach "one" "an argument is missing" "NAME SLOT|DEVICE|LABEL"
    usage_error list "one two" "too many arguments"
    usage_error shutdown "" "an argument is missing"
    usage_error shutdown "one two" "too many arguments"
}

@test "unknown options and missing values are named" {
    local command

    for command in launch attach detach list shutdown; do
        usage_error "$command" "--nonsense one" "--nonsense: unknown option"
    done
    usage_error launch "--slots" "--slots: missing argument"
    usage_error attach "one a.img --slot" "--slot: missing argument"
    usage_error detach "--slot 1 one" "--slot: unknown option"
}

@test "values are what they are, and those of unknown options are not repeated" {
    usage_error attach "--label 'x!#:+' one b.img" "--label x!#:+: a label is"
    usage_error attach "--label x one b.img '!#:+' --slot 1" "are for one image"
    usage_error list "--env=hunter2" "--env: unknown option"
    run ! grep hunter2 <<< "$stderr"
}

@test "numbers and words are strict" {
    usage_error launch "--slots 0" "--slots: 0 is not between 1 and 255"
    usage_error launch "--slots 256" "--slots: 256 is not between 1 and 255"
    usage_error launch "--slots 3x" "--slots: \"3x\" is not a number"
    usage_error launch "--slots ''" "--slots: \"\" is not a number"
    usage_error launch "--idle -1" "--idle: \"-1\" is not a number"
    usage_error launch "--idle 99999999999" "--idle: 99999999999 is not between"
    usage_error launch "--memsize 1" "--memsize: 1 is not between"
    usage_error launch "--accel xen" "auto, kvm, tcg"
    usage_error launch "--format bochs" "--format: \"bochs\"" "raw, qcow2"
    usage_error attach "--blocksize 1024 one a.img" "--blocksize: \"1024\"" "512, 4096"
    usage_error attach "--backing no one a.img" "deny, same-dir, allow"
    usage_error attach "--label 'a b' one a.img" "--label a b: a label is 1-20 letters"
    usage_error attach "--rw --transient one a.img" "--rw and --transient: what is written is either kept or lost"
    usage_error launch "--transient --rw a.img" "--rw and --transient"
    usage_error attach "--transient-size 5 one a.img" "--transient-size is for --transient"
    usage_error attach "--transient --transient-size 0 one a.img" "--transient-size: 0 is not between 1 and 16777216"
    usage_error attach "--replace one a.img" "--replace: say in which --slot"
}

@test "options may stand before and behind the arguments" {
    run --separate-stderr virt-hotplug detach one --force 1
    assert_status 1
    assert_contains "$stderr" "virt-hotplug: one: there is no appliance of that name (in $TMPDIR/run)"
}

@test "messages escape control characters" {
    run --separate-stderr virt-hotplug detach $'\e[31m' 1
    assert_status 1
    assert_contains "$stderr" '\x1B[31m'
    [[ $stderr != *$'\e'* ]]
}

@test "a runtime directory that is no absolute path is not used" {
    mkdir run
    run --separate-stderr env VIRT_LIVE_TOOLS_RUNTIME=run virt-hotplug list nobody
    assert_status 1
    [[ $stderr != *"(in run)"* ]]
}

@test "a path that is too long for sockets is refused" {
    requires_appliance
    requires "$BUILD/appliance/tools"
    local long

    long=$TMPDIR/$(printf 'x%.0s' {1..60})
    mkdir "$long"
    run --separate-stderr env VIRT_LIVE_TOOLS_RUNTIME="$long" virt-hotplug launch --slots 1
    [[ $status -ne 0 ]]
    assert_contains "$stderr" "is too long for the Unix sockets below it"
    assert_equal "$(ls "$long")" ""
}

@test "--help, --usage, --version" {
    local command short

    run -0 --separate-stderr virt-hotplug --help
    assert_equal "$stderr" ""
    for command in launch attach detach list run shutdown; do
        assert_contains "$output" "virt-hotplug $command"
    done
    for command in launch attach detach list run shutdown; do
        run -0 --separate-stderr virt-hotplug "$command" --help
        assert_equal "$stderr" ""
        assert_contains "$output" "Usage: virt-hotplug $command [OPTION...]" "--verbose"
        run -0 virt-hotplug "$command" --usage
        assert_contains "$output" "Usage: virt-hotplug $command"
    done
    run -0 virt-hotplug -V
    [[ $output =~ ^virt-hotplug\ \(virt-live-tools\)\ [0-9] ]]
    short=$output
    run -0 virt-hotplug --version
    assert_equal "$output" "$short"
}

@test "help that cannot be written is an error" {
    run bash -c 'virt-hotplug --help 2>&1 > /dev/full'
    assert_status 1
    assert_contains "$output" "write to standard output: No space left on device"
    run bash -c 'virt-hotplug launch --help 2>&1 >&-'
    assert_status 1
    assert_contains "$output" "write to standard output: Bad file descriptor"
}

@test "help, man page and completion name the same commands and options" {
    requires podchecker
    run -0 "$TOP/tests/lint/check-docs.sh" "$BUILD/bin/virt-hotplug" \
        "$TOP/virt-hotplug/virt-hotplug.pod" "$TOP/virt-hotplug/virt-hotplug.bash-completion"
    run -0 podchecker "$TOP/virt-hotplug/virt-hotplug.pod"
}

@test "that check finds what is missing" {
    sed '/^=item B<--idle>/d; s/^=head2 list .*/=head2 list/' "$TOP/virt-hotplug/virt-hotplug.pod" > pod
    sed 's/ --replace / /' "$TOP/virt-hotplug/virt-hotplug.bash-completion" > completion
    run -1 "$TOP/tests/lint/check-docs.sh" "$BUILD/bin/virt-hotplug" pod completion
    assert_contains "$output" "launch --help, not in pod: --idle" "attach --help, not in completion: --replace" \
        "--help, not in the headings of pod: list [OPTION...] [NAME]"
}

@test "completion completes commands, options, words and names" {
    # shellcheck disable=SC1091
    source "$TOP/virt-hotplug/virt-hotplug.bash-completion"
    compopt() { :; }
    _virt_hotplug_names() { echo "one two"; }
    _virt_hotplug_disks() { [[ $1 == one ]] && echo "/dev/sda data"; }
    complete_words()
    {
        COMP_WORDS=(virt-hotplug "$@")
        COMP_CWORD=$#
        COMPREPLY=()
        _virt_hotplug
    }
    complete_words la
    assert_equal "${COMPREPLY[*]}" launch
    complete_words launch --id
    assert_equal "${COMPREPLY[*]}" --idle
    complete_words detach --id
    assert_equal "${COMPREPLY[*]}" ""
    complete_words attach --backing = d
    assert_equal "${COMPREPLY[*]}" deny
    complete_words attach --slot 1 ""
    assert_equal "${COMPREPLY[*]}" "one two"
    complete_words detach one d
    assert_equal "${COMPREPLY[*]}" data
    complete_words detach one data /dev
    assert_equal "${COMPREPLY[*]}" /dev/sda
    complete_words run one --
    assert_equal "${COMPREPLY[*]}" ""
    : > image.img
    complete_words attach --slot = 1 one im
    assert_equal "${COMPREPLY[*]}" image.img
    complete_words attach one a.img im
    assert_equal "${COMPREPLY[*]}" image.img
    complete_words launch im
    assert_equal "${COMPREPLY[*]}" image.img
}
