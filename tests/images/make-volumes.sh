#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make-volumes.sh --list               the names of the images it can make
#   make-volumes.sh BUILD DIR [NAME…]    makes them (all, or these) in DIR
#
# Disks whose filesystems are in volumes: LVM, software RAID, encryption, btrfs over several, Windows dynamic disks. They are
# made in an appliance (virt-hotplug), which has the tools and a kernel; nothing is installed or mounted on the host. A name
# without a suffix stands for several images, NAME-a.img, NAME-b.img …: the disks of one guest.

# shellcheck disable=SC2016 # what stands in single quotes is for the shell of the appliance

set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin

die() { echo "make-volumes: $*" >&2; exit 1; }

blank() { rm -f "$1"; truncate -s "$2" "$1"; }

# launched: there is an appliance
launched()
{
    [ -z "${appliance-}" ] || return 0
    appliance=$("$build/bin/virt-hotplug" launch --memsize 1024) || die "virt-hotplug does not start"
}

# attached IMAGE: writable; its device is printed
attached() { "$build/bin/virt-hotplug" attach "$appliance" --rw --format=raw "$1"; }

# in_it SCRIPT DEVICE…: what it writes to descriptor 3 is printed
in_it()
{
    local script=$1; shift
    "$build/bin/virt-hotplug" run "$appliance" -- sh -euc "exec 3>&1 > /tmp/log 2>&1; $helpers $script" sh "$@" ||
        die "in the appliance: $("$build/bin/virt-hotplug" run "$appliance" -- tail -n 5 /tmp/log)"
}

# inside SCRIPT IMAGE…: runs it in the appliance with the images, writable, as $1 …
inside()
{
    local script=$1 image devices=(); shift
    launched
    for image; do devices+=("$(attached "$image")"); done
    in_it "$script" "${devices[@]}"
    for image in "${devices[@]}"; do "$build/bin/virt-hotplug" detach "$appliance" "$image"; done
}

# The shell's words for all scripts. fill DEVICE NAME: an ext4 that is called so, with a file that says so.
readonly helpers='
fill() { mkfs.ext4 -q -b 1024 -L "$2" "$1"; mkdir -p /tmp/m; mount "$1" /tmp/m; echo "$2" > /tmp/m/name; umount /tmp/m; }
raid() { name=$1; shift; mdadm --create "/dev/md/$name" --run --homehost=guest --name="$name" --assume-clean "$@"; }
'

# --- LVM --------------------------------------------------------------------------------------------------------------

# An ordinary guest: /boot in a partition, the rest in a group; a name with dashes, swap.
make_lvm()
{
    blank "$1" 96M
    printf 'label: gpt\nstart=2048, size=32768, type=L\nstart=34816, size=129024, type=V\n' |
        sfdisk -q --no-reread --no-tell-kernel "$1" > "$work/table"
    inside 'fill ${1}1 boot; pvcreate ${1}2; vgcreate vg-0 ${1}2
        lvcreate -y -L 20M -n root vg-0; fill /dev/vg-0/root root
        lvcreate -y -L 16M -n var-log vg-0; fill /dev/vg-0/var-log varlog
        lvcreate -y -L 8M -n swap vg-0; mkswap /dev/vg-0/swap
        vgchange -an vg-0' "$1"
}

# A group over two disks: one LV on each, one over both, striped, mirrored, RAID 1.
make_lvm_two()
{
    blank "$1-a.img" 128M
    blank "$1-b.img" 128M
    inside 'pvcreate $1 $2; vgcreate two $1 $2
        lvcreate -y -L 12M -n first two $1; fill /dev/two/first first
        lvcreate -y -L 12M -n second two $2; fill /dev/two/second second
        lvcreate -y -L 16M -i 2 -n striped two; fill /dev/two/striped striped
        lvcreate -y -L 12M --type mirror -m 1 --mirrorlog core --nosync -n mirror two; fill /dev/two/mirror mirror
        lvcreate -y -L 12M --type raid1 -m 1 --nosync -n raid two; fill /dev/two/raid raid
        vgchange -an two' "$1-a.img" "$1-b.img"
}

# Linear volumes only: one over two disks, and one in which there is a group again.
make_lvm_linear()
{
    blank "$1-a.img" 64M
    blank "$1-b.img" 80M
    inside 'pvcreate $1 $2; vgcreate span $1 $2
        lvcreate -y -L 80M -n wide span; fill /dev/span/wide wide
        lvcreate -y -L 24M -n outer span; scan="--config devices/scan_lvs=1"
        pvcreate $scan /dev/span/outer; vgcreate $scan inner /dev/span/outer
        lvcreate $scan -y -L 12M -n root inner; fill /dev/inner/root inner
        vgchange $scan -an inner; vgchange -an span' "$1-a.img" "$1-b.img"
}

# 20 of them, each swap.
make_lvm_many()
{
    blank "$1" 96M
    inside 'pvcreate $1; vgcreate many $1
        for i in $(seq 10 29); do lvcreate -y -L 4M -n swap$i many; mkswap /dev/many/swap$i; done
        vgchange -an many' "$1"
}

# A thin pool, a thin volume, a snapshot of it, and a classic snapshot.
make_lvm_thin()
{
    blank "$1" 160M
    inside 'pvcreate $1; vgcreate vg $1
        lvcreate -y -L 32M -T vg/pool; lvcreate -y -V 64M -T vg/pool -n thin; fill /dev/vg/thin thin
        lvcreate -y -s vg/thin -n later
        lvcreate -y -L 12M -n plain vg; fill /dev/vg/plain plain; lvcreate -y -s -L 8M vg/plain -n old
        vgchange -an vg' "$1"
}

# A group over one disk: its volume is the guest's second device of the mapper.
make_lvm_one() { blank "$1" 24M; inside 'pvcreate $1; vgcreate centos $1; lvcreate -y -L 12M -n root centos; fill /dev/centos/root centos
    vgchange -an centos' "$1"; }

# Groups that are called as what the agent has in /dev, and volumes whose devices are as those of its own views were.
make_lvm_nodes()
{
    blank "$1" 96M
    printf 'label: gpt\nsize=40960, type=V\nsize=40960, type=V\nsize=65536, type=V\n' | sfdisk -q --no-reread --no-tell-kernel "$1" > "$work/table"
    inside 'pvcreate ${1}1 ${1}2; vgcreate ram2 ${1}1; vgcreate array0 ${1}2
        for name in ram2 array0; do lvcreate -y -L 12M -n root $name; fill /dev/$name/root $name; vgchange -an $name; done
        vgcreate keeper ${1}3; for name in view error; do lvcreate -y -L 12M -n $name keeper; fill /dev/keeper/$name $name; done
        vgchange -an keeper' "$1"
}

# Two disks of one guest, each with a group of that name: one volume is called as the other's, one is not.
make_lvm_same()
{
    local disk
    for disk in a b; do
        blank "$1-$disk.img" 48M
        inside "pvcreate \$1; vgcreate same \$1; lvcreate -y -L 12M -n root same; fill /dev/same/root root-$disk
            lvcreate -y -L 12M -n only-$disk same; fill /dev/same/only-$disk only-$disk; vgchange -an same" "$1-$disk.img"
    done
}

# What LVM refuses to this machine, a partition each: an exported group, one of another host, one with a cluster's locks; a
# physical volume of no group; one without metadata, the rest of whose group is not here; a group that is called as
# arrays' directory is.
make_lvm_refused()
{
    blank "$1" 192M
    { echo 'label: gpt'; for _ in 1 2 3 4 5 6 7; do echo 'size=49152, type=V'; done; } |
        sfdisk -q --no-reread --no-tell-kernel "$1" > "$work/table"
    inside 'pvcreate ${1}1 ${1}2 ${1}3 ${1}4 ${1}6 ${1}7; pvcreate --metadatacopies 0 ${1}5
        vgcreate data ${1}1; vgcreate ha ${1}2; vgcreate shared ${1}3; vgcreate far ${1}5 ${1}7; vgcreate md ${1}6
        for name in data ha shared md; do lvcreate -y -L 12M -n root $name; fill /dev/$name/root $name; vgchange -an $name; done
        vgexport data
        vgchange -y --config "local/extra_system_ids=[\"node1\"]" --systemid node1 ha
        vgcfgbackup -f /tmp/shared shared; sed -i "s/^\tmax_lv = 0/\tlock_type = \"sanlock\"\n\tlock_args = \"1.0.0:lvmlock\"\n&/" /tmp/shared
        vgcfgrestore -f /tmp/shared shared; vgs --shared -o lock_type --noheadings shared | grep -q sanlock
        dd if=/dev/zero of=${1}7 bs=1M count=2 conv=fsync' "$1"
}

# Two thin pools, of which one has its metadata overwritten.
make_lvm_thin_damaged()
{
    blank "$1" 160M
    inside 'pvcreate $1; vgcreate vg $1; for i in a b; do lvcreate -y -L 16M -T vg/pool$i; lvcreate -y -V 24M -T vg/pool$i -n thin$i
        fill /dev/vg/thin$i thin$i; done; lvcreate -y -L 12M -n plain vg; fill /dev/vg/plain plain
        at=$(dmsetup table vg-poola_tmeta | cut -d " " -f 5); vgchange -an vg
        dd if=/dev/urandom of=$1 bs=512 seek=$at count=32 conv=fsync' "$1"
}

# A mirror that is synchronised anew whenever it is activated, larger than what a view can take; behind its second half a
# volume with a file that takes a while to read.
make_lvm_core()
{
    blank "$1-a.img" 160M
    blank "$1-b.img" 320M
    inside 'pvcreate $1 $2; vgcreate core $1 $2
        lvcreate -y -L 128M --type mirror -m 1 --mirrorlog core -n mirror core; fill /dev/core/mirror mirror
        lvcreate -y -L 160M -n behind core $2; fill /dev/core/behind behind
        mount /dev/core/behind /tmp/m; dd if=/dev/zero of=/tmp/m/large bs=1M count=128; umount /tmp/m
        vgchange -an core' "$1-a.img" "$1-b.img"
}

# Two volumes with names of 119 letters, of which the last differs. LVM takes hardly more.
make_lvm_long()
{
    blank "$1" 48M
    inside 'name=$(printf %0117d 0); pvcreate $1; vgcreate long $1
        for i in a b; do lvcreate -y -L 12M -n "v$name$i" long; fill "/dev/long/v$name$i" "long-$i"; done; vgchange -an long' "$1"
}

make_lvm_empty() { blank "$1" 16M; inside 'pvcreate $1; vgcreate nothing $1' "$1"; }

# --- software RAID ----------------------------------------------------------------------------------------------------

# Twelve partitions, five arrays; the last is of the old superblock. md1 has lost a member, md5 too.
make_md()
{
    blank "$1" 224M
    { echo 'label: gpt'; for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo 'size=32768, type=R'; done; } |
        sfdisk -q --no-reread --no-tell-kernel "$1" > "$work/table"
    inside 'raid 0 --level=0 --raid-devices=2 ${1}1 ${1}2; fill /dev/md/0 raid0
        raid 1 --level=1 --metadata=1.2 --raid-devices=2 ${1}3 ${1}4; fill /dev/md/1 raid1
        raid five --level=5 --metadata=1.0 --raid-devices=3 ${1}5 ${1}6 ${1}7; fill /dev/md/five raid5
        raid 10 --level=10 --raid-devices=4 ${1}8 ${1}9 ${1}10 ${1}11; fill /dev/md/10 raid10
        raid old --level=1 --metadata=0.90 --raid-devices=2 ${1}12 ${1}13; fill /dev/md/old old
        for i in 0 1 five 10 old; do mdadm --stop /dev/md/$i; done
        for i in 4 6; do dd if=/dev/zero of=${1}$i bs=1M count=16 conv=fsync 2> /dev/null; done' "$1"
}

# Two disks mirrored as a whole, with a partition table on the array.
make_md_disks()
{
    blank "$1-a.img" 64M
    blank "$1-b.img" 64M
    inside 'raid data --level=1 --metadata=1.2 --raid-devices=2 $1 $2
        printf "label: gpt\nsize=32768\nsize=32768\n" | sfdisk -q /dev/md/data; blockdev --rereadpt /dev/md/data || sleep 1
        n=$(basename $(readlink -f /dev/md/data))
        for i in 1 2; do d=$(cat /sys/block/$n/${n}p$i/dev); rm -f /tmp/p$i; mknod /dev/part$i b ${d%:*} ${d#*:}; done
        fill /dev/part1 one; fill /dev/part2 two; rm /dev/part1 /dev/part2
        mdadm --stop /dev/md/data' "$1-a.img" "$1-b.img"
}

# Superblocks at the end of whole disks, which look like disks with partitions then: mirrored, and striped.
make_md_end()
{
    local x
    for x in a b c d; do blank "$1-$x.img" 64M; done
    inside 'part() { n=$(basename $(readlink -f /dev/md/$1)); blockdev --rereadpt /dev/md/$1 || sleep 1; d=$(cat /sys/block/$n/${n}p1/dev)
            rm -f /dev/part1; mknod /dev/part1 b ${d%:*} ${d#*:}; fill /dev/part1 $1; rm /dev/part1; mdadm --stop /dev/md/$1; }
        raid mirrored --level=1 --metadata=1.0 --raid-devices=2 $1 $2; printf "label: gpt\nsize=32768\n" | sfdisk -q /dev/md/mirrored; part mirrored
        raid striped --level=0 --metadata=1.0 --chunk=64 --raid-devices=2 $3 $4; printf "label: dos\nsize=65536\n" | sfdisk -q /dev/md/striped; part striped' \
        "$1-a.img" "$1-b.img" "$1-c.img" "$1-d.img"
}

# --- encryption -------------------------------------------------------------------------------------------------------

readonly luks='
luks() { printf secret | cryptsetup luksFormat -q --batch-mode --key-file - --iter-time 10 "$@"; }
unlock() { printf secret | cryptsetup open --key-file - "$1" "$2"; }
'

make_luks1() { blank "$1" 32M; inside "$luks"'luks --type luks1 $1; unlock $1 x; fill /dev/mapper/x luks1; cryptsetup close x' "$1"; }

make_luks2()
{
    blank "$1" 64M
    inside "$luks"'luks --type luks2 --pbkdf argon2id --pbkdf-memory 65536 --uuid 7d3e4f50-1111-4222-8333-944455556666 $1
        unlock $1 x; fill /dev/mapper/x luks2; cryptsetup close x' "$1"
}

# --- one in the other -------------------------------------------------------------------------------------------------

# A mirror of two partitions is a group's volume; a volume of that group is encrypted.
make_nested()
{
    blank "$1" 160M
    printf 'label: gpt\nsize=131072, type=R\nsize=131072, type=R\n' | sfdisk -q --no-reread --no-tell-kernel "$1" > "$work/table"
    inside "$luks"'raid 0 --level=1 --raid-devices=2 ${1}1 ${1}2; pvcreate /dev/md/0; vgcreate onmd /dev/md/0
        lvcreate -y -L 12M -n plain onmd; fill /dev/onmd/plain plain
        lvcreate -y -L 32M -n secret onmd; luks --type luks2 --pbkdf pbkdf2 /dev/onmd/secret
        unlock /dev/onmd/secret x; fill /dev/mapper/x secret; cryptsetup close x
        vgchange -an onmd; mdadm --stop /dev/md/0' "$1"
}

# Disks of guests on a hypervisor: a partition table in a logical volume, and in what is encrypted.
make_tables()
{
    blank "$1" 256M
    printf 'label: gpt\nsize=196608, type=V\nsize=262144\n' | sfdisk -q --no-reread --no-tell-kernel "$1" > "$work/table"
    inside "$luks"'table() { printf "label: gpt\nstart=2048, size=%s\n" $2 | sfdisk -q --no-reread --no-tell-kernel $1; }
        pvcreate ${1}1; vgcreate pve ${1}1; lvcreate -y -L 64M -n vm-100-disk-0 pve; table /dev/pve/vm-100-disk-0 98304
        mkfs.ext4 -q -b 1024 -L inside -E offset=1048576 /dev/pve/vm-100-disk-0 49152
        lvcreate -y -L 16M -n host pve; fill /dev/pve/host host; vgchange -an pve
        luks --type luks1 --iter-time 10 ${1}2; unlock ${1}2 x; table /dev/mapper/x 65536
        mkfs.ext4 -q -b 1024 -L encrypted -E offset=1048576 /dev/mapper/x 32768; cryptsetup close x' "$1"
}

# What Debian'"'"'s installer makes of "encrypted LVM".
make_lvm_on_luks()
{
    blank "$1" 96M
    inside "$luks"'luks --type luks2 --pbkdf pbkdf2 $1; unlock $1 x; pvcreate /dev/mapper/x; vgcreate inner /dev/mapper/x
        lvcreate -y -L 16M -n root inner; fill /dev/inner/root inner
        vgchange -an inner; cryptsetup close x' "$1"
}

# --- btrfs ------------------------------------------------------------------------------------------------------------

make_btrfs_two()
{
    blank "$1-a.img" 128M
    blank "$1-b.img" 128M
    mkfs.btrfs -q -d raid0 -m raid1 -L both "$1-a.img" "$1-b.img"
}

# --- btrfs over several -------------------------------------------------------------------------------------------------

# One that began with a seed, which is on the first disk.
make_btrfs_seed()
{
    blank "$1-a.img" 128M
    blank "$1-b.img" 128M
    mkfs.btrfs -q -L seed "$1-a.img"
    btrfstune -S 1 "$1-a.img"
    inside 'mkdir -p /tmp/m; mount $1 /tmp/m; btrfs device add -f $2 /tmp/m; mount -o remount,rw /tmp/m
        btrfs filesystem label /tmp/m sprout; umount /tmp/m' "$1-a.img" "$1-b.img"
}

# --- copied while mounted: with 40 files in /new, which were fsynced and of which nothing but the journal may know. Beside each
# is IMAGE.truth: bytes of a block, blocks, free and available ones, and inodes, as the guest itself says then.

# crashed SIZE SCRIPT AFTER IMAGE: SCRIPT makes a filesystem on $1 and mounts it at /tmp/m; AFTER, in the end, undoes what else it did
crashed()
{
    local image=$4 device
    launched
    blank "$image" "$1"
    if [ -n "${table-}" ]; then printf '%b' "$table" | sfdisk -q --no-reread --no-tell-kernel "$image" > "$work/table"; fi
    device=$(attached "$image")
    # shellcheck disable=SC2154 # i is a variable of the appliance's shell
    in_it "mkdir -p /tmp/m; $2; sync; mkdir /tmp/m/new; i=0
        while [ \$i -lt 40 ]; do dd if=/dev/zero of=/tmp/m/new/file\$i bs=20000 count=1 conv=fsync; i=\$((i + 1)); done
        stat -f -c '%S %b %f %a %c %d' /tmp/m >&3" "$device" > "$image.truth"
    cp --sparse=always "$image" "$image.copy"
    in_it "umount /tmp/m; $3" "$device"
    "$build/bin/virt-hotplug" detach "$appliance" "$device"
    mv "$image.copy" "$image"
}

make_crash_ext4()  { crashed 64M 'mkfs.ext4 -q $1; mount $1 /tmp/m' : "$1"; }
make_crash_data()  { crashed 64M 'mkfs.ext4 -q -b 4096 $1; mount -o data=journal $1 /tmp/m' : "$1"; }
make_crash_fast()  { crashed 64M 'mkfs.ext4 -q -b 4096 -O fast_commit $1; mount $1 /tmp/m' : "$1"; }
make_crash_xfs()   { crashed 320M 'mkfs.xfs -q $1; mount $1 /tmp/m' : "$1"; }
make_crash_btrfs() { crashed 128M 'mkfs.btrfs -q $1; mount $1 /tmp/m' : "$1"; }

make_crash_external()
{
    local table='label: gpt\nsize=131072\nsize=32768\n'
    crashed 96M 'mke2fs -q -b 4096 -O journal_dev ${1}2; mkfs.ext4 -q -b 4096 -J device=${1}2 ${1}1; mount ${1}1 /tmp/m' : "$1"
}

make_crash_raid1()
{
    local table='label: gpt\nsize=262144\nsize=262144\n'
    crashed 288M 'mkfs.btrfs -q -d raid1 -m raid1 ${1}1 ${1}2; btrfs device scan ${1}1 ${1}2; mount ${1}1 /tmp/m' : "$1"
}

make_crash_lvm()
{
    crashed 96M 'pvcreate $1; vgcreate vg $1; lvcreate -y -L 64M -n root vg; mkfs.ext4 -q /dev/vg/root; mount /dev/vg/root /tmp/m' \
        'vgchange -an vg' "$1"
}

make_crash_md()
{
    local table='label: gpt\nsize=131072, type=R\nsize=131072, type=R\n'
    crashed 144M 'raid data --level=1 --metadata=1.2 --raid-devices=2 ${1}1 ${1}2; mkfs.ext4 -q /dev/md/data; mount /dev/md/data /tmp/m' \
        'mdadm --stop /dev/md/data' "$1"
}

make_crash_luks()
{
    crashed 96M 'echo -n secret | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $1 -
        echo -n secret | cryptsetup open $1 x -; mkfs.ext4 -q /dev/mapper/x; mount /dev/mapper/x /tmp/m' 'cryptsetup close x' "$1"
}

# --- Windows dynamic disks: made by make-ldm.py, without an appliance ----------------------------------------------------

# The filesystems that are laid out on them: each of another size and with a file of another size.
dynamic_parts()
{
    local name
    [ ! -d "$work/parts" ] || return 0
    mkdir -p "$work/parts/tree"
    seq 150000 > "$work/parts/simple.txt"
    seq 200000 > "$work/parts/spanned.txt"
    seq 250000 > "$work/parts/striped.txt"
    seq 350000 > "$work/parts/raid5.txt"
    blank "$work/parts/simple" 12M
    mkfs.vfat -n SIMPLE "$work/parts/simple" > "$work/log"
    mcopy -i "$work/parts/simple" "$work/parts/simple.txt" ::
    seq 300000 > "$work/parts/tree/mirrored.txt"
    blank "$work/parts/mirrored" 16M
    mkfs.ext4 -q -b 1024 -L mirrored -d "$work/parts/tree" "$work/parts/mirrored"
    for name in spanned:18M striped:20M raid5:24M; do
        blank "$work/parts/${name%:*}" "${name#*:}"
        mkfs.ntfs -q -F -f -L "${name%:*}" "$work/parts/${name%:*}" > "$work/log" 2>&1
        ntfscp -q "$work/parts/${name%:*}" "$work/parts/${name%:*}.txt" "${name%:*}.txt" 2> "$work/log"
    done
}

# dynamic OPTIONS DISKS SIMPLE SPANNED STRIPED MIRRORED RAID5: which volume is on which disks
dynamic()
{
    local options
    dynamic_parts
    read -r -a options <<< "$1"
    "$(dirname "$0")/make-ldm.py" "${options[@]}" "$2" "simple:$3:$work/parts/simple" "spanned:$4:$work/parts/spanned" \
        "striped:$5:$work/parts/striped" "mirrored:$6:$work/parts/mirrored" "raid5:$7:$work/parts/raid5"
}

# Everything on one disk, which Windows would not make of a mirror.
make_ldm_one() { dynamic '--group One-Dg0' "$1" a aa aa aa aaa; }
make_ldm()     { dynamic '--group MBR-Dg0' "$1-a.img,$1-b.img,$1-c.img" a aab ab bc abc; }
make_ldm_gpt() { dynamic '--group GPT-Dg0 --gpt' "$1-a.img,$1-b.img,$1-c.img" a aab ab bc abc; }

# The same filesystems by themselves, in that order.
make_ldm_plain()
{
    dynamic_parts
    cp "$work/parts/simple" "$1-a.img"
    cp "$work/parts/spanned" "$1-b.img"
    cp "$work/parts/striped" "$1-c.img"
    cp "$work/parts/mirrored" "$1-d.img"
    cp "$work/parts/raid5" "$1-e.img"
}

# --- names: of the image (or of several), and of the function that makes it -------------------------------------------

volumes()
{
    cat <<- END
	lvm.img lvm
	lvm-linear lvm_linear
	lvm-many.img lvm_many
	lvm-two lvm_two
	lvm-thin.img lvm_thin
	lvm-empty.img lvm_empty
	lvm-one.img lvm_one
	lvm-long.img lvm_long
	lvm-nodes.img lvm_nodes
	lvm-same lvm_same
	lvm-core lvm_core
	lvm-refused.img lvm_refused
	lvm-thin-damaged.img lvm_thin_damaged
	md.img md
	md-disks md_disks
	md-end md_end
	tables.img tables
	luks1.img luks1
	luks2.img luks2
	nested.img nested
	lvm-on-luks.img lvm_on_luks
	btrfs-two btrfs_two
	btrfs-seed btrfs_seed
	crash-ext4.img crash_ext4
	crash-data.img crash_data
	crash-fast.img crash_fast
	crash-external.img crash_external
	crash-xfs.img crash_xfs
	crash-btrfs.img crash_btrfs
	crash-raid1.img crash_raid1
	crash-lvm.img crash_lvm
	crash-md.img crash_md
	crash-luks.img crash_luks
	ldm.img ldm_one
	ldm ldm
	ldm-gpt ldm_gpt
	ldm-plain ldm_plain
	END
}

# make NAME: elsewhere first, so that an interrupted run leaves no half an image; of several, -a is there when all are
make()
{
    local function file
    function=$(volumes | awk -v name="$1" '$1 == name { print $2 }')
    [ -n "$function" ] || die "$1: no such image; make-volumes.sh --list names them"
    "make_$function" "$work/$1"
    printf '%s\n' "$work/$1"* | sort -r | while read -r file; do
        cp --sparse=always "$file" "$dir/${file##*/}.new"
        mv "$dir/${file##*/}.new" "$dir/${file##*/}"
        rm -f "$file"
    done
}

end()
{
    [ -z "${appliance-}" ] || "$build/bin/virt-hotplug" shutdown --force "$appliance" > "$work/shutdown"
    rm -rf "$work"
}

case ${1:-} in
--list)   volumes | cut -d ' ' -f 1; exit ;;
'' | -*)  echo "usage: make-volumes.sh --list | BUILD DIR [NAME…]" >&2; exit 1 ;;
esac
build=$1 dir=$2; shift 2
mkdir -p "$dir"
work=$(mktemp -d)
chmod 711 "$work"
trap end EXIT
if [ $# = 0 ]; then mapfile -t names < <(volumes | cut -d ' ' -f 1); else names=("$@"); fi
for name in "${names[@]}"; do make "$name"; done
