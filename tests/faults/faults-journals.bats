#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Journals that an attacker has written, or that are full: tests/faults/journals.py writes them. Each costs its own image
# only, and its row comes from reading without it, where the filesystem itself is whole.
# bats file_tags=slow

load ../lib/helpers

setup()
{
    PATH=$PATH:/usr/sbin:/sbin
    requires_appliance
    requires python3 debugfs mke2fs mkfs.xfs xfs_db
    setup_test
    journals=$TOP/tests/faults/journals.py
    head -c 4096 /dev/zero | tr '\0' x > mark
}

# The two that journals.py takes, with a file /mark.
make_ext4()
{
    mkdir tree
    cp mark tree/mark
    mke2fs -q -F -t ext4 -b 1024 -O ^metadata_csum -J size=4 -d tree "$1" 24M > making.log
}

make_xfs()
{
    printf '/\n0 0\nd--755 0 0\nmark ---644 0 0 mark\n$\n' > proto
    truncate -s "$2" "$1"
    mkfs.xfs -q -p proto "${@:3}" "$1" 2> making.log
}

# crafted TYPE FAULT…: scans them with a good image around each; TYPE.img is there
crafted()
{
    local fault names=()
    image ext4.img good.img
    for fault in "${@:2}"; do
        cp --sparse=always "$1.img" "$fault.img"
        "$journals" "$fault" "$fault.img"
        names+=("$fault.img" good.img)
    done
    cksum -- *.img > before
    run --separate-stderr virt-df-live -P 1 --timeout "${timeout:-300}" --json good.img "${names[@]}"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest' | xargs)" "good.img ${names[*]}"
    assert_equal "$(json 'select(.type == "filesystem" and .guest == "good.img") | "\(.clean) \(.used)"' | sort -u | wc -l)" 1
    assert_equal "$(json 'select(.type == "filesystem" and .guest == "good.img") | .status' | xargs)" "$(printf 'ok%.0s ' good.img "${@:2}" | sed 's/ $//')"
    cksum -- *.img | diff before -
}

# was_left GUEST REASON [STATUS]: read without its journal, for that reason
was_left()
{
    assert_equal "$(jq -r --arg guest "$1" 'select(.type == "filesystem" and .guest == $guest)
        | "\(.status) \(.clean) \(.recovered) \(.size > 0)"' <<< "$rows")" "${3:-corrupt} false false true"
    assert_contains "$(grep "$1: /dev/sda: its journal cannot be replayed, so it was read without: " <<< "$reasons")" "$2"
}

# leads_out GUEST: … because a block is not on the device; Linux 6.12 has no buffer for such a one, and calls that a want of memory
leads_out()
{
    if grep -q "$1: /dev/sda: .*: mount ext4: Cannot allocate memory (JBD2: Out of memory during recovery" <<< "$reasons"; then
        was_left "$1" "mount ext4: Cannot allocate memory" unsupported
    else
        was_left "$1" "mount ext4: Input/output error"
    fi
}

# was_late GUEST: … because its time was up
was_late() { was_left "$1" "(--timeout)" timeout; }

# lists_late IMAGE OPTION…: virt-ls has its files, and says so
lists_late()
{
    run --separate-stderr virt-ls "${@:2}" -a "$1" -m /dev/sda -lR --checksum=md5 /
    assert_status 1
    assert_contains "$output" "$(md5sum < mark | cut -d ' ' -f 1) /mark"
    assert_equal "$(grep -c "^virt-ls: $1: /dev/sda: its journal cannot be replayed, so it was read without: .*(--timeout)$" <<< "$stderr")" 1
}

# keep: what the scan said, for was_left and was_late
keep() { rows=$output reasons=$stderr; }

# has_been_replayed IMAGE BYTES [OPTION…]: so many of /mark are what the log has
has_been_replayed()
{
    local sum
    sum=$({ for ((i = 0; i < $2 / 8; i++)); do printf replayed; done; tail -c +$(($2 + 1)) mark; } | md5sum | cut -d ' ' -f 1)
    run -0 --separate-stderr virt-ls "${@:3}" -a "$1" -m /dev/sda -lR --checksum=md5 /
    assert_contains "$output" "$sum /mark"
}

@test "ext4: a journal that is longer than its device, leads out of it, or counts more than there is" {
    local faults=(length first start block-size target tags sequence revoke)
    make_ext4 ext4.img
    crafted ext4 "${faults[@]}"
    keep
    was_left length.img "mount ext4: Invalid argument"
    was_left first.img "mount ext4: Invalid argument"
    was_left start.img "mount ext4: " # Linux 6.1: Input/output error; 6.12 sees it before: Structure needs cleaning
    was_left block-size.img "mount ext4: Invalid argument"
    leads_out target.img
    leads_out tags.img
    leads_out sequence.img
    was_left revoke.img "mount ext4: " # Linux 6.1: Input/output error; 6.12: Invalid argument
}

# The driver would follow it for ever.
@test "ext4: a log that leads round in a circle" {
    make_ext4 ext4.img
    crafted ext4 loop loop-revoke short
    keep
    was_left loop.img "its log leads round in a circle"
    was_left loop-revoke.img "its log leads round in a circle"
    was_left short.img "its log leads round in a circle"
}

# How the log of one without extents goes on is not read beforehand.
@test "ext3: a log that leads round in a circle is read without, when its time is up" {
    timeout=10
    mkdir tree
    cp mark tree/mark
    mke2fs -q -F -t ext3 -b 1024 -J size=4 -d tree ext3.img 24M > making.log
    crafted ext3 short
    keep
    # Linux 6.12 refuses a journal that is so short, and follows nothing.
    if [[ $reasons == *"JBD2: journal file too short"* ]]; then was_left short.img "journal file too short"; else was_late short.img; fi
}

@test "ext4: a journal whose inode is no longer one is damage of the filesystem" {
    make_ext4 ext4.img
    crafted ext4 inode-size inode-extent
    assert_equal "$(json 'select(.type == "filesystem" and .guest != "good.img") | "\(.guest) \(.status) \(.size)"')" \
        "inode-size.img corrupt null
inode-extent.img corrupt null"
    assert_contains "$stderr" "inode-size.img: /dev/sda: mount ext4: Structure needs cleaning" \
        "inode-extent.img: /dev/sda: mount ext4: Structure needs cleaning"
}

@test "the same logs without a fault are replayed" {
    make_ext4 ext4.img
    make_xfs xfs.img 320M
    "$journals" none ext4.img
    "$journals" none xfs.img
    run -0 virt-df-live --json ext4.img xfs.img
    assert_equal "$(json 'select(.type == "filesystem") | "\(.clean) \(.recovered) \(.status)"')" $'false true ok\nfalse true ok'
    has_been_replayed ext4.img 1024
    has_been_replayed xfs.img 4096
}

# What is in the header of a record, in the operations of a transaction, and in the superblock about the log.
@test "xfs: a log that counts more than there is, or leads out of its device" {
    local faults=(operation tail cycles regions map target target-negative) fault
    make_xfs xfs.img 320M
    crafted xfs "${faults[@]}"
    keep
    for fault in "${faults[@]}"; do was_left "$fault.img" "mount xfs: Structure needs cleaning"; done
}

@test "xfs: a log that is longer than the device is damage of the filesystem, one that is not where the superblock says is not" {
    make_xfs xfs.img 320M
    crafted xfs log-length log-start
    keep
    assert_equal "$(json 'select(.type == "filesystem" and .guest == "log-length.img") | "\(.status) \(.size)"')" "corrupt null"
    was_left log-start.img "mount xfs: Input/output error"
}

# The driver does not come back from two of these, and from a third, for want of memory, late.
@test "xfs: records of 2 GiB, or whose numbers are not yet due: read without, when their time is up" {
    timeout=10
    make_xfs xfs.img 320M
    crafted xfs length size lsn tail-cycle
    keep
    was_late length.img
    was_late lsn.img
    was_late size.img || was_left size.img "Cannot allocate memory" unsupported
    was_left tail-cycle.img "mount xfs: Structure needs cleaning"
    lists_late length.img --timeout=10
}

# Replaying it takes minutes. With KVM it would not.
@test "xfs: a log of 512 MiB that is full, and little time" {
    make_xfs xfs.img 4G -m crc=0 -l size=512m
    "$journals" none xfs.img 440 64
    run --separate-stderr virt-df-live --accel=tcg --timeout 25 --json xfs.img
    assert_status 1
    keep
    was_late xfs.img
    lists_late xfs.img --accel=tcg --timeout=15
}

@test "xfs: a log that is nearly full" {
    make_xfs xfs.img 320M -m crc=0
    "$journals" none xfs.img 50 8
    run --separate-stderr virt-df-live --timeout 600 --json xfs.img
    assert_status 0
    assert_equal "$(json 'select(.type == "filesystem") | "\(.clean) \(.recovered) \(.status)"')" "false true ok"
    has_been_replayed xfs.img 4096 --timeout=600
}
