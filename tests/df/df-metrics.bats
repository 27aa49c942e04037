#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --metrics: a file for Prometheus.

load ../lib/helpers

setup() { requires_appliance; setup_test; cd "$IMAGES" || return 1; }

@test "figures, a failure and the time are in the file, beside the table" {
    run --separate-stderr virt-df-live --metrics "$TMPDIR/virt.prom" ext4.img missing.img
    assert_status 1
    assert_equal "$(names_of_table <<< "$output")" "ext4.img:/dev/sda"
    assert_equal "$(ls "$TMPDIR"/virt.prom*)" "$TMPDIR/virt.prom" # and no temporary file
    assert_equal "$(stat -c %a "$TMPDIR/virt.prom")" 644
    assert_contains "$(< "$TMPDIR/virt.prom")" \
        'virt_guest_scan_status{guest="ext4.img",image="ext4.img",status="ok"} 1' \
        'virt_guest_scan_status{guest="missing.img",image="missing.img",status="unreadable"} 1'
    assert_equal "$(sed -nE 's/^virt_filesystem_size_bytes\{.*,device="\/dev\/sda",fstype="ext4"\} //p' "$TMPDIR/virt.prom")" 22141952
    local when
    when=$(sed -n 's/^virt_guest_last_scan_timestamp_seconds{guest="ext4.img",.*} //p' "$TMPDIR/virt.prom")
    ((EPOCHSECONDS - when < 600))
}

@test "a file that cannot be written is named, and the rows are there" {
    run -1 --separate-stderr virt-df-live --metrics "$TMPDIR/none/virt.prom" ext4.img
    assert_equal "$(names_of_table <<< "$output")" "ext4.img:/dev/sda"
    assert_contains "$stderr" "virt-df-live: --metrics: " "none/virt.prom"
}
