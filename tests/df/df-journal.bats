#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Journals that have to be replayed, made without a mount: one that can be, and one that cannot. df-recovery.bats has real ones.

load ../lib/helpers

setup() { requires_appliance; setup_test; }

# said EXPRESSION: of each filesystem
said() { json "select(.type == \"filesystem\") | $1"; }

@test "an ext4 with a journal to replay: clean is false, recovered true" {
    cp "$IMAGES/ext4-journal.img" .
    cksum -- *.img > before
    run -0 --separate-stderr virt-df-live --json "$IMAGES/ext4.img" ext4-journal.img
    assert_equal "$stderr" ""
    assert_equal "$(said '[.guest, .clean, .recovered, .status, .size > 0] | @csv')" \
        '"ext4.img",true,,"ok",true
"ext4-journal.img",false,true,"ok",true'
    cksum -- *.img | diff before -
}

# Its log says neither "unmounted" nor anything else.
@test "an xfs whose log cannot be replayed: read without, the reason, exit 1" {
    cp "$IMAGES/xfs-journal.img" .
    cksum -- *.img > before
    run -1 --separate-stderr virt-df-live --json xfs-journal.img
    assert_contains "$stderr" "/dev/sda: its journal cannot be replayed, so it was read without: mount xfs: Structure needs cleaning"
    assert_equal "$(said '[.clean, .recovered, .status, .size > 0] | @csv')" 'false,false,"corrupt",true'
    cksum -- *.img | diff before -
}

@test "-o CLEAN,RECOVERED shows it" {
    run -0 virt-df-live --noheadings -o GUEST,CLEAN,RECOVERED "$IMAGES/ext4.img" "$IMAGES/ext4-journal.img"
    assert_equal "$(tr -s ' ' <<< "$output" | sed 's/ $//')" "ext4.img yes
ext4-journal.img no yes"
}

# A byte of the image that says "in use": vfat's, exfat's, hfsplus' and ext2's.
@test "filesystems without a journal that were not unmounted: clean is false, recovered null" {
    cp "$IMAGES"/{vfat,exfat,hfsplus,ext2,udf,ntfs}.img .
    run -0 virt-df-live --json -- *.img
    assert_equal "$(said '[.clean, .recovered] | @csv' | sort -u)" 'true,'
    poke vfat.img 65 '\001'
    poke exfat.img 106 '\002'
    poke hfsplus.img 1030 '\000'
    poke ext2.img 1082 '\000'
    run -0 virt-df-live --json {vfat,exfat,hfsplus,ext2}.img
    assert_equal "$(said '[.clean, .recovered] | @csv' | sort -u)" 'false,'
}

# poke IMAGE OFFSET BYTE
poke() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
