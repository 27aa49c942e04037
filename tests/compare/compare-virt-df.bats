#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rows of virt-df, of libguestfs, on the same images: same devices, blocks, used, available.
# All images are disks of one guest, because virt-df starts an appliance a guest, 10 s each.

load ../lib/helpers
load ../lib/domains
load ../lib/volumes

images=(ext2.img ext3.img ext4.img xfs.img btrfs.img vfat.img fat16.img exfat.img ntfs.img udf.img
    squashfs.img erofs.img f2fs.img gpt.img mbr.img ext4.qcow2)

# Volumes: LVM of every kind, over one disk and over two; an array of whole disks with partitions on it. Left out: a degraded
# array (virt-df waits for its members, 150 s, and then fails), LUKS (virt-df 1.48 has no --key), btrfs over two disks
# (virt-df has its row twice). Dynamic disks, with GUID tables: with the older ones virt-df fails as soon as a disk has two
# pieces.
volumes=(lvm.img lvm-two-a.img lvm-two-b.img lvm-thin.img md-disks-a.img md-disks-b.img ldm-gpt-a.img ldm-gpt-b.img ldm-gpt-c.img)

# Copied while they were mounted: both replay the journal. Left out: fast commits (virt-df mounts read-only, and the kernel does not
# replay them then).
dirty=(crash-ext4.img crash-data.img crash-xfs.img crash-btrfs.img)

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
    timeout 600 "$TOP/tests/compare/compare-virt-df.sh" "$BUILD" --csv "${@:2}" > "$BATS_FILE_TMPDIR/theirs-$1"
    virt-df-live --csv "${@:2}" > "$BATS_FILE_TMPDIR/ours-$1"
}

# Both run once for all disks, and once for guests: virt-df takes a minute, and two more where its appliance has yet to be made.
setup_file()
{
    local -a disks=()
    local name

    [[ ! $(why_not) ]] || return 0
    make_volumes lvm.img lvm-two lvm-thin.img md-disks ldm-gpt "${dirty[@]}"
    for name in "${images[@]}"; do disks+=(-a "$IMAGES/$name"); done
    for name in "${volumes[@]}" "${dirty[@]}"; do disks+=(-a "$VOLUMES/$name"); done
    make_scratch
    cd "$TMPDIR" || return 1
    theirs_and_ours disks "${disks[@]}"
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

# The 16 images are the disks from sda to sdp, those that were not unmounted sdz to sdac.
of_images() { grep -E '^[^,]*,/dev/sd[a-p][0-9]*,'; }
of_dirty() { grep -E '^[^,]*,/dev/sd(z|a[a-c]),'; }
of_volumes() { sed 1d | grep -vE '^[^,]*,/dev/sd([a-p][0-9]*|z|a[a-c]),'; }

@test "the rows of 16 disks are virt-df's, figure for figure" {
    assert_equal "$(of_images < theirs-disks | wc -l)" 21
    diff <(of_images < theirs-disks | sort) <(of_images < ours-disks | sort)
    diff <(head -n 1 theirs-disks) <(head -n 1 ours-disks)
}

@test "filesystems that were not unmounted: ext4, ext4 with its data in the journal, xfs, btrfs" {
    assert_equal "$(of_dirty < ours-disks | wc -l)" 4
    diff <(of_dirty < theirs-disks | sort) <(of_dirty < ours-disks | sort)
}

@test "… in virt-df's order: whole disks before partitions" {
    diff <(of_images < theirs-disks | cut -d , -f 2) <(of_images < ours-disks | cut -d , -f 2)
}

# An array is called by its name here, and by the number that the kernel gave it there. Of several groups the order is not the
# same: theirs is by the whole name, ours by group.
@test "logical volumes, linear, striped, mirrored, thin, snapshots; partitions of an array" {
    assert_equal "$(of_volumes < ours-disks | grep -vc /ldm_vol_)" 13
    diff <(of_volumes < theirs-disks | sed 's,/md127p,/md/data,' | grep -v /ldm_vol_ | sort) <(of_volumes < ours-disks | grep -v /ldm_vol_ | sort)
}

# Each has two rows there.
@test "volumes of dynamic disks: simple, spanned, striped, mirrored, RAID 5" {
    assert_equal "$(grep -c /ldm_vol_ ours-disks)" 5
    diff <(grep /ldm_vol_ theirs-disks | sort -u) <(grep /ldm_vol_ ours-disks)
}

@test "all guests of libvirt: names, devices, figures and order are virt-df's" {
    [[ $(wc -l < theirs-guests) -eq 6 ]]
    diff theirs-guests ours-guests
}
