#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Storage pools of a libvirt daemon: what its storage driver finds in a directory.

load ../lib/helpers
load ../lib/daemon

key=0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f

setup()
{
    requires_appliance
    requires qemu-img
    setup_test
    prepare_daemon
    mkdir -p "$user_home/pool/directory" "$user_home/conf/libvirt/storage/autostart"
    printf '<pool type="dir"><name>%s</name><target><path>%s</path></target></pool>' images "$user_home/pool" \
        > "$user_home/conf/libvirt/storage/images.xml"
    ln -s ../images.xml "$user_home/conf/libvirt/storage/autostart/images.xml"
    image ext4.img
}

rows() { json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype'; }

@test "images of every kind, and one whose key is libvirt's secret; directories are none" {
    qemu-img convert -O qcow2 ext4.img "$user_home/pool/b.qcow2"
    qemu_img_luks hush convert -O qcow2 -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 ext4.img "$user_home/pool/c.qcow2"
    mv ext4.img "$user_home/pool/a.img"
    # libvirt finds the key of a volume by its path.
    printf "<secret ephemeral='no' private='no'><uuid>%s</uuid><usage type='volume'><volume>%s</volume></usage></secret>" \
        "$key" "$user_home/pool/c.qcow2" > "$user_home/conf/libvirt/secrets/$key.xml"
    printf hush | base64 > "$user_home/conf/libvirt/secrets/$key.base64"
    start_daemon daemon_listens
    run -0 --separate-stderr live --json -x --pool images
    assert_equal "$(rows)" "a.img /dev/sda ext4
b.qcow2 /dev/sda ext4
c.qcow2 /dev/sda ext4"
    [[ $output$stderr != *hush* && $output$stderr != *aHVzaA* ]]
    assert_nothing_left
}

@test "one whose directory is gone is named, with libvirt's reason" {
    rmdir "$user_home/pool/directory" "$user_home/pool"
    start_daemon daemon_listens
    run --separate-stderr live --pool images
    assert_status 1
    assert_contains "$stderr" "virt-df-live: images: libvirt cannot list the volumes of this storage pool: " "is not active"
}
