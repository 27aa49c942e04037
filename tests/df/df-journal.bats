#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A journal that would have to be replayed is no failure: a row, and clean is false.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

@test "ext4 and xfs with a journal to replay" {
    cp "$IMAGES"/{ext4,xfs}-journal.img .
    sha256sum -- *.img > before
    run -0 --separate-stderr virt-df-live --json "$IMAGES/ext4.img" ext4-journal.img xfs-journal.img
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type == "filesystem") | [.guest, .clean, .status, .size > 0] | @csv')" \
        '"ext4.img",true,"ok",true
"ext4-journal.img",false,"ok",true
"xfs-journal.img",false,"ok",true'
    run -0 sha256sum --quiet -c before
}

@test "-o CLEAN shows it" {
    run -0 virt-df-live --noheadings -o GUEST,CLEAN "$IMAGES/ext4.img" "$IMAGES/ext4-journal.img"
    assert_equal "$(tr -s ' ' <<< "$output")" "ext4.img yes
ext4-journal.img no"
}
