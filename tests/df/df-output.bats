#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is printed: table, CSV, JSON, chosen columns, totals, thresholds.

load ../lib/helpers

setup() { requires_appliance; setup_test; cd "$IMAGES" || return 1; }

# KiB in use of an xfs of 256 MiB with what is in the images: Linux 6.12 keeps back less of it than 6.1.
used_of_xfs() { virt-df-live --json xfs.img | jq -r 'select(.type == "filesystem") | .used / 1024'; }

@test "the table is virt-df's, column for column" {
    local used
    used=$(used_of_xfs)
    run -0 --separate-stderr virt-df-live ext4.img gpt.img
    assert_equal "$output" "\
Filesystem                           1K-blocks       Used  Available  Use%
ext4.img:/dev/sda                        21623        810      19094    4%
gpt.img:/dev/sda1                        64511        794      63717    2%
gpt.img:/dev/sda2                        21623        810      19094    4%
gpt.img:/dev/sda3                       262144       $used     $((262144 - used))    1%"
    assert_equal "$stderr" ""
}

@test "a name that is too long stands on a line of its own" {
    name=$TMPDIR/a-name-that-is-much-longer-than-its-column.img
    ln -s "$IMAGES/ext4.img" "$name"
    run -0 --separate-stderr virt-df-live --noheadings "$name"
    assert_equal "$output" "a-name-that-is-much-longer-than-its-column.img:/dev/sda
                                         21623        810      19094    4%"
}

@test "-h" {
    run -0 virt-df-live -h ext4.img
    assert_equal "$output" "\
Filesystem                                Size       Used  Available  Use%
ext4.img:/dev/sda                          22M       810K        19M    4%"
}

@test "-i" {
    run -0 virt-df-live -i ext4.img
    assert_equal "$output" "\
Filesystem                              Inodes      IUsed      IFree IUse%
ext4.img:/dev/sda                         6144         24       6120    1%"
}

@test "--csv, and --csv -i" {
    run -0 virt-df-live --csv ext4.img
    assert_equal "$output" "VirtualMachine,Filesystem,1K-blocks,Used,Available,Use%
ext4.img,/dev/sda,21623,810,19094,3.7"
    run -0 virt-df-live --csv -i ext4.img
    assert_equal "$output" "VirtualMachine,Filesystem,Inodes,IUsed,IFree,IUse%
ext4.img,/dev/sda,6144,24,6120,0.4"
}

@test "--json: one object a line, all of the documented keys" {
    run --separate-stderr virt-df-live --json ext4.img missing.img gpt.img
    assert_status 1
    jq -e . <<< "$output" > /dev/null
    assert_equal "$(jq -s length <<< "$output")" "$(wc -l <<< "$output")"
    assert_equal "$(json 'select(.type == "filesystem") | keys_unsorted | join(" ")' | sort -u)" \
        "type guest index images disk device fstype label uuid mountpoint size used available use_percent inodes inodes_used inodes_free block_size clean recovered status message"
    assert_equal "$(json 'select(.type == "guest") | keys_unsorted | join(" ")' | sort -u)" \
        "type guest index images status message filesystems elapsed_s"
    assert_equal "$(json 'select(.guest == "missing.img") | .status + ": " + .message')" \
        "unreadable: open missing.img: No such file or directory"
    assert_equal "$(json 'select(.guest == "ext4.img" and .type == "filesystem") | [.size, .used, .available, .use_percent] | @csv')" \
        "22141952,829440,19552256,3.7"
}

@test "-o chooses columns, for the table and for CSV" {
    run -0 virt-df-live -o FSTYPE,LABEL,USE%,GUEST ext4.img xfs.img
    assert_equal "$(tr -s ' ' <<< "$output")" "FSTYPE LABEL USE% GUEST
ext4 ext4 4% ext4.img
xfs xfs 1% xfs.img"
    run -0 virt-df-live --csv --output guest,size ext4.img
    assert_equal "$output" "GUEST,SIZE
ext4.img,21623"
}

@test "--sort and --top: the fullest, in the table, in CSV and in chosen columns" {
    run -0 --separate-stderr virt-df-live --csv --sort use%:desc --top 2 --total xfs.img ext4.img vfat.img
    assert_equal "$(cut -d, -f 1,2 <<< "$output")" "VirtualMachine,Filesystem
ext4.img,/dev/sda
vfat.img,/dev/sda
total,"
    run -0 --separate-stderr virt-df-live --sort size --noheadings -o GUEST ext4.img vfat.img xfs.img
    assert_equal "$output" "ext4.img
vfat.img
xfs.img"
    run -0 --separate-stderr virt-df-live --sort guest:desc ext4.img xfs.img
    assert_equal "$(names_of_table <<< "$output")" "xfs.img:/dev/sda
ext4.img:/dev/sda"
}

@test "--output-all has every column of --help" {
    run -0 virt-df-live --csv --output-all ext4.img
    local heading=${output%%$'\n'*}
    run -0 virt-df-live --help
    assert_equal "$(tr , '\n' <<< "$heading")" \
        "$(sed -n '/^Columns/,/^$/p' <<< "$output" | grep -oP '^  \K\S+')"
}

@test "--noheadings" {
    run -0 virt-df-live --noheadings ext4.img
    assert_equal "${output%% *}" "ext4.img:/dev/sda"
    run -0 virt-df-live --noheadings --csv ext4.img
    assert_equal "${output%%,*}" "ext4.img"
}

@test "--total is the sum, summed before it is rounded" {
    local used
    used=$(used_of_xfs)
    run -0 virt-df-live --total ext4.img xfs.img
    assert_equal "$(tail -n 1 <<< "$output" | tr -s ' ')" "total 283767 $((810 + used)) $((19094 + 262144 - used)) 1%"
    run -0 virt-df-live --json --total ext4.img xfs.img
    assert_equal "$(json 'select(.type == "total") | [.guests, .filesystems, .size] | @csv')" "2,2,290577408"
}

@test "--fail-above: 4 where a filesystem is fuller" {
    run virt-df-live --fail-above 3 ext4.img
    assert_status 4
    assert_contains "$output" "ext4.img:/dev/sda"
    run virt-df-live --fail-above 4 ext4.img
    assert_status 0
    run virt-df-live --fail-above 99 squashfs.img
    assert_status 4
    run virt-df-live --fail-above 0 -i ext4.img
    assert_status 4
}

@test "--fail-above is told even where an image failed" {
    run virt-df-live -q --fail-above 3 ext4.img missing.img
    assert_status 4
}

@test "a heading, also where there is no row" {
    run --separate-stderr virt-df-live missing.img
    assert_status 1
    assert_equal "$output" "Filesystem                           1K-blocks       Used  Available  Use%"
}

@test "--stats is the last line on stderr, and JSON" {
    run --separate-stderr virt-df-live --stats ext4.img missing.img
    assert_status 1
    last=${stderr##*$'\n'}
    [[ $last == "stats: {"* ]]
    assert_equal "$(jq -c '[.guests, .images, .failed]' <<< "${last#stats: }")" "[2,2,1]"
    jq -e '.wall_s > 0 and (.accel == "tcg" or .accel == "kvm")' <<< "${last#stats: }" > /dev/null
}

@test "--progress=always draws on stderr only, never draws nothing" {
    run --separate-stderr virt-df-live --progress=never ext4.img
    assert_equal "$stderr" ""
    run -0 --separate-stderr virt-df-live --csv --noheadings --progress=always ext4.img ext3.img
    assert_equal "$(wc -l <<< "$output")" 2
    assert_contains "$stderr" $'\r[' "/2 "
}
