#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   run-tests.sh BUILD KIND…     KIND: unit, fuzz, docs, bats; bats-quick, bats-slow: those without and with the tag "slow"
#
# Runs tests that have been built, shows what they print (TAP), and ends with the one line
# "N passed, N failed, N skipped" over all of them, before which those that failed are told once more, as they are
# what a reader of a long log looks for. Exit status 1 if one failed. TESTS='df-names …'
# names the bats files to run, UNIT_WRAPPER what runs unit tests (valgrind …), UNIT_SKIP those that
# it cannot run and UNIT_SKIP_WHY why, BATS_JOBS how many bats files run at a time.

set -euo pipefail

build=$1; shift
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
results=$build/results
mkdir -p "$results"
passed=0 failed=0 skipped=0
failures=$results/failures
: > "$failures"

# Of the TAP in FILE those tests that failed, each with the start of what it says.
failures_in()
{
    awk '/^(not )?ok / { told = /^not ok / && !/# ?(skip|SKIP)/ ? 12 : 0 } told > 0 { told--; print substr($0, 1, 300) }' "$1"
}

# count FILE STATUS: adds what the TAP in FILE says. A program that failed and has not said so, as
# one that crashed, is a failure too.
count()
{
    local ok bad skip

    # bats writes "ok 3 name # skip why", cmocka "not ok 3 # SKIP name".
    read -r ok bad skip < <(awk '/^(not )?ok / { if (/# ?(skip|SKIP)/) skip++; else if (/^ok/) ok++; else bad++ }
        END { print ok + 0, bad + 0, skip + 0 }' "$1")
    failures_in "$1" >> "$failures"
    if [[ $2 -ne 0 && $bad -eq 0 ]]; then
        bad=1
        echo "not ok - ${1##*/}: exit status $2, and no test said that it failed" >> "$failures"
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

# bats shows all that the failed command has printed, which may be hundreds of objects.
shorten()
{
    awk '/^# Last (output|stderr):/ { rest = 8 } /^(ok|not ok) / { rest = 0 }
         rest && !--rest { skip = 1; print "# …" } /^(ok|not ok) |^# Last/ { skip = 0 }
         !skip { print substr($0, 1, 500); fflush() }'
}

# tap NAME COMMAND…: runs what prints TAP
tap()
{
    local name=$1 status=0

    shift
    echo "# $name"
    "$@" 2>&1 | tee "$results/$name.tap" | shorten || status=${PIPESTATUS[0]}
    [[ $status -eq 0 ]] || echo "# $name: exit status $status"
    count "$results/$name.tap" "$status"
}

# one NAME COMMAND…: a test by its exit status; its output is shown where it fails
one()
{
    local name=$1 status=0

    shift
    "$@" > "$results/$name.log" 2>&1 || status=$?
    if [[ $status -eq 0 ]]; then
        echo "ok - $name"
        passed=$((passed + 1))
    else
        { echo "not ok - $name: exit status $status"; sed 's/^/# /' "$results/$name.log"; } | tee -a "$failures"
        failed=$((failed + 1))
    fi
}

# job NAME COMMAND…: one of several at a time: what it prints is shown when it has ended, its status is kept for the count.
job()
{
    local name=$1 status=0

    shift
    "$@" > "$results/$name.tap" 2>&1 || status=$?
    echo "$status" > "$results/$name.status"
    { flock 9; echo "# $name"; shorten < "$results/$name.tap"; [[ $status -eq 0 ]] || echo "# $name: exit status $status"; } 9< "$here/run-tests.sh"
}

run_unit()
{
    local test name wrapper=() names=()

    read -r -a wrapper <<< "${UNIT_WRAPPER:-}"
    export CMOCKA_MESSAGE_OUTPUT=TAP AGENT=$build/appliance/agent
    for test in "$build"/tests/test-*; do
        name=${test##*/}
        [[ -f tests/unit/$name.c ]] || continue # its source has been removed
        if [[ " ${UNIT_SKIP:-} " == *" $name "* ]]; then
            echo "ok - $name # skip ${UNIT_SKIP_WHY:-}"
            skipped=$((skipped + 1))
            continue
        fi
        while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do wait -n; done
        job "$name" timeout 300 "${wrapper[@]}" "$test" &
        names+=("$name")
    done
    wait
    for name in "${names[@]}"; do count "$results/$name.tap" "$(< "$results/$name.status")"; done
}

run_fuzz()
{
    local replay target

    for replay in "$build"/fuzz/replay-*; do
        target=${replay##*/replay-}
        one "fuzz-$target" timeout 300 "$replay" "tests/fuzz/corpus/$target"/*
    done
}

run_docs()
{
    local pod command

    for pod in virt-*/*.pod; do
        command=$(basename "$pod" .pod)
        one "docs-$command" tests/lint/check-docs.sh "$build/bin/$command" "$pod" "${pod%.pod}.bash-completion"
    done
}

# Those that take minutes come first: otherwise the last one goes on alone.
long_first()
{
    local name long

    long=(df-accel df-stale compare-virt-df df-busy hotplug-life faults-journals compare-virt-ls faults-hostile df-memory df-cache
        df-lvm df-dynamic hotplug-daemon df-recovery faults-soak faults-still faults-room ls-hostile ls-stdout hotplug-255)

    { for name in "${long[@]}"; do ls tests/*/"$name.bats"; done; ls tests/*/*.bats; } | awk '!seen[$0]++'
}

# run_bats [TAG]: tests that have the tag, or with "!" before it have it not; else all
run_bats()
{
    local files=() options=(${1:+--filter-tags "$1"}) jobs=${BATS_JOBS:-$(($(nproc) + 1))} name

    if [[ ${TESTS:-} ]]; then
        for name in $TESTS; do files+=(tests/*/"${name%.bats}.bats"); done
    else
        mapfile -t files < <(long_first)
    fi
    # A file for each processor at a time, and one more: some wait for minutes, as for a KVM that does not answer. What the tests of a
    # file share, they share one after the other.
    [[ $jobs -le 4 ]] || jobs=4
    if [[ $jobs -gt 1 ]]; then options+=(--jobs "$jobs" --no-parallelize-within-files); fi
    # A test that hangs ends with the suite, and is then a failure.
    BUILD=$build tap bats timeout --signal=INT --kill-after=20 "${BATS_SECONDS:-3600}" \
        bats --setup-suite-file tests/setup_suite.bash --tap --timing --print-output-on-failure "${options[@]}" "${files[@]}"
}

for kind; do
    case $kind in
    unit | fuzz | docs | bats) "run_$kind" ;;
    bats-quick) run_bats '!slow' ;;
    bats-slow)  run_bats slow ;;
    *)  echo "usage: run-tests.sh BUILD unit|fuzz|docs|bats|bats-quick|bats-slow…" >&2; exit 2 ;;
    esac
done

if [[ $failed -gt 0 ]]; then
    echo "# those that failed:"
    cat "$failures"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
