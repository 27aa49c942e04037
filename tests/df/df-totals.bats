#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --total=owner and --total=directory: sums of guests that have that in common, before the sum of all.

load ../lib/helpers

setup()
{
    requires_appliance
    setup_test
    mkdir a b
    image ext4.img a/one.img
    image ext4.img a/two.img
    image ext4.img b/three.img
}

# The last rows of the table: "NAME… SIZE USED AVAILABLE USE%", one blank between them
totals() { grep ^total <<< "$output" | tr -s ' '; }

@test "by directory, as it was named" {
    run -0 virt-df-live --csv --total=directory a/one.img a/two.img b/three.img -a a/one.img -a b/three.img
    assert_equal "$(totals)" "total (unknown or several directories),,43246,1620,38188,3.7
total a/,,43246,1620,38188,3.7
total b/,,21623,810,19094,3.7
total,,108115,4050,95470,3.7"
    cd a
    run -0 virt-df-live --csv --total=directory one.img
    assert_equal "$(totals)" $'total ./,,21623,810,19094,3.7\ntotal,,21623,810,19094,3.7'
}

@test "by owner, by name where there is one" {
    requires_root
    chown 54321:daemon b/three.img
    run -0 virt-df-live --total=owner a/one.img b/three.img a/two.img
    assert_equal "$(totals)" $'total 54321:daemon 21623 810 19094 4%\ntotal root:root 43246 1620 38188 4%\ntotal 64869 2430 57282 4%'
    run -0 virt-df-live --json --total=owner a/one.img b/three.img
    assert_equal "$(json 'select(.type == "total") | "\(.owner) \(.guests) \(.filesystems) \(.size)"')" \
        $'54321:daemon 1 1 22141952\nroot:root 1 1 22141952\nnull 2 2 44283904'
}

@test "sums come after sorted rows; a guest that failed is counted, with nothing" {
    image zeros.img a/empty.img
    run -1 --separate-stderr virt-df-live --json --total=directory a/one.img a/empty.img
    assert_equal "$(json 'select(.type == "total" and .directory == "a/") | "\(.guests) \(.filesystems)"')" "2 1"
    run -0 virt-df-live --sort guest:desc --top 1 --total=directory a/one.img a/two.img
    assert_equal "$(sed 1d <<< "$output" | sed 's/  .*//')" $'two.img:/dev/sda\ntotal a/\ntotal'
    run -2 --separate-stderr virt-df-live --total=colour a/one.img
    assert_contains "$stderr" '--total: "colour" is none of owner, directory'
}
