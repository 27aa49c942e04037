#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make-images.sh --list               the names of the images it can make
#   make-images.sh DIR [NAME…]          makes them (all, or these) in DIR
#
# Small, sparse disk images of every kind that the tools read, made without root and without mounting anything.
# Each has a few files in it, but for exfat and udf, for which there is no tool that writes files without mounting.

set -eEuo pipefail

PATH=$PATH:/usr/sbin:/sbin
uuid=4f1c2a5e-9d1b-4c57-8e0f-2f6f3c1d9b0

die() { echo "make-images: $*" >&2; exit 1; }

# need TOOL PACKAGE
need() { command -v "$1" >/dev/null || die "no $1: install $2, or leave the image out by naming those that you want"; }

# The files that go into every filesystem.
content()
{
    local dir=$work/content i
    [ ! -d "$dir" ] || return 0
    mkdir -p "$dir/etc" "$dir/data/empty"
    echo guest > "$dir/etc/hostname"
    noise 700000 > "$dir/data/noise.bin"
    for i in 1 2 3 4 5 6 7 8; do head -c $((i * 3000)) "$dir/data/noise.bin" > "$dir/data/file$i"; done
}

# noise BYTES: always the same digits in no order
noise()
{
    awk -v n="$1" 'BEGIN { srand(42); for (; n >= 7; n -= 7) printf "%07d", rand() * 1e7; for (; n > 0; n--) printf "7" }'
}

blank() { rm -f "$1"; truncate -s "$2" "$1"; }

# put FILE INTO OFFSET: without filling holes
put() { dd if="$1" of="$2" bs=64K seek="$3" oflag=seek_bytes conv=notrunc,sparse status=none; }

# --- filesystems on whole disks; each is given the file to make -------------------------------------------------------

ext()
{
    need mke2fs e2fsprogs
    blank "$2" "${3:-24M}"
    # Without what newer releases put in by default, and what takes blocks: tests know the figures.
    mke2fs -q -F -t "$1" -O ^orphan_file -L "$1" -U "${uuid}1" -E "root_owner=0:0,hash_seed=${uuid}2" -d "$work/content" "$2"
}
make_ext2() { ext ext2 "$1"; }
make_ext3() { ext ext3 "$1"; }
make_ext4() { ext ext4 "$1"; }

# A transaction is in the journal that was never written to its place: a free block, so that nothing else changes.
make_ext4_journal()
{
    ext ext4 "$1"
    local block
    block=$(debugfs -R 'ffb 1' "$1" 2>/dev/null | sed -n 's/^Free blocks found: *\([0-9]*\).*/\1/p')
    noise 4096 > "$work/block"
    printf 'jo\njw -b %s %s\njc\n' "$block" "$work/block" | debugfs -w -f - "$1" >/dev/null 2>&1
    dumpe2fs -h "$1" 2>/dev/null | grep -q needs_recovery || die "$1: debugfs did not leave a journal to replay"
}

# The magic is right; the counts are nonsense.
make_ext4_broken()
{
    ext ext4 "$1"
    # superblock at 1024: inodes, blocks, then free counts; first data block; log of the block size; blocks per group
    printf '\377\377\377\377\377\377\377\177' | dd of="$1" bs=1 seek=1024 conv=notrunc status=none
    printf '\377\377\377\377\021\000\000\000' | dd of="$1" bs=1 seek=1044 conv=notrunc status=none
    printf '\000\000\000\000' | dd of="$1" bs=1 seek=1056 conv=notrunc status=none
}

make_xfs()
{
    need mkfs.xfs xfsprogs
    blank "$1" 320M
    local i
    {
        printf '/\n0 0\nd--755 0 0\netc d--755 0 0\nhostname ---644 0 0 %s\n$\n' "$work/content/etc/hostname"
        printf 'data d--755 0 0\nnoise.bin ---644 0 0 %s\n' "$work/content/data/noise.bin"
        for i in 1 2 3 4 5 6 7 8; do printf 'file%s ---644 0 0 %s\n' "$i" "$work/content/data/file$i"; done
        printf '$\n$\n'
    } > "$work/proto"
    mkfs.xfs -q -f -L xfs -m "uuid=${uuid}3,rmapbt=0" -p "$work/proto" "$1"
}

# What mkfs left in the log is a record that says "unmounted cleanly"; without that flag the kernel must replay.
make_xfs_journal()
{
    make_xfs "$1"
    local fsblock daddr
    fsblock=$(xfs_db -r -c 'sb 0' -c 'print logstart' "$1" | sed 's/.* //')
    daddr=$(xfs_db -r -c "convert fsblock $fsblock daddr" "$1" | sed 's/.*(\([0-9]*\)).*/\1/')
    # a sector of record header, then the operation's header: 4 bytes id, 4 length, 1 client, 1 flags (0x20: unmount)
    printf '\000' | dd of="$1" bs=1 seek=$(((daddr + 1) * 512 + 9)) conv=notrunc status=none
}

make_btrfs()
{
    need mkfs.btrfs btrfs-progs
    blank "$1" 128M
    mkfs.btrfs -q -f -L btrfs -U "${uuid}4" --rootdir "$work/content" "$1" >/dev/null
}

fat()
{
    need mkfs.vfat dosfstools
    need mcopy mtools
    blank "$2" "$3"
    mkfs.vfat -F "$1" -n "FAT$1" -i 12345678 "$2" >/dev/null
    mcopy -s -i "$2" "$work/content/etc" "$work/content/data" ::/
}
make_vfat() { fat 32 "$1" 64M; }
make_fat16() { fat 16 "$1" 16M; }

make_exfat() { need mkfs.exfat exfatprogs; blank "$1" 32M; mkfs.exfat -L exfat "$1" >/dev/null; }

make_ntfs()
{
    need mkntfs ntfs-3g
    blank "$1" 32M
    mkntfs -q -F -Q -s 512 -p 0 -H 255 -S 63 -L ntfs "$1" >/dev/null 2>&1
    local i
    for i in noise.bin file1 file2; do ntfscp -q "$1" "$work/content/data/$i" "$i"; done
}

make_iso9660()
{
    need xorriso xorriso
    xorriso -as mkisofs -quiet -J -R -V ISO9660 -o "$1" "$work/content" 2>/dev/null
}

make_udf() { need mkudffs udftools; blank "$1" 16M; mkudffs --blocksize=512 --label=udf --media-type=hd "$1" >/dev/null; }

make_squashfs()
{
    need mksquashfs squashfs-tools
    rm -f "$1"
    mksquashfs "$work/content" "$1" -quiet -no-progress -all-root -comp "${2:-gzip}" >/dev/null
}
make_squashfs_zstd() { make_squashfs "$1" zstd; }

make_erofs() { need mkfs.erofs erofs-utils; rm -f "$1"; mkfs.erofs -zlz4 "$1" "$work/content" >/dev/null 2>&1; }

make_f2fs()
{
    need mkfs.f2fs f2fs-tools
    blank "$1" 64M
    mkfs.f2fs -q -f -l f2fs "$1" >/dev/null
    sload.f2fs -f "$work/content" "$1" >/dev/null
}

# Debian 12 has no mkfs for it. xorriso writes hybrids: the HFS+ partition is cut out of one, with the files in it.
make_hfsplus()
{
    need xorriso xorriso
    local start size
    xorriso -as mkisofs -quiet -hfsplus -V HFSPLUS -o "$work/hybrid" "$work/content" 2>/dev/null
    read -r start size < <(xorriso -indev "$work/hybrid" -report_system_area plain 2>/dev/null |
                           awk '/APM partition type/ && /Apple_HFS/ { n = $5 } /APM start and size/ && $6 == n { print $7, $8 }')
    [ -n "${size:-}" ] || die "xorriso made no HFS+ partition"
    rm -f "$1"
    dd if="$work/hybrid" of="$1" bs=512 skip="$start" count="$size" status=none
}

# --- what is no filesystem, or none that is read ----------------------------------------------------------------------

make_swap() { need mkswap util-linux; blank "$1" 8M; mkswap -q -U "${uuid}5" "$1"; }
make_random() { noise 1048576 > "$1"; }
make_zeros() { blank "$1" 8M; }
# with --filesystems=safe the appliance does not mount it
make_minix() { need mkfs.minix util-linux-extra; blank "$1" 4M; mkfs.minix -3 "$1" >/dev/null; }

# --- partitioned disks ------------------------------------------------------------------------------------------------

# part KIND: the path of such a filesystem image, made once
part()
{
    local file=$work/part.$1
    [ -e "$file" ] || "make_$1" "$file"
    echo "$file"
}

table() { need sfdisk fdisk; sfdisk -q --no-reread --no-tell-kernel "$1" >/dev/null; }

readonly MiB=1048576

make_gpt()
{
    blank "$1" 480M
    table "$1" <<-END
	label: gpt
	label-id: ${uuid}6
	start=2048, size=$((64 * 2048)), type=U, name="EFI"
	start=$((65 * 2048)), size=$((24 * 2048)), type=L, name="boot"
	start=$((89 * 2048)), size=$((320 * 2048)), type=L, name="root"
	start=$((409 * 2048)), size=$((8 * 2048)), type=S
	start=$((417 * 2048)), size=$((16 * 2048)), type=L, name="empty"
	END
    put "$(part vfat)" "$1" $MiB
    put "$(part ext4)" "$1" $((65 * MiB))
    put "$(part xfs)" "$1" $((89 * MiB))
    put "$(part swap)" "$1" $((409 * MiB))
}

# Two primary partitions, and three logical ones in an extended one.
make_mbr()
{
    blank "$1" 160M
    table "$1" <<-END
	label: dos
	label-id: 0x12345678
	start=2048, size=$((24 * 2048)), type=83, bootable
	start=$((25 * 2048)), size=$((32 * 2048)), type=7
	start=$((57 * 2048)), size=$((102 * 2048)), type=5
	start=$((58 * 2048)), size=$((24 * 2048)), type=83
	start=$((83 * 2048)), size=$((16 * 2048)), type=6
	start=$((100 * 2048)), size=$((8 * 2048)), type=82
	END
    put "$(part ext4)" "$1" $MiB
    put "$(part ntfs)" "$1" $((25 * MiB))
    put "$(part ext3)" "$1" $((58 * MiB))
    put "$(part fat16)" "$1" $((83 * MiB))
    put "$(part swap)" "$1" $((100 * MiB))
}

# The disk's sectors are 4096 bytes: it must be attached with such, or its table is not where it is looked for.
# sfdisk 2.38 has no --sector-size; fdisk has, and reads sfdisk's scripts.
make_gpt_4k()
{
    need fdisk fdisk
    blank "$1" 100M
    cat > "$work/table" <<-END
	label: gpt
	label-id: ${uuid}7
	start=256, size=$((24 * 256)), type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="data"
	start=$((25 * 256)), size=$((64 * 256)), type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="more"
	END
    printf 'I\n%s\nw\n' "$work/table" | LC_ALL=C fdisk -b 4096 "$1" > "$work/fdisk.log" 2>&1 ||
        die "fdisk -b 4096: $(tail -n 1 "$work/fdisk.log")"
    blank "$work/ext4-4k" 24M
    mke2fs -q -F -t ext4 -b 4096 -U "${uuid}8" -d "$work/content" "$work/ext4-4k"
    put "$work/ext4-4k" "$1" $MiB
    put "$(part f2fs)" "$1" $((25 * MiB))
}

qcow2() { need qemu-img qemu-utils; rm -f "$2"; qemu-img convert -q -f raw -O qcow2 "$1" "$2"; }
make_ext4_qcow2() { qcow2 "$(part ext4)" "$1"; }
make_gpt_qcow2() { qcow2 "$(part gpt)" "$1"; }
make_mbr_qcow2() { qcow2 "$(part mbr)" "$1"; }
make_gpt_4k_qcow2() { qcow2 "$(part gpt_4k)" "$1"; }

# --- names: file, and the function that makes it ----------------------------------------------------------------------

images()
{
    cat <<-END
	ext2.img ext2
	ext3.img ext3
	ext4.img ext4
	ext4-journal.img ext4_journal
	ext4-broken.img ext4_broken
	xfs.img xfs
	xfs-journal.img xfs_journal
	btrfs.img btrfs
	vfat.img vfat
	fat16.img fat16
	exfat.img exfat
	ntfs.img ntfs
	iso9660.iso iso9660
	udf.img udf
	squashfs.img squashfs
	squashfs-zstd.img squashfs_zstd
	erofs.img erofs
	f2fs.img f2fs
	hfsplus.img hfsplus
	swap.img swap
	random.img random
	zeros.img zeros
	minix.img minix
	gpt.img gpt
	mbr.img mbr
	gpt-4k.img gpt_4k
	ext4.qcow2 ext4_qcow2
	gpt.qcow2 gpt_qcow2
	mbr.qcow2 mbr_qcow2
	gpt-4k.qcow2 gpt_4k_qcow2
	END
}

# make NAME: under another name first, so that an interrupted run leaves no half an image
make()
{
    local function
    function=$(images | awk -v name="$1" '$1 == name { print $2 }')
    [ -n "$function" ] || die "$1: no such image; make-images.sh --list names them"
    "make_$function" "$work/image"
    cp --sparse=always "$work/image" "$dir/$1.new"
    mv "$dir/$1.new" "$dir/$1"
    rm -f "$work/image"
}

case ${1:-} in
--list)   images | cut -d ' ' -f 1; exit ;;
'' | -*)  echo "usage: make-images.sh --list | DIR [NAME…]" >&2; exit 1 ;;
esac
dir=$1; shift
mkdir -p "$dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
content
if [ $# = 0 ]; then mapfile -t names < <(images | cut -d ' ' -f 1); else names=("$@"); fi
trap 'echo "make-images: ${name:-content}: failed in line $LINENO: $BASH_COMMAND" >&2' ERR
for name in "${names[@]}"; do make "$name"; done
