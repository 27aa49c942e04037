#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rows of virt-df, of libguestfs, on the same images: same devices, blocks, used, available.
# All images are disks of one guest, because virt-df starts an appliance a guest, 10 s each.

load helpers
load domains

images=(ext2.img ext3.img ext4.img xfs.img btrfs.img vfat.img fat16.img exfat.img ntfs.img udf.img
    squashfs.img erofs.img f2fs.img gpt.img mbr.img ext4.qcow2)

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

# Both run once: virt-df takes a minute, and two more where its appliance has yet to be made.
setup_file()
{
    local -a disks=()
    local name

    [[ ! $(why_not) ]] || return 0
    for name in "${images[@]}"; do disks+=(-a "$name"); done
    make_scratch
    cd "$IMAGES" || return 1
    timeout 600 "$TOP/tests/compare-virt-df.sh" "$BUILD" --csv "${disks[@]}" > "$BATS_FILE_TMPDIR/theirs"
    virt-df-live --csv "${disks[@]}" > "$BATS_FILE_TMPDIR/ours"
    cd "$TMPDIR" || return 1
    make_hypervisor
    timeout 600 "$TOP/tests/compare-virt-df.sh" "$BUILD" --csv -c "$uri" > "$BATS_FILE_TMPDIR/their-guests"
    virt-df-live --csv -c "$uri" > "$BATS_FILE_TMPDIR/our-guests"
    remove_scratch
}

setup()
{
    local why

    why=$(why_not)
    [[ ! $why ]] || skip "$why"
    setup_test
    cp "$BATS_FILE_TMPDIR"/{ours,theirs,our-guests,their-guests} .
}

@test "the rows of 16 disks are virt-df's, figure for figure" {
    [[ $(wc -l < theirs) -eq 22 ]]
    diff <(sort theirs) <(sort ours)
}

@test "… in virt-df's order: whole disks before partitions" {
    diff <(cut -d , -f 2 theirs) <(cut -d , -f 2 ours)
}

@test "all guests of libvirt: names, devices, figures and order are virt-df's" {
    [[ $(wc -l < their-guests) -eq 6 ]]
    diff their-guests our-guests
}
