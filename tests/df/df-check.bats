#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --check: a line and an exit status for monitoring.

load ../lib/helpers

setup() { requires_appliance; setup_test; cd "$IMAGES" || return 1; }

@test "OK, WARNING and CRITICAL: one line, with performance data" {
    local use
    # between 3 and 4, as mke2fs makes it
    use=$(virt-df-live --csv --noheadings ext4.img | cut -d , -f 6)
    run -0 --separate-stderr virt-df-live --check warn=4,crit=5 ext4.img
    assert_equal "$output" "DF OK - 1 filesystems, the fullest ext4.img:/dev/sda $use%, 1 guests |\
 'fullest'=$use%;4;5;0;100 'filesystems'=1 'above_warn'=0 'above_crit'=0 'guests'=1 'guests_failed'=0\
 'ext4.img:/dev/sda'=$use%;4;5;0;100"
    run -1 --separate-stderr virt-df-live --check crit=4,warn=3 ext4.img
    assert_contains "$output" "DF WARNING - 1 of 1 filesystems above 3%, the fullest "
    run -2 --separate-stderr virt-df-live --check warn=2,crit=3 ext4.img missing.img
    assert_contains "$output" "DF CRITICAL - 1 of 1 filesystems above 2%, 1 above 3%, " "1 of 2 guests failed |"
    run -0 virt-df-live -i --check warn=1,crit=3 ext4.img
}

@test "UNKNOWN: what failed, no appliance, wrong usage" {
    run -3 --separate-stderr virt-df-live --check warn=80,crit=90 missing.img
    assert_contains "$output" "DF UNKNOWN - 0 filesystems, 1 of 1 guests failed |"
    assert_contains "$stderr" "missing.img: "
    run -3 --separate-stderr virt-df-live --check warn=80,crit=90 --appliance "$TMPDIR" ext4.img
    assert_equal "$output" "DF UNKNOWN - no appliance could be started, see stderr"
    run -3 --separate-stderr virt-df-live --check warn=90,crit=80 ext4.img
    assert_equal "$output" "DF UNKNOWN - wrong usage, see stderr"
    assert_contains "$stderr" "virt-df-live: --check: warn is above crit"
    run -3 --separate-stderr virt-df-live --check warn=80,crit=90 --json ext4.img
    assert_contains "$stderr" "--check and --json cannot be used together"
    run -0 virt-df-live --check warn=80,crit=90 --version
    assert_contains "$output" "(virt-live-tools)"
}
