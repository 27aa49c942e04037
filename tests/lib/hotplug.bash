# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the bats files of virt-hotplug, after `load ../lib/helpers`: appliances of a test's own, which end
# with it, and nothing may be left of them.

setup()
{
    requires_appliance
    requires "$BUILD/appliance/tools"
    setup_test
    private_place
}

teardown()
{
    local failed=0

    if [[ ! ${place-} ]]; then # skipped; without it these would be everybody's
        teardown_test
        return
    fi
    end_appliances || failed=1
    teardown_processes || failed=1
    nothing_of_appliances || { failed=1; ours qemu-system | xargs -r kill -KILL; }
    teardown_test
    return "$failed"
}

# The appliances of a test live here. Short, for there are sockets below it.
private_place()
{
    place=$TMPDIR/run
    export VIRT_LIVE_TOOLS_RUNTIME=$place
}

# launch [OPTION...] [IMAGE...]: its name goes to `name`
launch()
{
    name=$(virt-hotplug launch "$@")
}

# in_it COMMAND...: in the appliance
in_it()
{
    virt-hotplug run "$name" -- "$@"
}

# attach [OPTION...] IMAGE, detach [OPTION...] DISK, of that appliance
attach()
{
    virt-hotplug attach "$name" "$@"
}

detach()
{
    virt-hotplug detach "$name" "$@"
}

# fails STATUS MESSAGE COMMAND...: virt-hotplug does, with that in what it says, and prints nothing
fails()
{
    local expected=$1 message=$2

    shift 2
    run --separate-stderr "-$expected" virt-hotplug "$@"
    assert_equal "$output" ""
    # shellcheck disable=SC2154 # bats sets it
    assert_contains "$stderr" "virt-hotplug: " "$message"
}

refused() { fails 1 "$@"; }

# disks FIELD...: of all disks that are listed, a line each
disks()
{
    local fields

    fields=$(printf '.%s,' "$@")
    virt-hotplug list --json "$name" | jq -r "[${fields%,}] | join(\" \")"
}

# What the kernel of the appliance has as disks but the hidden one, by our names.
nodes()
{
    in_it sh -c 'cd /dev && ls -d sd* 2> /dev/null || :' | paste -sd ' '
}

# digest FILE...: what sha256sum says, without names
digest()
{
    sha256sum -- "$@" | cut -d ' ' -f 1
}

# random_seed: RANDOM is of a known seed, which is shown, and can be given: HOTPLUG_SEED=…
random_seed()
{
    seed=${HOTPLUG_SEED:-$RANDOM}
    echo "# HOTPLUG_SEED=$seed" >&3
    RANDOM=$seed
}

# shuffled WORD...: a line each, by the seed
shuffled()
{
    local word

    for word; do echo "$RANDOM$RANDOM $word"; done | sort -n | cut -d ' ' -f 2-
}

# --- the end ---

end_appliances()
{
    local each failed=0

    while read -r each _; do
        virt-hotplug shutdown --force "$each" || failed=1
    done < <(virt-hotplug list --noheadings)
    return "$failed"
}

# Those that start() has started, before what they work on is looked at.
teardown_processes()
{
    local i

    for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
        eval "${cleanups[i]}" || echo "# cleanup failed: ${cleanups[i]}" >&3
    done
    cleanups=()
}

# No QEMU, no process of ours, no directory of an appliance or of a run.
nothing_of_appliances()
{
    local left

    assert_nothing_left || return 1
    [[ -d $place ]] || return 0
    left=$(find "$place" -mindepth 1 -maxdepth 1)
    [[ ! $left ]] || { echo "left: $left"; return 1; }
}
