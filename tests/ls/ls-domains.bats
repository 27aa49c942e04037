#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-ls and libvirt's guests.

load ../lib/helpers
load ../lib/domains

setup()
{
    requires_appliance
    setup_test
    image ext4.img
    image ext4.qcow2
    hypervisor "$(domain web "$(disk ext4.img)")" "$(domain db "$(disk ext4.qcow2 "$qcow2")")" "$(domain none)"
}

list() { virt-ls -m /dev/sda -c "$uri" "$@"; }

@test "-d: one guest, its paths without its name" {
    run -0 list -a ext4.img /
    files=$output
    run -0 --separate-stderr list -d web /
    assert_equal "$output" "$files"
    assert_equal "$stderr" ""
    run -0 list --domain "$(grep -oP '<uuid>\K[^<]+' node.xml | head -1)" /
    assert_equal "$output" "$files"
}

@test "several guests: paths with their names, in order" {
    run -0 list -d web -a ext4.img -d db /etc
    assert_equal "$(cut -d : -f 1 <<< "$output" | uniq)" "web
ext4.img
db"
}

@test "-m /dev/sdb is the guest's second disk" {
    hypervisor "$(domain two "$(disk ext4.img)" "$(disk ext4.qcow2 "$qcow2")")"
    run -0 virt-ls -c "$uri" -m /dev/sdb -d two /
    assert_contains "$output" "etc"
}

@test "one that there is not, and one without disks, are named; others are listed" {
    run --separate-stderr list -d nobody -d none -d web /
    assert_status 1
    assert_contains "$output" "web:etc"
    assert_contains "$stderr" "virt-ls: nobody: libvirt does not find it at $uri" "virt-ls: none: it has no disks"
}

@test "JSON has the guest's name" {
    run -0 list --json -d db /
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status + " " + .images[0]')" "db ok $PWD/ext4.qcow2"
}

@test "libvirt that cannot be reached, and that hangs" {
    run --separate-stderr virt-ls -c "qemu+unix:///system?socket=$PWD/gone" -d web /
    assert_status 1
    assert_contains "$stderr" "virt-ls: web: cannot connect to libvirt at "
    hung_libvirt
    run --separate-stderr virt-ls --timeout 2 -c "$uri" -d web /
    assert_status 1
    assert_contains "$stderr" "virt-ls: web: libvirt did not answer within 2 s"
    wait_until 5 no_lookup
}
