#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that writes all the time, on ext4, xfs, btrfs and a logical volume: each answer is a row, and its figures are what
# the guest itself says around that moment. BUSY=200 (make check-busy) asks more often.
# bats file_tags=slow

load ../lib/helpers
load ../lib/daemon
load ../lib/busy

rounds=${BUSY:-20}

setup()
{
    requires_appliance
    requires qemu-system-x86_64 qemu-img
    setup_test
    prepare_busy
    start_busy
}

@test "its disks, as files" {
    local i words=()
    for ((i = 0; i < rounds; i++)); do words+=("${busy_disks[@]/#/$user_home/images/}"); done
    check_busy "$rounds" virt-df-live --json "${words[@]}"
}

@test "as a guest of libvirt" {
    local i words=()
    for ((i = 0; i < rounds; i++)); do words+=(-d busy); done
    check_busy "$rounds" live --json "${words[@]}"
}

# One backup follows the other.
@test "as of one point in time" {
    local i words=()
    for ((i = 0; i < rounds; i++)); do words+=(-d busy); done
    check_busy "$rounds" live --json --consistent "${words[@]}"
}
