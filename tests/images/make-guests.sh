#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make-guests.sh --list                    the names of the guests it can make
#   make-guests.sh BUILD DIR [NAME…]         makes them (all, or these) in DIR
#
# Disk images of small guests, for virt-ls: several filesystems with an operating system's look, and trees with every type
# of file. Without root and without mounting anything here: what must be mounted to be made is made by BUILD's virt-hotplug.
# debian.img is a real one, made by mmdebstrap: that needs the network, and takes a minute.

# Scripts for the shell of an appliance stand in single quotes.
# shellcheck disable=SC2016

set -eEuo pipefail

PATH=$PATH:/usr/sbin:/sbin
uuid=4f1c2a5e-9d1b-4c57-8e0f-2f6f3c1d9b0
readonly MiB=1048576

die() { echo "make-guests: $*" >&2; exit 1; }

need() { command -v "$1" > /dev/null || die "no $1: install $2, or leave the guest out by naming those that you want"; }

blank() { rm -f "$1"; truncate -s "$2" "$1"; }

# put FILE INTO OFFSET: without filling holes
put() { dd if="$1" of="$2" bs=64K seek="$3" oflag=seek_bytes conv=notrunc,sparse status=none; }

table() { need sfdisk fdisk; sfdisk -q --no-reread --no-tell-kernel "$1" > /dev/null; }

# ext TYPE FILE SIZE TREE [MKE2FS-OPTION…]
ext()
{
    local type=$1 file=$2 size=$3 tree=$4
    shift 4
    need mke2fs e2fsprogs
    blank "$file" "$size"
    mke2fs -q -F -t "$type" -E root_owner=0:0 -d "$tree" "$@" "$file"
}

# --- an operating system's look ---------------------------------------------------------------------------------------

# root DIR: of a merged /usr, with its /etc/fstab from stdin
root()
{
    mkdir -p "$1"/{etc,usr/bin,usr/lib,boot,home,srv/my\ data,tmp,proc,data}
    ln -s usr/bin "$1/bin"
    ln -s ../usr/lib/os-release "$1/etc/os-release"
    ln -s /home "$1/srv/absolute"
    ln -s ../../../../etc "$1/srv/up"
    echo 'ID=guest' > "$1/usr/lib/os-release"
    echo guest > "$1/etc/hostname"
    echo 'under the mount' > "$1/home/hidden"
    touch "$1/usr/bin/env"
    cat > "$1/etc/fstab"
}

# tree DIR FILE…: a directory with empty files, and directories where they end with a slash
tree()
{
    local dir=$1 file
    shift
    mkdir -p "$dir"
    for file; do
        [[ $file != */* ]] || mkdir -p "$dir/${file%/*}"
        [[ $file == */ ]] || touch "$dir/$file"
    done
}

# Every way of naming a filesystem that there is, and what is to be passed over.
make_linux()
{
    local dir=$work/linux
    need mkfs.vfat dosfstools
    need mkfs.xfs xfsprogs
    root "$dir/root" <<- END
	# a comment
	UUID=${uuid}1	/	ext4	errors=remount-ro	0 1
	/dev/disk/by-partlabel/my\\x20data	/srv/my\\040data xfs defaults 0 2
	UUID=1234-5678 /boot/efi vfat umask=0077 0 1
	LABEL=boot     /boot     ext2 nodev,nofail   0 2
	PARTUUID=${uuid}c /home  auto defaults   0 2
	/dev/sda6      none      swap sw         0 0
	tmpfs          /tmp      tmpfs defaults  0 0
	/dev/sdb1      /media    auto nofail     0 0
	/dev/mapper/vg-data /data ext4 defaults  0 2
	/home/x        /mnt      none bind       0 0
	END
    tree "$dir/boot" vmlinuz efi/
    tree "$dir/home" alice/.profile bob/
    ext ext4 "$work/p3" 24M "$dir/root" -U "${uuid}1" -L root
    ext ext2 "$work/p2" 8M "$dir/boot" -L boot
    ext ext4 "$work/p4" 8M "$dir/home"
    blank "$work/p1" 16M
    mkfs.vfat -n EFI -i 12345678 "$work/p1" > /dev/null
    mmd -i "$work/p1" ::/EFI
    blank "$work/p5" 320M
    printf '/\n0 0\nd--755 0 0\nfile ---644 0 0 /dev/null\n$\n' > "$work/proto"
    mkfs.xfs -q -f -p "$work/proto" "$work/p5"
    blank "$work/p6" 8M
    mkswap -q "$work/p6"
    blank "$1" 400M
    table "$1" <<- END
	label: gpt
	start=2048, size=$((16 * 2048)), type=U
	start=$((17 * 2048)), size=$((8 * 2048)), type=L
	start=$((25 * 2048)), size=$((24 * 2048)), type=L
	start=$((49 * 2048)), size=$((8 * 2048)), type=L, uuid=${uuid}c
	start=$((57 * 2048)), size=$((320 * 2048)), type=L, name="my data"
	start=$((377 * 2048)), size=$((8 * 2048)), type=S
	END
    put "$work/p1" "$1" $MiB
    put "$work/p2" "$1" $((17 * MiB))
    put "$work/p3" "$1" $((25 * MiB))
    put "$work/p4" "$1" $((49 * MiB))
    put "$work/p5" "$1" $((57 * MiB))
    put "$work/p6" "$1" $((377 * MiB))
}

# Two roots on one disk, named by kernel names.
make_dual()
{
    root "$work/dual1" <<< '/dev/vda1 / ext4'
    root "$work/dual2" <<< '/dev/sda2 / ext4'
    echo other > "$work/dual2/etc/hostname"
    ext ext4 "$work/d1" 8M "$work/dual1"
    ext ext4 "$work/d2" 8M "$work/dual2"
    blank "$1" 20M
    printf 'label: dos\nstart=2048, size=%d, type=83\nstart=%d, size=%d, type=83\n' \
        $((8 * 2048)) $((9 * 2048)) $((8 * 2048)) | table "$1"
    put "$work/d1" "$1" $MiB
    put "$work/d2" "$1" $((9 * MiB))
}

# Two roots, and a filesystem that both mount, each at another place; the ESP at the same.
make_shared()
{
    local i dir
    for i in 1 2; do
        dir=$work/shared$i
        root "$dir" <<- END
		/dev/sda$i / ext4
		LABEL=common /data$i auto
		/dev/sda4 /boot/efi vfat
		END
        ext ext4 "$work/s$i" 8M "$dir"
    done
    tree "$work/shared3" file
    ext ext4 "$work/s3" 8M "$work/shared3" -L common
    blank "$work/s4" 8M
    mkfs.vfat "$work/s4" > /dev/null
    blank "$1" 40M
    printf 'label: gpt\nsize=16384\nsize=16384\nsize=16384\nsize=16384, type=U\n' | table "$1"
    for i in 1 2 3 4; do put "$work/s$i" "$1" $(((i * 8 - 7) * MiB)); done
}

# Nothing but the types of its partitions says where they belong. The fifth is a second /home.
make_discover()
{
    local i
    need mkfs.vfat dosfstools
    root "$work/discover" < /dev/null
    rm "$work/discover/etc/fstab" "$work/discover/home/hidden"
    mkdir "$work/discover"/{efi,var}
    blank "$work/f1" 8M
    mkfs.vfat "$work/f1" > /dev/null
    tree "$work/discover-other" file
    ext ext4 "$work/f3" 8M "$work/discover"
    for i in 2 4 5 6; do ext ext4 "$work/f$i" 8M "$work/discover-other"; done
    blank "$1" 56M
    table "$1" <<- END
	label: gpt
	size=16384, type=U
	size=16384, type=BC13C2FF-59E6-4262-A352-B275FD6F7172
	size=16384, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
	size=16384, type=933AC7E1-2EB4-4F13-B844-0E14E2AEF915
	size=16384, type=933AC7E1-2EB4-4F13-B844-0E14E2AEF915
	size=16384, type=4D21B016-B534-45C2-A9FB-5C16E091FD2D
	END
    for i in 1 2 3 4 5 6; do put "$work/f$i" "$1" $(((i * 8 - 7) * MiB)); done
}

# Flatcar's look: a root without /usr, of which there are two partitions; the second is to be booted.
make_flatcar()
{
    local i dir=$work/flatcar
    need mkfs.vfat dosfstools
    mkdir -p "$dir/root"/{etc,usr,boot,home}
    ln -s usr/bin "$dir/root/bin"
    ln -s ../usr/lib/os-release "$dir/root/etc/os-release"
    tree "$dir/old" bin/env lib/os-release old
    tree "$dir/new" bin/env lib/os-release new
    blank "$work/l1" 8M
    mkfs.vfat "$work/l1" > /dev/null
    mmd -i "$work/l1" ::/EFI
    ext ext4 "$work/l2" 8M "$dir/old"
    ext ext4 "$work/l3" 8M "$dir/new"
    ext ext4 "$work/l4" 8M "$dir/root"
    blank "$1" 40M
    table "$1" <<- END
	label: gpt
	size=16384, type=U
	size=16384, type=5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6, attrs="GUID:48,56"
	size=16384, type=5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6, attrs="GUID:49,56"
	size=16384, type=3884DD41-8582-4404-B9A8-E9B84F2DF50E
	END
    for i in 1 2 3 4; do put "$work/l$i" "$1" $(((i * 8 - 7) * MiB)); done
}

# The same as Flatcar is now: of /etc the root has what differs from /usr/share/flatcar/etc, which is mounted below it.
make_flatcar_etc()
{
    local dir=$work/flatcar-etc
    mkdir -p "$dir/root"/{etc/ssh,usr,home/core,var,.etc-work}
    ln -s usr/bin "$dir/root/bin"
    touch "$dir/root/etc/machine-id"
    tree "$dir/usr" bin/env lib/os-release share/flatcar/etc/hostname
    ext ext4 "$work/e1" 8M "$dir/usr"
    ext ext4 "$work/e2" 8M "$dir/root"
    blank "$1" 24M
    table "$1" <<- END
	label: gpt
	size=16384, type=5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6, attrs="GUID:48,56"
	size=16384, type=3884DD41-8582-4404-B9A8-E9B84F2DF50E
	END
    put "$work/e1" "$1" "$MiB"
    put "$work/e2" "$1" $((9 * MiB))
}

# deployment DIR NAME COMMIT: of a system that OSTree has deployed, as it writes it: a tree with what is merged into its /etc,
# empty directories for what is mounted, and links into /var; its .origin beside it. Its /etc/fstab from stdin
deployment()
{
    local top=$1/ostree/deploy/$2 at=$1/ostree/deploy/$2/deploy/$3.0
    mkdir -p "$1"/{boot,ostree/repo/objects,sysroot,proc} "$top/var"/{home/core,log,roothome}
    mkdir -p "$at"/{boot,etc,var,sysroot,usr/bin,usr/lib,usr/etc,proc}
    ln -s usr/bin "$at/bin"
    ln -s var/home "$at/home"
    ln -s var/roothome "$at/root"
    ln -s sysroot/ostree "$at/ostree"
    ln -s ../usr/lib/os-release "$at/etc/os-release"
    echo "VERSION=$3" > "$at/usr/lib/os-release"
    touch "$at/usr/bin/env" "$at/usr/bin/of-$3" "$top/var/log/journal"
    echo "$3" > "$at/etc/hostname"
    cat > "$at/etc/fstab"
    [[ -s $at/etc/fstab ]] || rm "$at/etc/fstab"
    printf '[origin]\nrefspec=%s\n' "$2" > "$at.origin"
}

# booted DIR NAME COMMIT VERSION: the links that a boot loader's entry leads through; the entry itself is printed
booted()
{
    local sum=0a1b2c$4 at
    at=$1/ostree/boot.1.1/$2/$sum
    mkdir -p "$at"
    ln -sfn boot.1.1 "$1/ostree/boot.1"
    ln -s "../../../deploy/$2/deploy/$3.0" "$at/0"
    printf '%s\n' "title Fedora ($3)" "version $4" "linux /ostree/$2-$sum/vmlinuz" \
        "options root=UUID=${uuid}7 rw ostree=/ostree/boot.1/$2/$sum/0 quiet" "initrd /ostree/$2-$sum/initramfs.img"
}

# Fedora CoreOS: /boot is a filesystem that only its label and the boot loader's entries tell; of three deployments, the newest
# of which is not finished, the second is booted.
make_coreos()
{
    local i dir=$work/coreos
    need mkfs.vfat dosfstools
    mkdir -p "$dir/boot/loader.1/entries" "$dir/boot/ostree"
    ln -s loader.1 "$dir/boot/loader"
    ln -s . "$dir/boot/boot"
    for i in aaa bbb ccc; do deployment "$dir/root" fedora-coreos "$i" < /dev/null; done
    booted "$dir/root" fedora-coreos aaa 1 > "$dir/boot/loader.1/entries/ostree-1-fedora-coreos.conf"
    booted "$dir/root" fedora-coreos bbb 2 > "$dir/boot/loader.1/entries/ostree-2-fedora-coreos.conf"
    blank "$work/o1" 8M
    mkfs.vfat -n EFI-SYSTEM "$work/o1" > /dev/null
    mmd -i "$work/o1" ::/EFI
    ext ext4 "$work/o2" 8M "$dir/boot" -L boot
    ext ext4 "$work/o3" 8M "$dir/root" -L root
    blank "$1" 32M
    table "$1" <<- END
	label: gpt
	size=16384, type=U, name=EFI-SYSTEM
	size=16384, type=L, name=boot
	size=16384, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root
	END
    for i in 1 2 3; do put "$work/o$i" "$1" $(((i * 8 - 7) * MiB)); done
}

# Without a boot loader's entries: the deployment that was made last.
make_deployed()
{
    local dir=$work/deployed
    deployment "$dir" endless aaa < /dev/null
    deployment "$dir" endless bbb < /dev/null
    touch -d 2020-01-01 "$dir/ostree/deploy/endless/deploy/bbb.0.origin"
    ext ext4 "$1" 16M "$dir"
}

# as_its_root COMMAND…: as root or, where mmdebstrap made the tree for an ordinary user, as root of that user's namespace
as_its_root()
{
    if [ "$(id -u)" = 0 ]; then "$@"; else mmdebstrap --unshare-helper "$@"; fi
}

# The kernel package that the appliance is made of has what belongs into /boot.
unpack_boot()
{
    local deb fetch from=('./boot/*') debs=$build/appliance/debs
    deb=$(compgen -G "$debs/linux-binary-*.deb" || compgen -G "$debs/linux-image-*.deb") ||
        die "debian.img: there is no kernel package in $debs"
    deb=${deb##*$'\n'}
    fetch=$(cd "$(dirname "$0")/../../appliance/debian" && pwd)/fetch-debian.sh
    mkdir -p "$1/grub"
    # From Debian 14 on a script of another package puts it into /boot.
    [[ $deb != */linux-binary-* ]] || from=(--transform 's,.*/modules/\(.*\)/vmlinuz$,./boot/vmlinuz-\1,' './usr/lib/modules/*/vmlinuz')
    "$fetch" --tar "$deb" | tar -x -C "$1" --strip-components=2 --wildcards "${from[@]}"
}

# list BELOW [COMMAND…] DIR: the tree in DIR as virt-ls -lR --uids prints it where it is mounted at BELOW, unsorted
list()
{
    local below=$1
    shift
    "${@:1:$#-1}" find "${@: -1}" -mindepth 1 \
        \( -type l -printf "%y %04m %s %U %G $below/%P -> %l\n" -o -printf "%y %04m %s %U %G $below/%P\n" \) | sed 's/^f/-/'
}

# A real one: /boot by its label, /home by its UUID. What there is in them is told in debian.files.
make_debian()
{
    local root=$work/debian mb=512 part
    need mmdebstrap mmdebstrap
    mmdebstrap --variant=minbase "${DEBIAN:-bookworm}" "$root" 2> "$work/mmdebstrap.log" ||
        die "mmdebstrap: $(tail -n 1 "$work/mmdebstrap.log")"
    as_its_root tee "$root/etc/fstab" <<- END > /dev/null
	UUID=${uuid}2 /     ext4 errors=remount-ro 0 1
	LABEL=DEBBOOT /boot ext4 defaults          0 2
	UUID=${uuid}3 /home ext4 defaults          0 2
	END
    unpack_boot "$work/debian-boot"
    tree "$work/debian-home" user/.bashrc
    {
        list "" as_its_root "$root"
        for part in boot home; do list "/$part" "$work/debian-$part"; done
    } > "$dir/debian.files"
    blank "$work/b1" 32M
    blank "$work/b2" ${mb}M
    blank "$work/b3" 16M
    mke2fs -q -F -t ext4 -d "$work/debian-boot" -L DEBBOOT "$work/b1"
    chmod 666 "$work/b2" # for root of that namespace
    as_its_root mke2fs -q -F -t ext4 -d "$root" -U "${uuid}2" "$work/b2"
    mke2fs -q -F -t ext4 -d "$work/debian-home" -U "${uuid}3" "$work/b3"
    as_its_root find "$root" -mindepth 1 -delete # only its root may
    blank "$1" $((mb + 56))M
    table "$1" <<- END
	label: gpt
	start=2048, size=$((32 * 2048)), type=L
	start=$((33 * 2048)), size=$((mb * 2048)), type=L
	start=$(((33 + mb) * 2048)), size=$((16 * 2048)), type=L
	END
    put "$work/b1" "$1" $MiB
    put "$work/b2" "$1" $((33 * MiB))
    put "$work/b3" "$1" $(((33 + mb) * MiB))
}

# --- what is made in an appliance -------------------------------------------------------------------------------------

# inside IMAGE SCRIPT: runs it with the image, writable, as $1
inside()
{
    local name=${appliance-} device
    if [ -z "$name" ]; then
        name=$("$build/bin/virt-hotplug" launch) || die "virt-hotplug does not start"
        appliance=$name
    fi
    device=$("$build/bin/virt-hotplug" attach "$name" --rw --format=raw "$1")
    "$build/bin/virt-hotplug" run "$name" -- sh -euc "mkdir -p /tmp/m; $2" sh "$device"
    "$build/bin/virt-hotplug" detach "$name" "$device"
}

# The shell's words for a root with an fstab, in $PWD of the appliance.
readonly inside_root='
make_root() { mkdir -p etc usr/bin usr/lib home var; ln -s usr/bin bin; echo ID=guest > usr/lib/os-release; echo "$1" > etc/fstab; }'

make_fedora()
{
    blank "$1" 128M
    inside "$1" "$inside_root"'
        mkfs.btrfs -q -U '"${uuid}4"' "$1" >/dev/null; mount "$1" /tmp/m; cd /tmp/m
        btrfs -q subvolume create root; btrfs -q subvolume create home; touch home/alice
        (cd root; make_root "UUID='"${uuid}4"' / btrfs subvol=root,compress=zstd:1 0 0
UUID='"${uuid}4"' /home btrfs subvol=home,compress=zstd:1 0 0")
        cd /; umount /tmp/m'
}

# Fedora Silverblue: everything in subvolumes, and an fstab in the deployment. The entries of the boot loader are in the root.
make_silverblue()
{
    local dir=$work/silverblue
    deployment "$dir/root" fedora aaa < /dev/null
    deployment "$dir/root" fedora bbb <<- END
	UUID=${uuid}7	/	btrfs	subvol=root,compress=zstd:1	0 0
	UUID=${uuid}7	/var/home	btrfs	subvol=home,compress=zstd:1	0 0
	END
    mkdir -p "$dir/root/boot/loader/entries"
    booted "$dir/root" fedora aaa 1 > "$dir/root/boot/loader/entries/ostree-1-fedora.conf"
    booted "$dir/root" fedora bbb 2 > "$dir/root/boot/loader/entries/ostree-2-fedora.conf"
    tar -C "$dir" -c root > "$work/silverblue.tar"
    blank "$1" 128M
    inside "$1" 'mkfs.btrfs -q -U '"${uuid}7"' "$1" > /dev/null; mount "$1" /tmp/m; cd /tmp/m
        btrfs -q subvolume create root; btrfs -q subvolume create home; mkdir home/alice
        cat > /tmp/t.tar; tar -x -f /tmp/t.tar; cd /; umount /tmp/m' < "$work/silverblue.tar"
}

# A clone of the former, and other files.
make_clone()
{
    [ -e "$dir/fedora.img" ] || make fedora.img
    cp --sparse=always "$dir/fedora.img" "$1"
    inside "$1" 'mount "$1" /tmp/m; mv /tmp/m/home/alice /tmp/m/home/carol; umount /tmp/m'
}

make_ubuntu()
{
    blank "$1" 128M
    inside "$1" "$inside_root"'
        mkfs.btrfs -q -U '"${uuid}5"' "$1" >/dev/null; mount "$1" /tmp/m; cd /tmp/m
        btrfs -q subvolume create @; btrfs -q subvolume create @home; touch @home/bob
        mkdir -p @/snap/core22/1 @/var/lib/snapd/snaps; touch @/var/lib/snapd/snaps/core22_1.snap
        (cd @; make_root "UUID='"${uuid}5"' / btrfs defaults,subvol=@ 0 1
UUID='"${uuid}5"' /home btrfs defaults,subvol=@home 0 2")
        cd /; umount /tmp/m'
}

# The root is a snapshot, and the default subvolume; what is not part of it is named by its path.
make_suse()
{
    blank "$1" 128M
    inside "$1" "$inside_root"'
        mkfs.btrfs -q -U '"${uuid}6"' "$1" >/dev/null; mount "$1" /tmp/m; cd /tmp/m
        btrfs -q subvolume create @; btrfs -q subvolume create @/var; btrfs -q subvolume create @/.snapshots
        mkdir @/.snapshots/1; btrfs -q subvolume create @/.snapshots/1/snapshot; mkdir @/var/log
        (cd @/.snapshots/1/snapshot; mkdir .snapshots; make_root "UUID='"${uuid}6"' / btrfs defaults 0 0
UUID='"${uuid}6"' /var btrfs subvol=/@/var 0 0
UUID='"${uuid}6"' /.snapshots btrfs subvol=/@/.snapshots 0 0")
        btrfs subvolume set-default @/.snapshots/1/snapshot
        cd /; umount /tmp/m'
}

# /home is encrypted, and called so by crypttab.
make_crypt()
{
    root "$work/crypt" <<< '/dev/mapper/cr-home /home ext4 defaults 0 2'
    echo 'cr-home UUID=7d3e4f50-1111-4222-8333-944455557777 none luks' > "$work/crypt/etc/crypttab"
    ext ext4 "$work/c1" 8M "$work/crypt"
    blank "$1" 48M
    printf 'label: gpt\nsize=16384\nsize=65536\n' | table "$1"
    put "$work/c1" "$1" $MiB
    inside "$1" 'printf secret | cryptsetup luksFormat -q --batch-mode --key-file - --iter-time 10 --type luks1 \
            --uuid 7d3e4f50-1111-4222-8333-944455557777 "$1"2
        printf secret | cryptsetup open --key-file - "$1"2 x; mkfs.ext4 -q /dev/mapper/x
        mount /dev/mapper/x /tmp/m; touch /tmp/m/inside; umount /tmp/m; cryptsetup close x'
}

# A logical volume with a system, and its snapshot, whose name comes first.
make_snapshot()
{
    blank "$1" 64M
    inside "$1" "$inside_root"'
        pvcreate -q "$1"; vgcreate -q vg "$1"; lvcreate -q -y -L 24M -n root vg; mkfs.ext4 -q /dev/vg/root
        mount /dev/vg/root /tmp/m; cd /tmp/m; make_root "/dev/mapper/vg-root / ext4 defaults 0 1"; cd /; umount /tmp/m
        lvcreate -q -y -s -L 8M -n before vg/root; mount /dev/vg/root /tmp/m; touch /tmp/m/home/now; umount /tmp/m
        vgchange -q -an vg' > /dev/null
}

# Subvolumes of names that no distribution uses; one is a snapshot of the other.
make_subvolumes()
{
    blank "$1" 128M
    inside "$1" "$inside_root"'
        mkfs.btrfs -q -U '"${uuid}7"' "$1" >/dev/null; mount "$1" /tmp/m; cd /tmp/m
        btrfs -q subvolume create system; (cd system; make_root "UUID='"${uuid}7"' / btrfs subvol=/system 0 0")
        btrfs -q subvolume snapshot system before; touch system/home/now
        cd /; umount /tmp/m'
}

make_windows()
{
    blank "$1" 32M
    inside "$1" 'mkntfs -q -F -Q -L Windows "$1" >/dev/null 2>&1; ntfs-3g "$1" /tmp/m; cd /tmp/m
        mkdir -p WINDOWS/system32/drivers/etc "Users/Jürgen/My Documents"; echo "127.0.0.1 localhost" > WINDOWS/system32/drivers/etc/hosts
        cd /; umount /tmp/m'
}

# Every type of file and hostile names, as far as the filesystem has them.
readonly inside_tree='
make_tree() {
    mkdir -p dir/sub/deep empty "with space"; echo text > file; echo hello > dir/hello; : > dir/sub/zero
    head -c 100000 /dev/zero > dir/zeros; touch -d "2020-02-29 12:34:56" file dir/hello
    touch "dir-" dir.x "dir/sub/a,b" "quo'"'"'te"
    [ "$1" = plain ] || {
        chmod 4751 file; chmod 1777 empty; chown 1000:100 dir/hello; ln file dir/hard
        ln -s dir/hello link; ln -s /nowhere dangling; ln -s loop loop
        mkfifo fifo; mknod block b 7 300; mknod char c 1 3
        touch "$(printf "new\nline")" "$(printf "escape\033[31m")" "$(printf "invalid\377\376")" "back\\slash" "dou\"ble"
        touch "$(printf %0255d 0)"; truncate -s 200M sparse; echo end >> sparse
        touch -h -d "2001-02-03 04:05:06" link fifo
    }
}'

# in_filesystem IMAGE SIZE KIND MKFS…: a tree in what MKFS "$1" makes
in_filesystem()
{
    local image=$1 kind=$3 mount=mount
    blank "$image" "$2"
    shift 3
    [ "$1" != mkntfs ] || mount=ntfs-3g
    inside "$image" "$inside_tree"'
        '"$*"' "$1" >/dev/null 2>&1; '$mount' "$1" /tmp/m; cd /tmp/m; make_tree '"$kind"'; cd /; umount /tmp/m'
}
make_tree_ext4()
{
    in_filesystem "$1" 32M full mkfs.ext4 -q
    # The appliance has nothing that makes a socket.
    printf 'mknod socket p\nsif socket mode 0140755\n' | debugfs -w -f - "$1" > /dev/null 2>&1
}
make_tree_xfs() { in_filesystem "$1" 320M full mkfs.xfs -q; }
make_tree_btrfs() { in_filesystem "$1" 128M full mkfs.btrfs -q; }
make_tree_vfat() { in_filesystem "$1" 64M plain mkfs.vfat --mbr=n -F 32; }
make_tree_ntfs() { in_filesystem "$1" 32M plain mkntfs -q -F -Q; }
make_tree_iso9660()
{
    need xorriso xorriso
    local dir=$work/iso
    tree "$dir" dir/sub/zero empty/.keep 'with space/x' dir- dir.x
    echo hello > "$dir/dir/hello"
    ln -s dir/hello "$dir/link"
    ln -s /nowhere "$dir/dangling"
    mkfifo "$dir/fifo"
    xorriso -as mkisofs -quiet -R -V TREE -o "$1" "$dir" 2> /dev/null
}

# --- names: file, and the function that makes it ----------------------------------------------------------------------

guests()
{
    cat <<- END
	linux.img linux
	dual.img dual
	fedora.img fedora
	clone.img clone
	ubuntu.img ubuntu
	suse.img suse
	windows.img windows
	shared.img shared
	discover.img discover
	crypt.img crypt
	flatcar.img flatcar
	flatcar-etc.img flatcar_etc
	coreos.img coreos
	deployed.img deployed
	silverblue.img silverblue
	snapshot.img snapshot
	subvolumes.img subvolumes
	tree-ext4.img tree_ext4
	tree-xfs.img tree_xfs
	tree-btrfs.img tree_btrfs
	tree-vfat.img tree_vfat
	tree-ntfs.img tree_ntfs
	tree-iso9660.iso tree_iso9660
	debian.img debian
	END
}

# make NAME: under another name first, so that an interrupted run leaves no half an image
make()
{
    local function image=$work/$1
    function=$(guests | awk -v name="$1" '$1 == name { print $2 }')
    [ -n "$function" ] || die "$1: no such guest; make-guests.sh --list names them"
    "make_$function" "$image"
    cp --sparse=always "$image" "$dir/$1.new"
    mv "$dir/$1.new" "$dir/$1"
    rm -f "$image"
}

end()
{
    [ -z "${appliance-}" ] || "$build/bin/virt-hotplug" shutdown "$appliance" > /dev/null
    rm -rf "$work"
}

case ${1:-} in
--list)   guests | cut -d ' ' -f 1; exit ;;
'' | -*)  echo "usage: make-guests.sh --list | BUILD DIR [NAME…]" >&2; exit 1 ;;
esac
build=$1 dir=$2; shift 2
mkdir -p "$dir"
work=$(mktemp -d)
chmod 711 "$work"
trap end EXIT
if [ $# = 0 ]; then mapfile -t names < <(guests | cut -d ' ' -f 1); else names=("$@"); fi
trap 'echo "make-guests: ${name:-}: failed in line $LINENO: $BASH_COMMAND" >&2' ERR
for name in "${names[@]}"; do make "$name"; done
