#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems that are much larger than the appliance's memory: they fit as it is, and the smallest
# one is enough.

load ../lib/helpers

# The size is below what ext4, which the images may be on, allows to a file: 16 TiB.
size=17592184995840

setup_file()
{
    make_scratch
    export LARGE=$TMPDIR
    truncate -s "$size" "$LARGE/ext4.img" 2> "$LARGE/why" || return 0
    mke2fs -q -F -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 "$LARGE/ext4.img" 2> "$LARGE/why"
    truncate -s "$size" "$LARGE/xfs.img"
    mkfs.xfs -q -l size=64m "$LARGE/xfs.img"
}

teardown_file() { rm -rf "$LARGE"; }

setup()
{
    requires_appliance
    setup_test
    [[ -e $LARGE/xfs.img ]] || skip "$(< "$LARGE/why")"
}

# blocks FILE: of 1 KiB
blocks() { awk -F, -v name="$1" '$1 == name { print $3 }' <<< "$output"; }

scan()
{
    run -0 --separate-stderr virt-df-live --csv "$@" "$LARGE/ext4.img" "$LARGE/xfs.img"
    assert_equal "$stderr" ""
    [[ $(blocks ext4.img) -gt 17000000000 ]]
    [[ $(blocks xfs.img) -gt 17000000000 ]]
}

@test "16 TB of ext4 and xfs" { scan; }
@test "16 TB of ext4 and xfs, in the smallest appliance" { scan --memsize=256; }
