# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # links() sets names, start() pid
# For bats files that strike a scan at work, after `load ../lib/helpers`: its list is a FIFO, so it goes on for as long as
# the test wants.
#
#     links 80
#     start_fed 10 --timeout 4      the first ten have been answered, by one appliance
#     stand_still 30                QEMU, ${qemu}, has stopped, and been given what it can hold of the next 30
#     …
#     end_list                      the rest comes, and no more

answers() { awk '/"type":"guest"/ { n++ } END { print n + 0 }' out; }
at_least() { (($(answers) >= $1)); }

# start_fed COUNT [OPTION...]: so many of `names` have been answered
start_fed()
{
    mkfifo list
    start virt-df-live --json -P 1 "${@:2}" --images-from list
    exec 8> list
    fed=0
    feed "$1"
    wait_until 60 at_least "$1"
}

# feed COUNT: the next of `names`
feed()
{
    local until=$((fed + $1))

    for ((; fed < until; fed++)); do echo "${names[fed]}" >&8; done
}

end_list()
{
    feed $((${#names[@]} - fed))
    exec 8>&-
}

holds() { [[ $(find "/proc/$1/fd" -lname "$PWD/$2" 2> /dev/null) ]]; }

# is_handed_over NAME: the command has given it to a worker, and holds it no more
is_handed_over()
{
    local worker

    ! holds "$pid" "$1" || return 1
    for worker in $(ours vlt-worker); do
        if holds "$worker" "$1"; then return 0; fi
    done
    return 1
}

# stand_still COUNT: the only appliance has something to do, and does not do it
stand_still()
{
    local next=${names[fed]}

    qemu=$(ours qemu-system)
    kill -STOP "$qemu"
    feed "$1"
    wait_until 30 is_handed_over "$next"
}
