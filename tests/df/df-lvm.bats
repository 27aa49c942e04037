#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Logical volumes: every kind that LVM makes, over one disk or several, and what is missing named.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes lvm.img lvm-two lvm-thin.img lvm-empty.img lvm-same lvm-core lvm-long.img; }
teardown_file() { remove_scratch; }

setup()
{
    setup_test
    cd "$VOLUMES" || return 1
}

@test "partitions first, then logical volumes; dashes in their names" {
    assert_equal "$(devices lvm.img)" "/dev/sda1 boot
/dev/vg-0/root root
/dev/vg-0/var-log varlog"
}

@test "a member, swap in a volume, and which disk: JSON has it" {
    run -0 --separate-stderr virt-df-live --json lvm.img
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type != "guest") | "\(.type) \(.device) \(.disk) \(.status)"')" \
        "filesystem /dev/sda1 0 ok
member /dev/sda2 0 ok
filesystem /dev/vg-0/root null ok
swap /dev/vg-0/swap null ok
filesystem /dev/vg-0/var-log null ok"
}

@test "a group over two disks: linear, striped, mirrored, RAID 1" {
    assert_equal "$(devices -a lvm-two-a.img -a lvm-two-b.img)" "/dev/two/first first
/dev/two/mirror mirror
/dev/two/raid raid
/dev/two/second second
/dev/two/striped striped"
}

@test "… the other disk first" {
    [[ $(devices -a lvm-two-b.img -a lvm-two-a.img | wc -l) -eq 5 ]]
}

@test "without one of the disks: what is there is scanned, the rest named" {
    run -1 --separate-stderr virt-df-live --csv lvm-two-a.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/two/first
/dev/two/raid"
    assert_equal "$stderr" "virt-df-live: lvm-two-a.img: /dev/two/mirror: a physical volume of it is missing
virt-df-live: lvm-two-a.img: /dev/two/second: a physical volume of it is missing
virt-df-live: lvm-two-a.img: /dev/two/striped: a physical volume of it is missing"
}

@test "thin volumes and snapshots; a thin snapshot is skipped, as in the guest" {
    assert_equal "$(devices lvm-thin.img)" "/dev/vg/old plain
/dev/vg/plain plain
/dev/vg/thin thin"
}

@test "a group without volumes is empty, and is named" {
    run -1 --separate-stderr virt-df-live --csv lvm-empty.img
    assert_equal "$stderr" "virt-df-live: lvm-empty.img: volumes, and no filesystem in them"
}

@test "long names are whole" {
    local name
    name=/dev/long/v$(printf %0117d 0)
    assert_equal "$(devices lvm-long.img)" "${name}a long-a
${name}b long-b"
    run -0 virt-ls -a lvm-long.img -m "${name}b" /
    assert_contains "$output" name
}

@test "two groups of one name: what device mapper can have only once is named" {
    run -1 --separate-stderr virt-df-live --csv -a lvm-same-a.img -a lvm-same-b.img
    assert_equal "$(cut -d , -f 2 <<< "$output")" "Filesystem
/dev/same/only-a
/dev/same/only-b
/dev/same/root"
    assert_contains "$stderr" "virt-df-live: lvm-same-a.img+: /dev/same/root: not activated: device-mapper: create ioctl on same-root "
}

@test "a mirror that is synchronised meanwhile does not fill the view of its disk" {
    run -0 virt-ls -lR --checksum=sha256 -a lvm-core-a.img -a lvm-core-b.img -m /dev/core/behind /
    assert_contains "$output" "$(head -c 128M /dev/zero | sha256sum | cut -d ' ' -f 1) /large"
}

@test "nothing is written to the images" {
    local before
    before=$(sha256sum lvm.img lvm-two-a.img lvm-two-b.img lvm-thin.img)
    run -0 virt-df-live lvm.img lvm-thin.img
    run -0 virt-df-live -a lvm-two-a.img -a lvm-two-b.img
    assert_equal "$(sha256sum lvm.img lvm-two-a.img lvm-two-b.img lvm-thin.img)" "$before"
}

@test "metadata that are overwritten end in a message, and the next guest is right" {
    cd "$TMPDIR"
    volume lvm.img broken.img
    # The label and the metadata area of the PV, which begins at sector 34816.
    dd if=/dev/urandom of=broken.img bs=512 seek=$((34816 + 8)) count=2000 conv=notrunc status=none
    run -1 --separate-stderr virt-df-live --csv broken.img "$VOLUMES/lvm.img"
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "VirtualMachine,Filesystem
broken.img,/dev/sda1
lvm.img,/dev/sda1
lvm.img,/dev/vg-0/root
lvm.img,/dev/vg-0/var-log"
    assert_contains "$stderr" "virt-df-live: broken.img: /dev/sda2: "
}

@test "virt-ls finds what is in them, by either name" {
    run -0 virt-ls -a lvm.img -m /dev/vg-0/var-log /
    assert_contains "$output" name
    run -0 virt-ls -a lvm.img -m /dev/mapper/vg--0-var--log /
    assert_contains "$output" name
}

# The host takes a name with such bytes for a lie of the agent, which costs an appliance.
@test "a volume whose name has control characters is corrupt, and its neighbours are scanned" {
    cp lvm.img "$TMPDIR/renamed.img"
    "$TOP/tests/images/rename_volume.py" "$TMPDIR/renamed.img" var-log 'v\x1b[1mog'
    run --separate-stderr virt-df-live --json --stats "$TMPDIR/renamed.img"
    assert_status 1
    assert_equal "$(json 'select(.device | tostring | startswith("/dev/vg-0")) | "\(.device) \(.status)"')" \
        "/dev/vg-0/root ok
/dev/vg-0/swap ok
/dev/vg-0/v__1mog corrupt"
    assert_contains "$stderr" "its name in LVM's metadata has characters that LVM does not allow"
    [[ $(sed -n 's/^stats: //p' <<< "$stderr" | jq '.restores + .boots') -le 1 ]]
}
