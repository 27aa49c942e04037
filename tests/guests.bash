# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the bats files of virt-ls, after `load helpers`: the guests of make-guests.sh, kept below BUILD so that only the
# first run makes them.

# make_guests NAME…: what is missing of them; their directory goes to GUESTS.
make_guests()
{
    local script=$BATS_TEST_DIRNAME/make-guests.sh name
    local -a missing=()

    GUESTS=$BUILD/test-guests
    export GUESTS
    [[ ! $script -nt $GUESTS ]] || rm -rf "$GUESTS"
    for name; do
        [[ -e $GUESTS/$name ]] || missing+=("$name")
    done
    [[ ${#missing[@]} -eq 0 ]] || "$script" "$BUILD" "$GUESTS" "${missing[@]}"
}
