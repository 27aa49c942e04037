#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images whose metadata somebody has changed: each ends in rows or in a named status, and the good
# ones between them in their own rows. `make fuzz-images` has more of them.
# bats file_tags=slow

load ../lib/helpers
load ../lib/volumes

setup_file() { set_up_volumes lvm.img luks1.img luks2.img ldm.img; }
teardown_file() { remove_scratch; }

# The seed is a new one each time: what fails says it.
fuzz()
{
    requires python3 qemu-img
    run "$BATS_TEST_DIRNAME/fuzz_images.py" "$BUILD" -n 50 "$@"
    echo "$output"
    assert_status 0
    assert_contains "${lines[-1]}" "ok: $# kinds, 50 images each, seed "
}

@test "ext2, ext3, ext4, xfs, btrfs: 50 each" { fuzz ext2.img ext3.img ext4.img xfs.img btrfs.img; }

@test "vfat, exfat, ntfs, hfsplus: 50 each" { fuzz vfat.img exfat.img ntfs.img hfsplus.img; }

@test "iso9660, udf, squashfs, erofs, f2fs: 50 each" { fuzz iso9660.iso udf.img squashfs.img erofs.img f2fs.img; }

@test "GPT, MBR with a loop in its extended chain, LVM, LUKS: 50 each" { fuzz gpt.img mbr.img lvm.img luks1.img luks2.img; }

@test "Windows dynamic disks: 50" { fuzz ldm.img; }

@test "headers that the host reads: 50 of each format" { fuzz qcow2 vmdk vhdx vpc vdi qed parallels; }
