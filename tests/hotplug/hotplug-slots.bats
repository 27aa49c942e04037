#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Slots: what is reserved at the launch, and what can be put there.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

# sized NAME MEBIBYTES: disks are told apart by their size
sized() { truncate -s "$2M" "$1"; }

# sizes DEVICE...: in MiB, as the appliance sees them
sizes()
{
    in_it sh -c 'for d; do echo $(($(blockdev --getsize64 $d) >> 20)); done' sh "$@" | paste -sd ' '
}

@test "three reserved: slot 1 is /dev/sdb, slot 3 is an error that names slots 0-2" {
    image ext4.img foo.img
    launch --slots 3
    run -0 --separate-stderr attach --slot 1 foo.img
    assert_equal "$output" /dev/sdb
    assert_equal "$stderr" ""
    refused "slot 3 is not reserved (slots 0-2 are)" attach "$name" --slot 3 foo.img
    assert_equal "$(nodes)" sdb
    run -0 in_it blkid /dev/sdb
    assert_contains "$output" 'TYPE="ext4"'
    assert_equal "$(disks slot device format mode state image)" "1 /dev/sdb raw ro ready foo.img"
    detach 1
    assert_equal "$(nodes)" ""
    assert_equal "$(disks slot)" ""
    virt-hotplug shutdown "$name"
    nothing_of_appliances
}

@test "the same with the null drives of old" {
    image ext4.img foo.img
    launch /dev/null /dev/null /dev/null
    assert_equal "$(nodes)" "sda sdb sdc"
    run -0 attach --slot 1 foo.img
    assert_equal "$output" /dev/sdb
    refused "slot 1 is attached, not free" attach "$name" --slot 1 foo.img
    refused "slot 3 is not reserved (slots 0-2 are)" attach "$name" --slot 3 foo.img
    assert_equal "$(disks slot image)" "0 /dev/null
1 foo.img
2 /dev/null"
    run -0 in_it blkid /dev/sdb
    assert_contains "$output" 'TYPE="ext4"'
}

@test "without an image and without --slots there are 255" {
    launch
    assert_equal "$(virt-hotplug list --all --json "$name" | jq -r .device | sed -n '1p;26p;27p;255p;256p')" "/dev/sda
/dev/sdz
/dev/sdaa
/dev/sdiu"
}

@test "the lowest free slot is taken, and when there is none that is an error" {
    sized a 1
    launch --slots 3
    assert_equal "$(attach a)" /dev/sda
    assert_equal "$(attach a)" /dev/sdb
    assert_equal "$(attach a)" /dev/sdc
    refused "no slot is free (there are 3)" attach "$name" a
    detach sdb
    assert_equal "$(attach a)" /dev/sdb
    detach 0
    detach /dev/sdc
    assert_equal "$(attach a)" /dev/sda
    assert_equal "$(disks slot)" "0
1"
}

@test "names are those of the slots, whatever the order" {
    sized one 1; sized two 2; sized three 3; sized four 4
    launch --slots 30
    assert_equal "$(attach --slot 27 one)" /dev/sdab
    assert_equal "$(attach --slot /dev/sdc two)" /dev/sdc
    assert_equal "$(attach --slot sda three)" /dev/sda
    assert_equal "$(sizes /dev/sda /dev/sdc /dev/sdab)" "3 2 1"
    detach 0
    detach sdab
    assert_equal "$(attach --slot 1 four)" /dev/sdb
    assert_equal "$(attach --slot 27 three)" /dev/sdab
    assert_equal "$(sizes /dev/sdb /dev/sdc /dev/sdab)" "4 2 3"
    assert_equal "$(nodes)" "sdab sdb sdc"
}

@test "an occupied slot is an error, and --replace swaps" {
    sized one 1; sized two 2
    launch --slots 2
    attach --slot 1 --label first one
    refused "slot 1 is attached, not free" attach "$name" --slot 1 two
    assert_equal "$(disks slot label image)" "1 first one"
    run -0 attach --slot 1 --replace --label second two
    assert_equal "$(disks slot label image)" "1 second two"
    assert_equal "$(sizes /dev/sdb)" 2
    run -0 attach --slot 0 --replace one
    assert_equal "$output" /dev/sda
    fails 2 "--replace: say in which --slot" attach "$name" --replace two
}

@test "an image that cannot be attached leaves its slot free" {
    sized one 1
    mkdir dir
    launch --slots 2
    refused "dir: it is a directory, not an image" attach "$name" --slot 0 dir
    refused "gone.img: open gone.img: No such file or directory" attach "$name" gone.img
    truncate -s 64K broken.qcow2
    printf 'QFI\xfb\0\0\0\2' | dd of=broken.qcow2 conv=notrunc status=none
    refused "broken.qcow2" attach "$name" --slot 0 broken.qcow2
    assert_equal "$(disks slot)" ""
    assert_equal "$(nodes)" ""
    assert_equal "$(attach one)" /dev/sda
}

@test "/dev/null is an empty drive that is not of size zero, at the launch and later" {
    launch --slots 3 /dev/null
    assert_equal "$(attach --slot 2 --label nothing /dev/null)" /dev/sdc
    assert_equal "$(nodes)" "sda sdc"
    local size
    for size in $(sizes /dev/sda /dev/sdc); do ((size > 0)); done
    run -0 in_it sh -c 'for d in sda disk/guestfs/nothing; do head -c 65536 /dev/$d | tr -d "\0" | wc -c; done'
    assert_equal "$output" "0
0"
    assert_equal "$(disks slot image label)" "0 /dev/null 
2 /dev/null nothing"
    detach nothing
    detach 0
    assert_equal "$(nodes)" ""
}

@test "images at the launch are at the first slots, and more of them than slots are wrong usage" {
    sized one 1; sized two 2
    launch --slots 4 one two /dev/null
    assert_equal "$(disks device image)" "/dev/sda one
/dev/sdb two
/dev/sdc /dev/null"
    assert_equal "$(sizes /dev/sda /dev/sdb)" "1 2"
    assert_equal "$(attach one)" /dev/sdd
    fails 2 "3 images do not fit into 2 slots" launch --slots 2 one two one
}

# bats test_tags=slow
@test "the hidden drive can be neither named, nor listed, nor detached" {
    local word

    sized one 1
    launch
    for word in 255 256 511 65791 sdiv /dev/sdiv sdiw sdzzz; do
        refused "not reserved (slots 0-254 are)" detach "$name" "$word"
        refused "not reserved (slots 0-254 are)" detach --force "$name" "$word"
        refused "not reserved (slots 0-254 are)" attach "$name" --slot "$word" one
        refused "not reserved (slots 0-254 are)" attach "$name" --replace --slot "$word" one
    done
    for word in "" 4294967295 4294967551 18446744073709551871 rootdrive /dev/rootdrive root /dev/root +255 0xff 255.0 ' 255' -255 /dev/vda vda sr0 sdIV sd \
        slot255 /dev/disk/guestfs/root; do
        refused "is no slot, no device of one, and no disk's label" detach --force "$name" -- "$word"
        refused "is no slot, no device of one, and no disk's label" attach "$name" "--slot=$word" one
    done
    assert_equal "$(virt-hotplug list --all --json "$name" | jq -s 'map(.slot) == [range(255)]')" true
    assert_equal "$(virt-hotplug list --json "$name")" ""
    assert_equal "$(nodes)" ""
    # It still has its programs, and disks still come and go.
    assert_equal "$(attach --slot 254 one)" /dev/sdiu
    detach sdiu
}

@test "a label that sounds like the hidden drive is the disk that has it" {
    sized one 1
    launch --slots 2
    attach --label rootdrive one
    assert_equal "$(disks label device)" "rootdrive /dev/sda"
    detach rootdrive
    assert_equal "$(disks label)" ""
    run -0 in_it true
}

@test "a URI is no file and is refused; a file that is called so is not" {
    launch
    local uri
    for uri in nbd://localhost/disk 'nbd+unix:///?socket=/nowhere' ssh://host/disk.img rbd://host/pool; do
        refused "it is a URI: only files can be attached" attach "$name" "$uri"
    done
    refused "it is a URI: only files can be attached" launch nbd://localhost/disk
    refused "http://...: it is a URI" attach "$name" http://user:hunter2@localhost/disk.img
    run ! grep hunter2 <<< "$stderr"
    mkdir -p nbd:/host
    image ext4.img nbd:/host/disk
    run -0 attach ./nbd://host/disk
    assert_equal "$(nodes)" sda
}
