#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt's guests with encrypted disks: libvirt's secrets open them, or --key does.

load ../lib/helpers
load ../lib/daemon

one=0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
other=5c8d3f5e-3f0a-4f7b-9a52-0b1d7e6c9a11

setup()
{
    requires_appliance
    requires qemu-img
    setup_test
    prepare_daemon
    image ext4.img
    encrypted="<encryption format='luks'><secret type='passphrase' uuid='$one'/></encryption>"
}

# What the guests have: both kinds of encrypted disks, and a plain one beside.
define_guests()
{
    qemu_img_luks secret convert -O luks -o key-secret=s,iter-time=10 ext4.img "$user_home/luks.raw"
    qemu_img_luks secret convert -O qcow2 -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 ext4.img "$user_home/luks.qcow2"
    mv ext4.img "$user_home/plain.img"
    define a-raw "<driver name='qemu' type='raw'/><source file='$user_home/luks.raw'/>$encrypted"
    define b-qcow2 "<driver name='qemu' type='qcow2'/><source file='$user_home/luks.qcow2'>$encrypted</source>" \
        "<disk type='file'><source file='$user_home/plain.img'/><target dev='vdb' bus='virtio'/></disk>"
    define c-plain "<source file='$user_home/plain.img'/>"
}

rows() { json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype + " \(.size)"'; }
states() { json 'select(.type == "guest") | .guest + " " + .status'; }

@test "libvirt's secret opens them, and stands nowhere" {
    define_guests
    secret "$one" secret
    start_daemon daemon_listens
    run --separate-stderr live --json -x
    assert_status 0
    assert_equal "$(rows | cut -d ' ' -f 1-3)" "a-raw /dev/sda ext4
b-qcow2 /dev/sda ext4
b-qcow2 /dev/sdb ext4
c-plain /dev/sda ext4"
    # The header of LUKS is not part of the disk.
    assert_equal "$(rows | cut -d ' ' -f 4 | sort -u | wc -l)" 1
    assert_contains "$stderr" "libvirt: virSecretGetValue: "
    [[ $stderr$output != *$'\nsecret'* && $stderr != *"c2VjcmV0"* ]]
    assert_nothing_left
}

@test "without it they are encrypted, and the secret is named; --key opens them" {
    define_guests
    start_daemon daemon_listens
    run --separate-stderr live --json
    assert_status 1
    assert_equal "$(states)" "a-raw encrypted
b-qcow2 encrypted
c-plain ok"
    assert_contains "$stderr" "a-raw: the raw image is encrypted: libvirt's secret $one: " \
        "b-qcow2: $user_home/luks.qcow2: the qcow2 image is encrypted: libvirt's secret $one: "
    run --separate-stderr live --json --key /dev/sda:key:secret
    assert_status 0
    assert_equal "$(rows | wc -l)" 4
    assert_equal "$stderr" ""
}

@test "a secret that does not fit, and one that libvirt keeps to itself" {
    define_guests
    secret "$one" wrong
    secret "$other" secret
    sed -i "s/private='no'/private='yes'/" "$user_home/conf/libvirt/secrets/$other.xml"
    sed -i "s/$one/$other/" "$user_home/conf/libvirt/qemu/b-qcow2.xml"
    start_daemon daemon_listens
    run --separate-stderr live --json
    assert_status 1
    assert_equal "$(states)" "a-raw encrypted
b-qcow2 encrypted
c-plain ok"
    assert_contains "$stderr" "a-raw: the image is encrypted, and no key that was given for it fits" \
        "b-qcow2: $user_home/luks.qcow2: the qcow2 image is encrypted: libvirt's secret $other: "
}
