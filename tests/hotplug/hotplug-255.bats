#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# All 255 slots: filled, every name checked from inside, emptied in random order and filled again.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell
# bats file_tags=slow

load ../lib/helpers
load ../lib/hotplug

# The name of slot $1, worked out in another way than the program does.
name_of_slot()
{
    local letters=({a..z})

    if (($1 < 26)); then
        echo "sd${letters[$1]}"
    else
        echo "sd${letters[$1 / 26 - 1]}${letters[$1 % 26]}"
    fi
}

# The first line of each disk says which one it is.
make_disks()
{
    local i

    for ((i = 0; i < 255; i++)); do
        echo "disk $i" > "d$i"
        truncate -s "$((64 + i))K" "d$i"
    done
}

# expected DISK...: at slots 0, 1…
expected()
{
    local slot=0 disk

    for disk; do
        echo "$(name_of_slot $slot) disk $disk $((64 + disk))"
        slot=$((slot + 1))
    done | sort
}

# The same as one `run` finds it.
seen()
{
    in_it sh -c 'cd /dev && for d in sd*; do
        echo "$d $(head -n 1 $d) $(($(cat /sys/dev/block/$(($(stat -c 0x%t $d))):$(($(stat -c 0x%T $d)))/size) / 2))"
    done' | sort
}

@test "255 slots are filled, named, emptied in random order and filled again" {
    local slot order words=() images=()

    make_disks
    random_seed
    # shellcheck disable=SC2046
    launch $(printf 'd%d ' {0..254})
    # shellcheck disable=SC2046
    assert_equal "$(seen)" "$(expected $(seq 0 254))"
    assert_equal "$(disks device | sed -n '26p;27p;255p')" "/dev/sdz
/dev/sdaa
/dev/sdiu"
    refused "no slot is free (there are 255)" attach "$name" /dev/null

    for slot in $(shuffled {0..254}); do
        case $((RANDOM % 3)) in
        0) words+=("$slot") ;;
        1) words+=("$(name_of_slot "$slot")") ;;
        2) words+=("/dev/$(name_of_slot "$slot")") ;;
        esac
    done
    run -0 detach "${words[@]}"
    assert_equal "$(disks slot)" ""
    assert_equal "$(nodes)" ""

    # Other disks than before: a few into slots of their own, the others into what is left.
    mapfile -t order < <(shuffled {0..254})
    for slot in 254 17 0 101; do
        assert_equal "$(attach --slot "$slot" "d${order[slot]}")" "/dev/$(name_of_slot "$slot")"
    done
    for ((slot = 0; slot < 255; slot++)); do
        [[ " 254 17 0 101 " == *" $slot "* ]] || images+=("d${order[slot]}")
    done
    run -0 attach "${images[@]}"
    assert_equal "${#lines[@]}" 251
    assert_equal "$(seen)" "$(expected "${order[@]}")"
    assert_equal "$(disks image | paste -sd ' ')" "$(printf 'd%d ' "${order[@]}" | sed 's/ $//')"
}
