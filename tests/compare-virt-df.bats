#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rows of virt-df, of libguestfs, on the same images: same devices, blocks, used, available.
# All images are disks of one guest, because virt-df starts an appliance a guest, 10 s each.

load helpers
load domains
load volumes

images=(ext2.img ext3.img ext4.img xfs.img btrfs.img vfat.img fat16.img exfat.img ntfs.img udf.img
    squashfs.img erofs.img f2fs.img gpt.img mbr.img ext4.qcow2)

# Volumes: LVM of every kind, over one disk and over two; an array of whole disks with partitions on it. Left out: a degraded
# array (virt-df waits for its members, 150 s, and then fails), LUKS (virt-df 1.48 has no --key), btrfs over two disks
# (virt-df has its row twice). Dynamic disks, with GUID tables: with the older ones virt-df fails as soon as a disk has two
# pieces.
volumes=(lvm.img lvm-two-a.img lvm-two-b.img lvm-thin.img md-disks-a.img md-disks-b.img ldm-gpt-a.img ldm-gpt-b.img ldm-gpt-c.img)

# Why virt-df cannot be run here; nothing where it can.
why_not()
{
    command -v virt-df > /dev/null || { echo "virt-df (guestfs-tools) is not installed"; return; }
    [[ $(echo "$BUILD"/appliance/debs/linux-image-*) != *'*'* ]] ||
        { echo "there is no kernel package in $BUILD/appliance/debs for virt-df's appliance"; return; }
    [[ -d /lib/modules ]] || echo "supermin needs a directory /lib/modules, be it empty"
}

# The same names, disks, formats and order for both: of a hypervisor that needs none.
make_hypervisor()
{
    hypervisor "$(domain web "$(disk "$IMAGES/gpt.img")" "$(disk "$IMAGES/ext4.qcow2" "$qcow2")")" \
        "$(domain db "$(disk "$IMAGES/xfs.img")" '<disk type="file" device="cdrom"><target dev="hdc"/></disk>')"
}

# theirs_and_ours NAME ARGUMENT…: what both say, in the files theirs-NAME and ours-NAME
theirs_and_ours()
{
    timeout 600 "$TOP/tests/compare-virt-df.sh" "$BUILD" --csv "${@:2}" > "$BATS_FILE_TMPDIR/theirs-$1"
    virt-df-live --csv "${@:2}" > "$BATS_FILE_TMPDIR/ours-$1"
}

compare_volumes()
{
    local name
    local -a disks=()

    make_volumes lvm.img lvm-two lvm-thin.img md-disks ldm-gpt
    cd "$VOLUMES" || return 1
    for name in "${volumes[@]}"; do disks+=(-a "$name"); done
    theirs_and_ours volumes "${disks[@]}"
}

# Both run once: virt-df takes a minute, and two more where its appliance has yet to be made.
setup_file()
{
    local -a disks=()
    local name

    [[ ! $(why_not) ]] || return 0
    for name in "${images[@]}"; do disks+=(-a "$name"); done
    make_scratch
    cd "$IMAGES" || return 1
    theirs_and_ours images "${disks[@]}"
    compare_volumes
    cd "$TMPDIR" || return 1
    make_hypervisor
    theirs_and_ours guests -c "$uri"
    remove_scratch
}

setup()
{
    local why

    why=$(why_not)
    [[ ! $why ]] || skip "$why"
    setup_test
    cp "$BATS_FILE_TMPDIR"/{ours,theirs}-* .
}

@test "the rows of 16 disks are virt-df's, figure for figure" {
    [[ $(wc -l < theirs-images) -eq 22 ]]
    diff <(sort theirs-images) <(sort ours-images)
}

@test "… in virt-df's order: whole disks before partitions" {
    diff <(cut -d , -f 2 theirs-images) <(cut -d , -f 2 ours-images)
}

# An array is called by its name here, and by the number that the kernel gave it there. Of several groups the order is not the
# same: theirs is by the whole name, ours by group. A volume of a dynamic disk has two rows there.
@test "logical volumes, linear, striped, mirrored, thin, snapshots; partitions of an array" {
    diff <(sed 's,/md127p,/md/data,' theirs-volumes | grep -v /ldm_vol_ | sort) <(grep -v /ldm_vol_ ours-volumes | sort)
    [[ $(grep -vc /ldm_vol_ ours-volumes) -eq 14 ]]
}

@test "volumes of dynamic disks: simple, spanned, striped, mirrored, RAID 5" {
    diff <(grep /ldm_vol_ theirs-volumes | sort -u) <(grep /ldm_vol_ ours-volumes)
    [[ $(grep -c /ldm_vol_ ours-volumes) -eq 5 ]]
}

@test "all guests of libvirt: names, devices, figures and order are virt-df's" {
    [[ $(wc -l < theirs-guests) -eq 6 ]]
    diff theirs-guests ours-guests
}
