#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The files of a guest that writes all the time, on ext4, xfs, btrfs and a logical volume: those that stay are all there, and
# those that it makes and removes meanwhile are as it made them. BUSY=200 asks more often.
# bats file_tags=slow

load ../lib/helpers
load ../lib/daemon
load ../lib/busy

setup()
{
    requires_appliance
    requires qemu-system-x86_64 qemu-img
    rounds=$(((${BUSY:-20} + 3) / 4))
    setup_test
    prepare_busy
    start_busy
    listings=0 in_motion=0
}

# check_files WHAT: of `virt-ls -lR --csv /` of such a filesystem on stdin: nine files of two bytes in /stays; each one in /new has
# the size of its number, but the two that may be in work. What is wrong is printed.
check_files()
{
    awk -F , -v what="$1" '
        $4 ~ "^/stays/[1-9]$" { stays++; if ($3 != 2) wrong = wrong " " $4 " of " $3 " bytes" }
        $4 ~ "^/new/file[0-9]+$" {
            number = substr($4, 10); files++
            if ($3 != (number * 7 % 19 + 1) * 65536) { odd++; last = last " " $4 " of " $3 " bytes" }
        }
        END {
            if (stays != 9) wrong = wrong " " stays + 0 " files in /stays"
            if (odd > 2) wrong = wrong last
            if (files < 3 || files > 80) wrong = wrong " " files + 0 " files in /new"
            if (wrong) { print what ":" wrong; exit 1 }
        }'
}

# What is said of a file that the guest has made or removed after its directory was read, and before its inode was: by ext4, and
# by xfs. They may be as many as the guest makes and removes at a time.
in_work='^virt-ls: [^:]*: /new/file[0-9]+: stat: (Structure needs cleaning|Stale file handle|No such file or directory)$'
at_a_time=7

# list HOW WHAT COMMAND…: HOW is "moving" where the guest writes to what is read, and files may be in work; otherwise "still"
list()
{
    local how=$1 what=$2 status=0 moved=0; shift 2

    "$@" > listing 2> errors || status=$?
    if [[ $how == moving ]]; then moved=$(awk -v in_work="$in_work" '$0 ~ in_work { count++ } END { print count + 0 }' errors); fi
    if [[ $moved -gt $at_a_time || $moved -ne $(wc -l < errors) || $status -ne $((moved > 0)) ]]; then
        echo "$what: status $status"
        cat errors
        return 1
    fi
    listings=$((listings + 1)) in_motion=$((in_motion + (moved > 0)))
    check_files "$what" < listing
}

devices=(/dev/sda /dev/sda /dev/sda /dev/vg/root)

count_listings() { echo "# $listings listings, $in_motion of them with a file in work" >&3; }

@test "its disks, as files" {
    local i round
    for ((round = 0; round < rounds; round++)); do
        for i in 0 1 2 3; do
            list moving "${busy_disks[i]}, round $round" virt-ls -a "$user_home/images/${busy_disks[i]}" -m "${devices[i]}" -lR --csv /
        done
    done
    count_listings
}

@test "as a guest of libvirt, and as of one point in time" {
    local i round option
    for ((round = 0; round < rounds; round++)); do
        for option in "" --consistent; do
            for i in 0 1 2 3; do
                # shellcheck disable=SC2086 # the option may be none
                list "$([[ $option ]] && echo still || echo moving)" "${busy_names[i]} $option, round $round" \
                    as_user env LIBVIRT_AUTOSTART=0 XDG_RUNTIME_DIR="$user_home/run" "$USER_BIN/virt-ls" -c qemu:///session $option \
                    -d busy -m "${busy_devices[i]}" -lR --csv /
            done
        done
    done
    count_listings
}
