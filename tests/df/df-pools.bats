#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt's storage pools: every volume is a guest of its own.

load ../lib/helpers
load ../lib/domains

setup() { requires_appliance; setup_test; mkdir pool; }

rows() { cut -d , -f 1,2 <<< "$output"; }
named() { virt-df-live --csv --noheadings -c "$uri" "$@"; }

@test "each volume is a guest, by name, behind the guests of command line and lists" {
    image ext4.img pool/b.img; image ext4.qcow2 pool/a.qcow2; image xfs.img
    hypervisor "$(pool images "$PWD/pool" b.img a.qcow2)" "$(domain web "$(disk xfs.img)")"
    echo "$PWD/xfs.img" > list
    run -0 --separate-stderr named --pool images --images-from list -d web
    assert_equal "$(rows)" "web,/dev/sda
xfs.img,/dev/sda
a.qcow2,/dev/sda
b.img,/dev/sda"
    assert_equal "$stderr" ""
    run -0 --separate-stderr virt-df-live --json -c "$uri" --pool images
    assert_equal "$(json 'select(.type == "guest") | "\(.index) \(.guest) \(.status) \(.images | join(" "))"')" \
        "0 a.qcow2 ok $PWD/pool/a.qcow2
1 b.img ok $PWD/pool/b.img"
    assert_nothing_left
    wait_until 5 no_lookup
}

@test "two pools, of which each shard has its part" {
    local i
    mkdir other
    for i in pool/1 pool/2 other/2 other/3; do image ext4.img "$i"; done
    hypervisor "$(pool one "$PWD/pool" 1 2)" "$(pool two "$PWD/other" 2 3)"
    run -0 named --pool two --pool one
    assert_equal "$(rows | cut -d , -f 1 | tr '\n' ' ')" "2 3 1 2 "
    run -0 named --pool two --pool one --shard 1/2
    assert_equal "$(rows | cut -d , -f 1 | tr '\n' ' ')" "3 2 "
}

@test "a format is detected as an image's is, and --format holds for a pool" {
    requires qemu-img
    image ext4.img pool/base.img
    # The name does not say qcow2, and the guest may have written that.
    qemu-img create -q -f qcow2 -b "$PWD/pool/base.img" -F raw pool/disk
    hypervisor "$(pool images "$PWD/pool" disk)"
    run --separate-stderr named --pool images
    assert_status 1
    assert_contains "$stderr" "disk: the image names a backing file"
    run -0 named --format=qcow2 --pool images
    assert_equal "$(rows)" "disk,/dev/sda"
}

@test "one that is not there, one that is empty: others go on" {
    image ext4.img pool/a.img
    mkdir other
    hypervisor "$(pool empty "$PWD/other")" "$(pool images "$PWD/pool" a.img gone.img)"
    run --separate-stderr named --pool nobody --pool empty --pool images
    assert_status 1
    assert_equal "$(rows)" "a.img,/dev/sda"
    assert_contains "$stderr" "virt-df-live: nobody: libvirt does not find this storage pool at $uri: " \
        "virt-df-live: gone.img: open $PWD/pool/gone.img: No such file"
    assert_equal "$(wc -l <<< "$stderr")" 2
    run -0 --separate-stderr named --pool empty
    assert_equal "$stderr" "virt-df-live: libvirt has no volumes there at $uri: nothing to scan"
    run --separate-stderr named --pool ''
    assert_status 2
}

@test "names that a terminal would obey are escaped" {
    image ext4.img pool/a.img
    mv pool/a.img "pool/a"$'\xc2\x9b'"31mb"
    hypervisor "$(pool images "$PWD/pool" 'a&#x9b;31mb')"
    run -0 virt-df-live -c "$uri" --pool images
    assert_contains "$(names_of_table <<< "$output")" 'a\xC2\x9B31mb:/dev/sda'
}

@test "libvirt that cannot be reached, and that hangs: each pool is named, and images go on" {
    image ext4.img
    uri="qemu+unix:///system?socket=$PWD/gone"
    run --separate-stderr named --pool a ext4.img --pool b
    assert_status 1
    assert_equal "$(rows)" "ext4.img,/dev/sda"
    assert_contains "$stderr" "virt-df-live: a: cannot connect to libvirt" "virt-df-live: b: cannot connect to libvirt"
    hung_libvirt
    run --separate-stderr named --timeout 3 --pool a ext4.img
    assert_status 1
    assert_equal "$(rows)" "ext4.img,/dev/sda"
    assert_contains "$stderr" "a: libvirt did not answer within 3 s (--timeout)"
    wait_until 5 no_lookup
}

@test "images in Ceph, and units behind iSCSI, are what their pool says" {
    hypervisor '<pool type="rbd"><name>ceph</name><source><host name="127.0.0.1" port="1"/><name>vms</name></source>
        <volume><name>web1</name><capacity>1</capacity><target><path>vms/web1</path></target></volume></pool>
        <pool type="iscsi-direct"><name>units</name><source><host name="127.0.0.1" port="1"/><device path="iqn.2020-01.x:y"/>
        <initiator><iqn name="iqn.2020-01.me"/></initiator></source>
        <volume><name>unit:0:0:2</name><capacity>1</capacity><target><path>ip-127.0.0.1</path></target></volume></pool>'
    run --separate-stderr virt-df-live --json -c "$uri" --timeout 2 --pool ceph --pool units
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .images[0]')" \
        "web1 rbd:///vms/web1?mon_host=127.0.0.1:1
unit:0:0:2 iscsi://127.0.0.1:1/iqn.2020-01.x%3Ay/2?initiator=iqn.2020-01.me"
}

@test "virt-ls: paths with the volume's name" {
    image ext4.img pool/a.img; image ext4.img pool/b.img
    hypervisor "$(pool images "$PWD/pool" a.img b.img)"
    run -0 virt-ls -c "$uri" -m /dev/sda --pool images /
    assert_equal "$(cut -d : -f 1 <<< "$output" | uniq)" "a.img
b.img"
    rm pool/b.img
    hypervisor "$(pool one "$PWD/pool" a.img)"
    run -0 virt-ls -c "$uri" -m /dev/sda --pool one /
    assert_equal "$(cut -d : -f 1 <<< "$output" | uniq)" "a.img"
}
