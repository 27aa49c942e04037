#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Logical volumes: every kind that LVM makes, over one disk or several, and what is missing named.

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes lvm.img lvm-linear lvm-many.img lvm-two lvm-thin.img lvm-empty.img lvm-nodes.img lvm-same lvm-core lvm-long.img lvm-refused.img lvm-thin-damaged.img; }
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

@test "linear volumes over two disks, and in a volume; in any order of the disks" {
    local expected="/dev/span/wide wide
/dev/inner/root inner"
    assert_equal "$(devices -a lvm-linear-a.img -a lvm-linear-b.img)" "$expected"
    assert_equal "$(devices -a lvm-linear-b.img -a lvm-linear-a.img)" "$expected"
    run -0 virt-ls -a lvm-linear-a.img -a lvm-linear-b.img -m /dev/inner/root /
    assert_contains "$output" name
}

@test "… and when one of these disks is missing" {
    run -1 --separate-stderr virt-df-live --csv lvm-linear-a.img
    assert_contains "$stderr" "/dev/span/wide: a physical volume of it is missing"
}

@test "more of them than devices stay, and the next guest has its own" {
    run -1 --separate-stderr virt-df-live -P 1 --json lvm-many.img lvm.img lvm-many.img
    assert_equal "$(json 'select(.type == "swap" and .guest == "lvm-many.img") | "\(.index) \(.device)"')" \
        "$(for guest in 0 2; do for ((i = 10; i < 30; i++)); do echo "$guest /dev/many/swap$i"; done; done)"
    assert_equal "$(json 'select(.type == "filesystem") | "\(.index) \(.device) \(.label)"')" "1 /dev/sda1 boot
1 /dev/vg-0/root root
1 /dev/vg-0/var-log varlog"
}

@test "groups of linear volumes are read without LVM, others are not" {
    [[ -x $BUILD/appliance/volume-groups ]] || skip "it is not built with sanitizers"
    ask() { "$TOP/tests/lib/ask-volume-groups.py" "$BUILD/appliance/volume-groups" "$@"; }
    dd if=lvm.img of="$TMPDIR/member.img" bs=512 skip=34816 count=129024 conv=sparse status=none

    run -0 --separate-stderr ask "$TMPDIR/member.img"
    assert_equal "$(grep -v ^S <<< "$output")" "Vvg-0/root
Vvg-0/swap
Vvg-0/var-log
."
    run -0 --separate-stderr ask lvm-linear-a.img lvm-linear-b.img
    assert_equal "$(grep -v ^S <<< "$output")" "Vspan/outer
Vspan/wide
."
    for members in lvm-linear-a.img "lvm-two-a.img lvm-two-b.img" lvm-thin.img; do
        # shellcheck disable=SC2086 # they are several
        run -0 --separate-stderr ask $members
        assert_equal "$output" ""
    done
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

@test "groups and volumes that are called as what the agent itself makes" {
    assert_equal "$(devices lvm-nodes.img)" "/dev/array0/root array0
/dev/keeper/error error
/dev/keeper/view view
/dev/ram2/root ram2"
}

@test "two groups of one name: the second is shown with the first characters of its UUID" {
    local twin

    run -0 --separate-stderr virt-df-live --json -a lvm-same-a.img -a lvm-same-b.img
    assert_equal "$stderr" ""
    twin=$(json 'select(.label == "root-b") | .device')
    [[ $twin =~ ^/dev/same-[A-Za-z0-9]{6}/root$ ]]
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .label')" "/dev/same/only-a only-a
/dev/same/root root-a
${twin%root}only-b only-b
$twin root-b"
    run -0 virt-ls -a lvm-same-a.img -a lvm-same-b.img -m "$twin" /
    assert_contains "$output" name
}

@test "a copy of a disk beside it is named, and not taken for half a group" {
    cp --sparse=always lvm-same-a.img "$TMPDIR/copy.img"
    run -1 --separate-stderr virt-df-live --json -a lvm-same-a.img -a "$TMPDIR/copy.img"
    assert_equal "$(json 'select(.type == "filesystem") | .device')" "/dev/same/only-a
/dev/same/root"
    assert_equal "$(json 'select(.device == "/dev/sdb") | .status')" unsupported
    assert_contains "$stderr" "/dev/sdb: LVM: a copy of /dev/sda (both have the same UUID), which is read instead"
}

@test "exported, of another host, with a cluster's locks, called md: all are read; what else there is is named" {
    local shared=$'\n/dev/shared/root shared' complaints=1
    run -1 --separate-stderr virt-df-live --json lvm-refused.img
    # LVM 2.03.31 (Debian 13) takes a cluster's locks away only where its lock daemon runs.
    if [[ $stderr == *"/dev/shared/root: not activated"* ]]; then shared='' complaints=2; fi
    assert_equal "$(json 'select(.type == "filesystem") | .device + " " + .label')" "/dev/data/root data
/dev/ha/root ha
/dev/md/root md$shared"
    assert_equal "$(json 'select(.type == "member") | .device + " " + .status + " " + (.message // "")')" "/dev/sda1 ok 
/dev/sda2 ok 
/dev/sda3 ok 
/dev/sda4 ok LVM: it belongs to no volume group
/dev/sda5 unsupported LVM: its volume group is described on other disks of the guest, which are not among those given
/dev/sda6 ok "
    assert_equal "$(wc -l <<< "$stderr")" "$complaints"
    run -0 virt-ls -a lvm-refused.img -m /dev/md/root /
    assert_contains "$output" name
}

@test "a physical volume of no group is no alarm, and no filesystem" {
    dd if=lvm-refused.img of="$TMPDIR/orphan.img" bs=512 skip=$((2048 + 3 * 49152)) count=49152 conv=sparse status=none
    run -1 --separate-stderr virt-df-live -o GUEST,STATUS --noheadings "$TMPDIR/orphan.img"
    assert_equal "$(tr -s ' ' <<< "$output")" "orphan.img empty"
}

@test "a thin pool whose metadata is damaged is corrupt, and its neighbours are scanned" {
    run -1 --separate-stderr virt-df-live --json lvm-thin-damaged.img
    assert_equal "$(json 'select(.device | startswith("/dev/vg")) | .device + " " + .status')" "/dev/vg/plain ok
/dev/vg/thina corrupt
/dev/vg/thinb ok"
    assert_contains "$stderr" "/dev/vg/thina: not activated: "
}

@test "a mirror that is synchronised meanwhile does not fill the view of its disk" {
    run -0 virt-ls -lR --checksum=sha256 -a lvm-core-a.img -a lvm-core-b.img -m /dev/core/behind /
    assert_contains "$output" "$(head -c 128M /dev/zero | sha256sum | cut -d ' ' -f 1) /large"
}

@test "nothing is written to the images" {
    local before
    before=$(cksum lvm.img lvm-two-a.img lvm-two-b.img lvm-thin.img)
    run -0 virt-df-live lvm.img lvm-thin.img
    run -0 virt-df-live -a lvm-two-a.img -a lvm-two-b.img
    assert_equal "$(cksum lvm.img lvm-two-a.img lvm-two-b.img lvm-thin.img)" "$before"
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
