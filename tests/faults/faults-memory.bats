#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that would make QEMU allocate gigabytes, and what is behind that: limits of QEMU itself.

load ../lib/helpers
load ../lib/hotplug

# The headers of tests/fuzz/corpus/image/FORMAT-tables tell of tables of 256 MiB to 64 GiB; the files have 4 KiB.
@test "an image whose tables are not in it is refused, and the others are scanned" {
    local format
    for format in vdi vpc parallels qed qcow2 vmdk cowd; do
        cp "$TOP/tests/fuzz/corpus/image/$format-tables" "$format.img"
        truncate -s 4K "$format.img"
    done
    cp "$IMAGES/ext4.img" good.img
    run --separate-stderr virt-df-live --json --stats vdi.img vpc.img parallels.img good.img qed.img qcow2.img vmdk.img cowd.img
    assert_status 1
    assert_equal "$(json 'select(.type == "guest") | "\(.guest) \(.status)"')" "vdi.img corrupt
vpc.img corrupt
parallels.img corrupt
good.img ok
qed.img corrupt
qcow2.img corrupt
vmdk.img refused
cowd.img corrupt"
    # They cost no appliance.
    [[ $(sed -n 's/^stats: //p' <<< "$stderr" | jq '.restores + .boots') -le 2 ]]
}

@test "an appliance that lives has a bound of memory, and keeps no console" {
    private_place
    launch --slots 1
    run -0 grep 'Max data size' "/proc/$(ours qemu-system)/limits"
    [[ $output != *unlimited*unlimited* ]]
    in_it sh -c 'echo said > /dev/console'
    [[ ! -e $place/$name/root/console ]]
    virt-hotplug shutdown "$name"
}

# soft_bound: bytes that a file of the appliance's QEMU may have
soft_bound() { awk '/Max file size/ { print $4 }' "/proc/$(ours qemu-system)/limits"; }

# bats test_tags=slow
@test "the files of an appliance that lives have a bound, which a writable disk raises by what it needs" {
    requires qemu-img
    private_place
    launch --slots 1
    assert_equal "$(soft_bound)" $((16 << 20))
    qemu-img create -q -f qcow2 whole.qcow2 64M
    virt-hotplug attach "$name" --rw whole.qcow2 > device
    [[ $(soft_bound) -gt $((64 << 20)) && $(soft_bound) -lt $((256 << 20)) ]]
    # All of it can be written.
    in_it sh -c "yes filled | head -c $((64 << 20)) | dd of=$(< device) bs=1M iflag=fullblock"
    virt-hotplug detach "$name" "$(< device)"
    qemu-img convert -O raw whole.qcow2 whole.raw
    cmp <(yes filled | head -c 64M) whole.raw
    virt-hotplug shutdown "$name"
}
