#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of a command at any moment: the next one finds what is true, and goes on.
# (What each phase leaves is in tests/unit/test-persistent-slots.c, where the hypervisor can be stopped in it.)
# bats file_tags=slow

load ../lib/helpers
load ../lib/hotplug

ROUNDS=${HOTPLUG_ROUNDS:-15}

# after MILLISECONDS-AT-MOST COMMAND...: starts it and kills it within that time
kill_within()
{
    local most=$1

    shift
    start virt-hotplug "$@"
    sleep "$(printf '0.%03d' $((RANDOM * most / 32768)))"
    kill -KILL -- "-$pid" 2> /dev/null || :
    finish
}

# What is listed is what the appliance has, and nothing else.
assert_true_state()
{
    assert_equal "$(disks device | sed 's,/dev/,,' | paste -sd ' ')" "$(in_it sh -c 'cd /dev && ls -d sd[a-z]' 2> /dev/null | paste -sd ' ')"
}

@test "attach, detach, list, run are killed at random moments" {
    local round killed=0

    random_seed
    image ext4.img
    image ext4.qcow2
    launch --slots 3
    for ((round = 1; round <= ROUNDS; round++)); do
        kill_within 150 attach "$name" --slot $((round % 3)) --label data ext4.img
        ((status != 137)) || killed=$((killed + 1))
        run -0 --separate-stderr virt-hotplug list --json "$name"
        assert_equal "$stderr" ""
        assert_true_state
        # Either it is there, with its label, or slot and label are free.
        [[ $output ]] || run -0 attach --slot $((round % 3)) --label data ext4.img
        kill_within 150 detach "$name" data
        ((status != 137)) || killed=$((killed + 1))
        run -0 --separate-stderr virt-hotplug list --json "$name"
        assert_equal "$stderr" ""
        assert_true_state
        [[ ! $output ]] || run -0 detach data
        kill_within 100 list "$name"
        kill_within 100 run "$name" -- cat
        assert_equal "$(attach --slot 1 --label data ext4.qcow2)" /dev/sdb
        run -0 in_it blkid /dev/disk/guestfs/data
        detach data
    done
    echo "# $killed of $((ROUNDS * 2)) were killed in time" >&3
    assert_equal "$(nodes)" ""
    ((killed > 0))
}

@test "attach --rw and detach are killed: the image is usable afterwards, and holds what was written" {
    local round

    random_seed
    truncate -s 16M new.img
    launch --slots 2
    for ((round = 1; round <= ROUNDS; round++)); do
        kill_within 150 attach "$name" --slot 0 --rw --format raw new.img
        run -0 virt-hotplug list --json "$name"
        [[ $output ]] || run -0 attach --slot 0 --rw --format raw new.img
        echo "round $round" | in_it sh -c 'cat > /dev/sda'
        kill_within 150 detach "$name" 0
        run -0 virt-hotplug list --json "$name"
        [[ ! $output ]] || run -0 detach 0
        assert_equal "$(head -n 1 new.img)" "round $round"
    done
}

@test "launch is killed at random moments: what there is, is listed, and shut down" {
    local round

    random_seed
    # The first one may have an appliance to save.
    launch --slots 1
    virt-hotplug shutdown "$name"
    for ((round = 1; round <= ROUNDS; round++)); do
        kill_within 900 launch --slots 2 --name "round$round" /dev/null
        run -0 --separate-stderr virt-hotplug list --noheadings
        assert_equal "$stderr" ""
        [[ ! $output ]] || run -0 virt-hotplug shutdown "round$round"
        # One that was killed before its directory had a lock leaves that for a minute: another command could be making it.
        find . -maxdepth 1 -name 'virt-live-*' -exec touch -d '2 minutes ago' {} +
        launch --slots 1 --name "round$round"
        assert_equal "$(attach /dev/null)" /dev/sda
        virt-hotplug shutdown "$name"
    done
}

@test "shutdown is killed at random moments" {
    local round

    random_seed
    for ((round = 1; round <= ROUNDS / 3; round++)); do
        launch --slots 1 --name again /dev/null
        kill_within 100 shutdown again
        run -0 --separate-stderr virt-hotplug list --noheadings
        assert_equal "$stderr" ""
        [[ ! $output ]] || run -0 virt-hotplug shutdown again
    done
    nothing_of_appliances
}
