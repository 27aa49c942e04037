#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the output goes: a reader that has gone, one that does not read, a disk that is full, a terminal.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

# many THOUSANDS: many.img, an ext4 with so many directories of 1000 files.
many()
{
    local i

    requires mke2fs
    for ((i = 1; i <= $1; i++)); do
        mkdir -p "tree/d$i"
        (cd "tree/d$i" && seq -f 'a-file-whose-name-is-somewhat-long-%04.0f' 1000 | xargs touch)
    done
    truncate -s 64M many.img
    mke2fs -q -F -t ext4 -N $(($1 * 1002 + 100)) -d tree many.img
    rm -rf tree
}

@test "| head -n 1 ends it quietly" {
    many 5
    run --separate-stderr bash -c '{ virt-ls -R -a many.img -m /dev/sda /; echo $? > status; } | head -n 1'
    assert_equal "$output" "d1"
    assert_equal "$stderr" ""
    [[ $(cat status) == 141 ]]
    assert_nothing_left
}

@test "a full disk is an error; a closed stdout is one" {
    run --separate-stderr bash -c "virt-ls -a '$IMAGES/ext4.img' -m /dev/sda / > /dev/full"
    assert_status 1
    assert_equal "$stderr" "virt-ls: write to standard output: No space left on device"
    run bash -c "virt-ls -a '$IMAGES/ext4.img' -m /dev/sda / 2>&1 >&-"
    assert_status 1
    assert_contains "$output" "write to standard output: Bad file descriptor"
    assert_nothing_left
}

@test "a reader that takes longer than --timeout costs no guest its answer" {
    many 4 # more than a pipe holds
    printf '%s\n' many.img "$PWD/many.img" "$IMAGES/ext4.img" > list
    virt-ls -R --timeout 4 --images-from list -m /dev/sda / | { sleep 6; cat; } > out
    [[ $(wc -l < out) -eq $((2 * 4005 + 14)) ]]
}

# The pipe at descriptor 4 holds no more.
is_full() { python3 -c 'import select, sys; sys.exit(len(select.select([], [4], [], 0)[1]))'; }

@test "a reader that does not read: SIGTERM ends it all the same" {
    many 4
    mkfifo pipe
    exec 4<> pipe # held open, never read
    setsid virt-ls -R -a many.img -m /dev/sda / > pipe 2> err 3>&- 4>&- &
    pid=$!
    on_cleanup end_group "$pid"
    wait_until 60 is_full
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    assert_status 143
    assert_equal "$(cat err)" ""
    exec 4>&-
    assert_nothing_left
}

@test "a terminal gets no control characters, a pipe gets all bytes" {
    requires script mke2fs
    mkdir tree
    touch tree/$'esc\e[31m' tree/$'new\nline'
    truncate -s 16M odd.img
    mke2fs -q -F -t ext4 -d tree odd.img
    virt-ls -a odd.img -m /dev/sda / | cmp - <(printf 'esc\e[31m\nlost+found\nnew\nline\n')
    script -qec 'virt-ls --progress=never -a odd.img -m /dev/sda /' /dev/null < /dev/null > typed
    # shellcheck disable=SC2016
    assert_equal "$(tr -d '\r' < typed)" 'esc\x1B[31m
lost+found
new\nline'
    script -qec 'virt-ls --progress=never -0 -a odd.img -m /dev/sda /' /dev/null < /dev/null > typed
    assert_contains "$(tr '\0' '|' < typed)" $'esc\e[31m|'
}

# bats test_tags=slow
@test "a listing of 40,000 files goes through a file that leaves nothing behind" {
    many 40 # more than is kept in memory
    run -0 --separate-stderr bash -c 'virt-ls -R -a many.img -m /dev/sda / | wc -l'
    assert_equal "$output" 40041
    assert_nothing_left
}
