#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --filter: expressions of libsmartcols, where it is new enough.

load ../lib/helpers

setup()
{
    requires_appliance
    setup_test
    cd "$IMAGES" || return 1
    if virt-df-live --help | tr -s ' \n' ' ' | grep -q 'libsmartcols has no filters'; then filters=no; else filters=yes; fi
}

needs_filters() { [[ $filters == yes ]] || skip "libsmartcols here has no filters"; }

# rows EXPR OPTION…: the filesystems that there are, in one line.
rows()
{
    local expression=$1
    shift
    run --separate-stderr virt-df-live --noheadings --csv -o FILESYSTEM --filter "$expression" "$@" ext4.img vfat.img iso9660.iso zeros.img
    [[ $status == 0 || $status == 1 ]]
    paste -sd ' ' <<< "$output"
}

@test "--filter where the library has none: wrong usage, in one line, and --help says so" {
    [[ $filters == no ]] || skip "libsmartcols here has filters"
    run -2 --separate-stderr virt-df-live --filter 'SIZE > 0' ext4.img
    assert_equal "$(grep -c . <<< "$stderr")" 2 # and where to find help
    assert_contains "$stderr" "virt-df-live: --filter: not in this build: filters need libsmartcols 2.40"
    assert_equal "$output" ""
}

@test "--filter: numbers, texts, and columns that are not shown" {
    needs_filters
    assert_equal "$(rows 'FSTYPE == "ext4"')" "ext4.img:/dev/sda"
    assert_equal "$(rows 'fstype =~ "^(ext|iso)"')" "ext4.img:/dev/sda iso9660.iso:/dev/sda"
    assert_equal "$(rows 'USE% > 99 OR FSTYPE == "vfat"')" "vfat.img:/dev/sda iso9660.iso:/dev/sda"
    assert_equal "$(rows 'INODES >= 0')" "ext4.img:/dev/sda" # the others have no number
    assert_equal "$(rows 'SIZE > 1T')" ""
    # sizes are bytes, whatever the table shows
    size=$(virt-df-live --json ext4.img | jq 'select(.type == "filesystem") | .size')
    assert_equal "$(rows "SIZE == $size")" "ext4.img:/dev/sda"
    assert_equal "$(rows "SIZE == $size" -h)" ""
}

@test "--filter: what failed is named, has its row with STATUS, and counts" {
    needs_filters
    run -1 --separate-stderr virt-df-live --csv --noheadings -o GUEST,STATUS --filter 'STATUS != "ok"' ext4.img zeros.img
    assert_equal "$output" "zeros.img,empty"
    assert_contains "$stderr" "zeros.img: "
    run -1 --separate-stderr virt-df-live --csv --noheadings -o GUEST,STATUS --filter 'STATUS == "ok"' ext4.img zeros.img
    assert_equal "$output" "ext4.img,ok"
    assert_contains "$stderr" "zeros.img: "
    # a guest none of whose filesystems fits has no row of its own either
    run -0 virt-df-live --csv --noheadings -o GUEST,STATUS --filter 'FSTYPE != "ext4"' ext4.img
    assert_equal "$output" ""
}

@test "--filter: sums, --top, thresholds, JSON, metrics and the report are of what fits" {
    local filter=(--filter 'FSTYPE != "iso9660"')

    needs_filters
    virt-df-live --csv --noheadings --total ext4.img > alone
    run -0 virt-df-live --csv --noheadings --total "${filter[@]}" ext4.img iso9660.iso
    assert_equal "$output" "$(< alone)"
    run -0 virt-df-live --csv --noheadings -o GUEST --sort use%:desc --top 1 "${filter[@]}" ext4.img iso9660.iso
    assert_equal "$output" ext4.img
    run -4 --separate-stderr virt-df-live --fail-above 99 iso9660.iso
    run -0 virt-df-live --fail-above 99 "${filter[@]}" iso9660.iso
    run -0 virt-df-live --check warn=95,crit=99 "${filter[@]}" ext4.img iso9660.iso
    assert_contains "$output" "DF OK - " "'filesystems'=1 "
    run -0 virt-df-live --json --metrics "$TMPDIR/metrics" --html "$TMPDIR/page.html" "${filter[@]}" ext4.img iso9660.iso
    assert_equal "$(json '"\(.type) \(.guest)"' | paste -sd ,)" "filesystem ext4.img,guest ext4.img,guest iso9660.iso"
    grep -q 'size_bytes.*ext4.img' "$TMPDIR/metrics"
    run ! grep -q 'size_bytes.*iso9660.iso' "$TMPDIR/metrics"
    assert_contains "$(< "$TMPDIR/page.html")" ">ext4.img<td>/dev/sda<td>"
    run ! grep -q '>iso9660.iso<td>/dev/sda<td>' "$TMPDIR/page.html"
}

@test "--filter: where the guest mounts it is asked for" {
    needs_filters
    # No system mounts it: it is empty, not unknown.
    assert_equal "$(rows 'MOUNTPOINT == "" && FSTYPE == "ext4"')" "ext4.img:/dev/sda"
}

@test "--filter: wrong expressions start nothing; a text that is no number is said" {
    needs_filters
    for expression in 'SIZE >' 'COLOUR == 1' 'LABEL =~ "["' ''; do
        run -2 --separate-stderr virt-df-live --filter "$expression" missing.img
        assert_contains "$stderr" "virt-df-live: --filter: "
    done
    run -1 --separate-stderr virt-df-live --noheadings --filter 'FSTYPE > 5' ext4.img
    assert_equal "$output" ""
    assert_contains "$stderr" "virt-df-live: --filter: 1 rows are left out"
}
