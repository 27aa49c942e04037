# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the bats files of virt-ls, after `load ../lib/helpers`: the guests of make-guests.sh, kept below BUILD so that only the
# first run makes them.

# make_guests NAME…: what is missing of them; their directory goes to GUESTS.
make_guests()
{
    export GUESTS=$BUILD/test-guests
    make_kept "$GUESTS" make-guests.sh "$@"
}
