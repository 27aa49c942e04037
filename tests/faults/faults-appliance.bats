#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A real appliance that panics, hangs, spins, dies or runs out of memory at one image of many: that
# image is named, and all others have their rows. Its agent is the usual one but for tests/faults/agent-fault.c.

load ../lib/helpers

setup_file()
{
    file_requires "$BUILD/faults/appliance/initrd" mke2fs || return 0
    make_scratch
    # The saved appliance is this file's own.
    mkdir -m 755 "$TMPDIR/cache"
    export FAULT_CACHE=$TMPDIR/cache
}

teardown_file() { remove_scratch; }

# faulty KIND...: images KIND.img whose filesystem has that fault, among good ones; all their names in the array `names`
faulty()
{
    local kind i

    links 12
    for kind; do
        mkdir "$kind.d"
        echo "$kind" > "$kind.d/fault"
        mke2fs -q -F -t ext2 -d "$kind.d" "$kind.img" 2M > mke2fs.log
        names+=("$kind.img")
    done
    # The faults are spread over the list.
    mapfile -t names < <(for ((i = 0; i < ${#names[@]}; i++)); do echo "$((i * 7 % ${#names[@]})) ${names[i]}"; done |
        sort -n | cut -d' ' -f2)
}

# scan OPTION...: over them, in one appliance
scan()
{
    # shellcheck disable=SC2016 # for the other shell
    VIRT_LIVE_TOOLS_CACHE=$FAULT_CACHE run --separate-stderr \
        bash -c '[[ ! $0 ]] || echo $$ > "$0/cgroup.procs"; exec "$@"' "${group-}" virt-df-live --appliance "$BUILD/faults/appliance" --accel=tcg -P 1 \
        --json "$@" "${names[@]}"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest')" "$(printf '%s\n' "${names[@]}")"
}

# memory_group LIMIT: a control group that may have so much memory goes to `group`
memory_group()
{
    local base file

    requires_root
    if [[ -d /sys/fs/cgroup/memory ]]; then
        base=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup) file=memory.limit_in_bytes
    else
        base=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup) file=memory.max
    fi
    group=${base%/}/vlt-test.$$
    mkdir "$group" 2> mkdir.log || skip "no control group can be made: $(< mkdir.log)"
    on_cleanup rmdir "$group"
    echo "$1" 2> limit.log > "$group/$file" || skip "a control group's memory cannot be limited: $(< limit.log)"
}

# answers STATUS: the guests that have it
answers() { json 'select(.type == "guest" and .status == "'"$1"'") | .guest'; }

# bats test_tags=slow
@test "the kernel panics: that image is crashed, and -v has the kernel's last lines" {
    faulty panic
    scan -v
    assert_equal "$(answers crashed)" panic.img
    assert_equal "$(answers ok | wc -l)" 12
    assert_contains "$stderr" "Kernel panic"
    assert_nothing_left
}

@test "the agent dies: that image is crashed" {
    faulty die
    scan
    assert_equal "$(answers crashed)" die.img
    assert_equal "$(answers ok | wc -l)" 12
    assert_nothing_left
}

@test "the appliance has no memory left: that image is crashed" {
    faulty memory
    scan
    assert_equal "$(answers crashed)" memory.img
    assert_equal "$(answers ok | wc -l)" 12
    assert_nothing_left
}

# bats test_tags=slow
@test "the agent spins, hangs, hangs in the kernel: each costs its own time-out, and no more" {
    faulty spin hang kernel
    scan --timeout 3 --stats
    assert_equal "$(answers timeout | sort)" "hang.img
kernel.img
spin.img"
    assert_equal "$(answers ok | wc -l)" 12
    assert_contains "$stderr" "no answer within 3 s"
    # An appliance each, one for the rest, and one that was on its way when there was no need.
    [[ $(jq .restores <<< "${stderr##*stats: }") -le 5 ]]
    assert_nothing_left
}

# bats test_tags=slow
@test "several that crash it in one wave are all named" {
    faulty panic die memory
    scan
    assert_equal "$(answers crashed | sort)" "die.img
memory.img
panic.img"
    assert_equal "$(answers ok | wc -l)" 12
    assert_nothing_left
}

# bats test_tags=slow
@test "an appliance that wants more memory than its control group may have: that image is named" {
    faulty memory
    scan # saves the appliance
    memory_group 250M
    scan --timeout 10
    # The host's kernel ends QEMU, or lets it stand still.
    assert_equal "$(answers crashed; answers timeout)" memory.img
    assert_equal "$(answers ok | wc -l)" 12
    assert_nothing_left
}

@test "a disk whose size the kernel has not come to know is asked again" {
    mke2fs -q -F -t ext2 nosize.img 2M > mke2fs.log
    printf 'no size' | dd of=nosize.img conv=notrunc status=none
    VIRT_LIVE_TOOLS_CACHE=$FAULT_CACHE run -0 --separate-stderr virt-df-live --appliance "$BUILD/faults/appliance" \
        --accel=tcg --csv --noheadings nosize.img
    assert_equal "$stderr" ""
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" nosize.img,/dev/sda

    truncate -s 4M parts.img
    echo 'start=2048, size=4096' | sfdisk -q --no-reread --no-tell-kernel parts.img > sfdisk.log
    mke2fs -q -F -t ext2 -E offset=$((2048 * 512)) parts.img 2048k > mke2fs.log
    printf 'no size' | dd of=parts.img conv=notrunc status=none
    VIRT_LIVE_TOOLS_CACHE=$FAULT_CACHE run -0 --separate-stderr virt-df-live --appliance "$BUILD/faults/appliance" \
        --accel=tcg --csv --noheadings parts.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" parts.img,/dev/sda1
}
