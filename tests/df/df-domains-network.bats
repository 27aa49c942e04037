#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt's guests whose disks are not files here but served by somebody.

load ../lib/helpers
load ../lib/domains
load ../lib/remote

setup()
{
    requires_appliance
    requires qemu-nbd nbdkit python3
    setup_test
}

# network PROTOCOL NAME HOST-ATTRIBUTES [ELEMENT…]: a disk; raw, unless an element says something else
network()
{
    printf '<disk type="network"><source protocol="%s" name="%s"><host %s/></source><target dev="vd%s"/>%s</disk>' \
        "$1" "$2" "$3" "$(letter)" "${*:4}"
}

# assert_disks ROW…: what virt-df-live says of all guests
assert_disks()
{
    run -0 --separate-stderr virt-df-live --json -c "$uri"
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype')" "$(printf '%s\n' "$@")"
}

@test "nbd, by host and by socket, beside files" {
    serve_nbd "$TMPDIR/a b" "$IMAGES/ext4.qcow2" --format=raw
    serve_nbd_tcp "$IMAGES/xfs.img" --format=raw --export-name="a disk"
    image ext3.img
    hypervisor "$(domain a "$(network nbd "a disk" "name='127.0.0.1' port='$port'")")" \
        "$(domain b "$(disk ext3.img)" "$(network nbd "" "transport='unix' socket='$TMPDIR/a b'" "$qcow2" '<backingStore/>')")"
    assert_disks "a /dev/sda xfs" "b /dev/sda ext3" "b /dev/sdb ext4"
    assert_equal "$(json 'select(.type == "guest") | .images | join(" ")')" "nbd://127.0.0.1:$port/a%20disk
$PWD/ext3.img nbd+unix:///?socket=$TMPDIR/a%20b"
    run -0 virt-ls -c "$uri" -d b -m /dev/sdb /
    assert_contains "$output" "lost+found"
    assert_nothing_left
}

@test "http, and what may not be printed of it" {
    image ext4.img
    serve_web "$PWD"
    hypervisor "$(domain a "$(network http ext4.img "name='127.0.0.1' port='$port'")")" \
        "$(domain b '<disk type="network"><source protocol="http" name="ext4.img" query="token=secret"><host name="127.0.0.1" port="'"$port"'"/></source><target dev="vda"/></disk>')"
    assert_disks "a /dev/sda ext4" "b /dev/sda ext4"
    [[ $output != *secret* ]]
    assert_contains "$output" "http://127.0.0.1:$port/ext4.img?***"
}

@test "the format is what libvirt says, and what an image names is not followed" {
    qemu-img create -q -f qcow2 -u -b /etc/shadow -F raw over.qcow2 4M
    serve_nbd "$TMPDIR/s" over.qcow2 --format=raw
    hypervisor "$(domain a "$(network nbd "" "transport='unix' socket='$TMPDIR/s'")")" \
        "$(domain b "$(network nbd "" "transport='unix' socket='$TMPDIR/s'" "$qcow2")")" \
        "$(domain c "$(network nbd "" "transport='unix' socket='$TMPDIR/s'" "$qcow2" '<backingStore/>')")"
    run --separate-stderr virt-df-live --json -c "$uri" --backing=allow
    assert_status 1
    assert_contains "$stderr" "a: /dev/sda: unknown data" 'b: the image names a backing file, "/etc/shadow"; what a remote image'
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "a unsupported
b unsupported
c empty"
}

@test "what is not read or not there is one error, and others go on" {
    image ext4.img
    unused=$(free_port)
    hypervisor "$(domain a-gluster "$(network gluster pool/volume 'name="h"')")" \
        "$(domain b-tls '<disk type="network"><source protocol="nbd" tls="yes"><host name="h"/></source><target dev="vda"/></disk>')" \
        "$(domain c-gone "$(network nbd x "name='127.0.0.1' port='$unused'")")" \
        "$(domain d-chain "$(disk ext4.img "$qcow2" '<backingStore type="network"><format type="raw"/><source protocol="nbd" name="x"><host name="h"/></source></backingStore>')")" \
        "$(domain e-good "$(disk ext4.img)")"
    run --separate-stderr virt-df-live --json -c "$uri"
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "a-gluster unsupported
b-tls unsupported
c-gone unreadable
d-chain unsupported
e-good ok"
    assert_contains "$stderr" "a-gluster: disk " ": a network disk over gluster is not supported" \
        'b-tls: disk vda: a network disk with "tls" is not supported' \
        "c-gone: connect to 127.0.0.1 port $unused: Connection refused" \
        "what backs it: it is a network disk; only files can back a disk"
    assert_equal "$(wc -l <<< "$stderr")" 4
}
