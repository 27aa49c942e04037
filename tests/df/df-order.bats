#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The order of the output is that of the input, whatever is done first.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

@test "-P 2: rows and errors of 60 images in their order" {
    links 60
    names[10]=gone.img
    run --separate-stderr virt-df-live --json -P 2 --wave 10 "${names[@]}"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest')" "$(printf '%s\n' "${names[@]}")"
    assert_nothing_left
}

@test "owners that alternate do not change it" {
    requires_root
    local i
    for i in 1 2 3 4 5 6; do
        image ext4.img "o$i.img"
        chown $((4000 + i % 2)):4000 "o$i.img"
    done
    run -0 --separate-stderr virt-df-live --stats --csv --noheadings o{1,2,3,4,5,6}.img
    assert_equal "$(cut -d , -f 1 <<< "$output")" "$(printf '%s\n' o{1,2,3,4,5,6}.img)"
    # Two owners do not share an appliance.
    jq -e '.restores >= 2' <<< "${stderr##*stats: }" > /dev/null
}
