#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# qcow2 images that QEMU encrypts: opened with --key, and the key is seen nowhere.

load ../lib/helpers

setup()
{
    requires_appliance
    requires qemu-img
    setup_test
    image ext4.img
}

luks=encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10

# encrypt FILE PASSPHRASE: ext4.img, as a qcow2 image that is encrypted
encrypt()
{
    qemu_img_luks "$2" convert -O qcow2 -o "$luks" ext4.img "$1"
}

rows() { cut -d , -f 1,2 <<< "$output"; }

@test "with a key: as the image that was encrypted" {
    encrypt luks.qcow2 'open sesame'
    run -0 virt-df-live --csv --noheadings ext4.img
    expected=$(cut -d , -f 2- <<< "$output")
    run -0 --separate-stderr virt-df-live --csv --noheadings --key 'all:key:open sesame' luks.qcow2
    assert_equal "$output" "luks.qcow2,$expected"
    assert_equal "$stderr" ""
    # From a file, from stdin, as the second of two; for the disk that it is.
    run -0 virt-df-live --csv --noheadings --key all:file:key luks.qcow2
    assert_equal "$output" "luks.qcow2,$expected"
    run -0 virt-df-live --csv --noheadings --keys-from-stdin luks.qcow2 <<< $'wrong\nopen sesame'
    assert_equal "$output" "luks.qcow2,$expected"
    run -0 virt-df-live --csv --noheadings --key '/dev/sdb:key:open sesame' -a ext4.img -a luks.qcow2
    assert_equal "$(rows)" "ext4.img+,/dev/sda
ext4.img+,/dev/sdb"
    run -0 virt-ls --key 'all:key:open sesame' -a luks.qcow2 -m /dev/sda /
    assert_contains "$output" lost+found
    assert_nothing_left
}

@test "without one, with one for another disk, with a wrong one: encrypted, and others go on" {
    encrypt luks.qcow2 secret
    run --separate-stderr virt-df-live --json luks.qcow2 ext4.img
    assert_status 1
    assert_equal "$stderr" "virt-df-live: luks.qcow2: the qcow2 image is encrypted"
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "luks.qcow2 encrypted
ext4.img ok"
    run --separate-stderr virt-df-live --json --key /dev/sdb:key:secret luks.qcow2 ext4.img
    assert_status 1
    assert_equal "$stderr" "virt-df-live: luks.qcow2: the image is encrypted, and no key was given for it"
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "luks.qcow2 encrypted
ext4.img ok"
    run --separate-stderr virt-df-live --json --key all:key:wrong --key $'all:key:\xff' luks.qcow2 ext4.img
    assert_status 1
    assert_equal "$stderr" "virt-df-live: luks.qcow2: the image is encrypted, and no key that was given for it fits"
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "luks.qcow2 encrypted
ext4.img ok"
}

@test "a chain of encrypted images" {
    encrypt base.qcow2 secret
    qemu_img_luks secret create -f qcow2 -o "$luks" -b base.qcow2 -F qcow2 over.qcow2 "$(stat -c %s ext4.img)"
    qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 plain.qcow2 "$(stat -c %s ext4.img)"
    run -0 virt-df-live --csv --noheadings --key all:key:secret over.qcow2 plain.qcow2
    assert_equal "$(rows)" "over.qcow2,/dev/sda
plain.qcow2,/dev/sda"
}

@test "the old method is said to be one that QEMU does not read" {
    qemu_img_luks secret create -f qcow2 -o encrypt.format=aes,encrypt.key-secret=s aes.qcow2 4M
    run --separate-stderr virt-df-live --json --key all:key:secret aes.qcow2
    assert_status 1
    assert_contains "$stderr" "aes.qcow2: the qcow2 image is encrypted by the old method, AES, which QEMU refuses"
    assert_equal "$(json 'select(.type == "guest") | .status')" encrypted
}

# bats test_tags=slow
@test "such a guest shares with nobody, and one that takes for ever costs nobody else anything" {
    encrypt luks.qcow2 secret
    run -0 --separate-stderr virt-df-live --csv --stats --isolate=none --key all:key:secret ext4.img luks.qcow2 ext4.img luks.qcow2
    assert_equal "$(jq .waves <<< "${stderr##*stats: }")" 3
    # As many iterations as there can be, in the first key slot of the LUKS header ("LUKS\xba\xbe").
    offset=$(LC_ALL=C grep -obUaP 'LUKS\xba\xbe' luks.qcow2 | head -1 | cut -d : -f 1)
    printf '\xff\xff\xff\xff' | dd of=luks.qcow2 bs=1 seek=$((offset + 208 + 4)) conv=notrunc status=none
    run --separate-stderr virt-df-live --csv --noheadings -P 1 --timeout 6 --isolate=none --key all:key:secret luks.qcow2 ext4.img
    assert_status 1
    assert_equal "$(rows)" "ext4.img,/dev/sda"
    assert_equal "$stderr" "virt-df-live: luks.qcow2: no answer within 6 s (--timeout)"
    assert_nothing_left
}

# Where QEMU's command lines, libvirt's log of everything it sends to QEMU, and the trace would have it.
@test "a key is on no command line and in no log" {
    encrypt luks.qcow2 s3cretword
    # In a file, because our own command line would have it otherwise. libvirt logs to stderr: what it runs in writes no other file.
    LIBVIRT_DEBUG=1 LIBVIRT_LOG_OUTPUTS=1:stderr start virt-df-live -x --key all:file:key luks.qcow2
    while kill -0 "$pid" 2> /dev/null; do
        cat /proc/[0-9]*/cmdline >> lines 2> /dev/null || [[ $? -eq 1 ]] # of a process that has ended
        sleep 0.05
    done
    finish
    assert_status 0
    assert_contains "$output" /dev/sda
    run -0 grep -aq object-add err
    run -0 grep -aq qemu-system lines
    run ! grep -aE 's3cretword|czNjcmV0d29yZA' lines out err
}

@test "nothing is written to the images" {
    encrypt luks.qcow2 secret
    before=$(cksum luks.qcow2; stat -c '%u %g %a %y %z' luks.qcow2)
    run -0 virt-df-live --key all:key:secret luks.qcow2
    assert_equal "$(cksum luks.qcow2; stat -c '%u %g %a %y %z' luks.qcow2)" "$before"
}
