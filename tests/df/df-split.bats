#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Raw images in pieces: NAME.001, NAME.002 …

load ../lib/helpers

setup() { requires_appliance; setup_test; }

# pieces IMAGE NAME SIZE
pieces() { split -b "$3" -d -a 3 --numeric-suffixes=1 "$IMAGES/$1" "$2."; }

@test "the first piece has the rows of the whole image" {
    pieces gpt.img a 30M
    pieces ext4.img b 3000000
    # A sector of the second one is at a piece's border, which is none of QEMU's.
    run --separate-stderr virt-df-live --csv b.001
    assert_status 1
    assert_contains "$stderr" "b.001: it is the first piece of an image, and piece 1 has 3000000 bytes"
    rm b.*
    pieces ext4.img b 3000320
    run -0 --separate-stderr virt-df-live --csv --noheadings a.001 b.001 "$IMAGES/gpt.img" "$IMAGES/ext4.img"
    assert_equal "$stderr" ""
    assert_equal "$(sed -n 's/^[ab].001,//p' <<< "$output")" "$(grep -v '^[ab].001,' <<< "$output" | cut -d , -f 2-)"
    run -0 virt-ls -a b.001 -m /dev/sda /
    assert_contains "$output" "lost+found"
    assert_nothing_left
}

@test "a piece that is missing is named; one alone, and one of a known format, is an image" {
    pieces ext4.img a 3M
    rm a.002
    image ext4.img lone.001
    image ext4.img raw.001
    image ext4.img raw.002
    run --separate-stderr virt-df-live --csv --noheadings a.001 lone.001 --format=raw raw.001
    assert_status 1
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "lone.001,/dev/sda
raw.001,/dev/sda"
    assert_equal "$stderr" \
        "virt-df-live: a.001: it is the first piece of an image, and another piece, a.002, is missing; --format=raw reads it alone"
}

@test "formats of forensics and of backups are named, with what reads them" {
    printf 'EVF\x09\x0d\x0a\xff\x00%01024d' 0 > a.E01
    printf 'EVF2\x0d\x0a\x81\x00%01024d' 0 > a.Ex01
    printf 'VMA\x00%01024d' 0 > a.vma
    printf '\xb4\x6e\x68\x44%01024d' 0 > a.tib
    run --separate-stderr virt-df-live --json a.E01 a.Ex01 a.vma a.tib
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .status' | sort -u)" unsupported
    assert_contains "$stderr" "a.E01: it is an EnCase image (EWF): unpack it (ewfexport, or ewfmount)" "a.Ex01: it is an EnCase image" \
        "a.vma: it is a backup of Proxmox VE: unpack it (vma extract)" "a.tib: it is a backup of Acronis"
}
