#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-root.sh OUT DEBS root|tools
#
# Makes OUT/root or OUT/tools, the appliance's drive: ext4, read-only in use, with the tools of appliance/debian/packages and the
# modules in OUT/modules/root (made by build-kernel.sh). `root` is what scans; `tools` is what a virt-hotplug session works
# in: all of `root`, the sections [tools-…] and OUT/modules/tools.
# OUT/DRIVE.manifest says what is in it. Two builds are equal byte for byte.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"
PATH=$PATH:/usr/sbin:/sbin

die() { echo "build-root: $*" >&2; exit 1; }

make_layout()
{
    mkdir -p "$1"/{dev,etc/lvm/scan,mnt,proc,run,sys,tmp,usr/{bin,sbin,lib,lib64}}
    local dir
    for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$1/$dir"; done
    # the tools want to find these; there is one user and nothing is mounted by name
    echo 'root:x:0:0:root:/:/bin/sh' > "$1/etc/passwd"
    echo 'root:x:0:' > "$1/etc/group"
    : > "$1/etc/fstab"
    ln -s /proc/self/mounts "$1/etc/mtab"
    install -m 644 "$here/../root/lvm.conf" "$1/etc/lvm/lvm.conf"
    cat "$here/../root/lvm.conf" "$here/../root/lvm-scan.conf" > "$1/etc/lvm/scan/lvm.conf"
}

# What only the drive `tools` has besides packages and modules. Its system directories are the root drive's: /run and /tmp
# are written to, nothing else.
make_tools_layout()
{
    # parted calls it; there is no udev, and so nothing to wait for
    printf '#!/bin/sh\nexit 0\n' > "$1/usr/bin/udevadm"
    chmod 755 "$1/usr/bin/udevadm"
}

# The lines of appliance/debian/packages that the drive is made of.
drive_packages()
{
    local names name
    names=$(sections "$here/../debian/packages")
    for name in $names; do
        case $name in
        kernel)  ;;
        tools-*) if [ "$1" = tools ]; then section "$here/../debian/packages" "$name"; fi ;;
        *)       section "$here/../debian/packages" "$name" ;;
        esac
    done
}

# unpack TREE DEB PATTERN…: a pattern that matches nothing is an error
unpack()
{
    local tree=$1 deb=$2 log; shift 2
    log=$("$here/../debian/fetch-debian.sh" --tar "$deb" |
          tar -x -C "$tree" --no-same-owner --no-same-permissions --wildcards "$@" 2>&1) ||
        die "$deb: $log; the paths stand in appliance/debian/packages"
}

# install_packages TREE DEBS DRIVE; prints the packages' versions. A package may stand in several sections.
install_packages()
{
    local tree=$1 debs=$2 drive=$3 deb line text words=() lines=() names=() files=()
    declare -A file_of=()
    text=$(drive_packages "$drive")
    mapfile -t lines <<< "$text"
    text=$(printf '%s\n' "${lines[@]%%[[:space:]]*}" | LC_ALL=C sort -u)
    mapfile -t names <<< "$text"
    text=$("$here/../debian/fetch-debian.sh" "$debs" "${names[@]}")
    mapfile -t files <<< "$text"
    for deb in "${files[@]}"; do
        text=$("$here/../debian/fetch-debian.sh" --describe "$deb")
        read -r -a words <<< "$text"
        file_of[${words[0]}]=$deb
        echo "package ${words[0]}: ${words[1]}"
    done
    [ "${#files[@]}" = "${#names[@]}" ] || die "$debs: ${#files[@]} of ${#names[@]} packages are there"
    for line in "${lines[@]}"; do
        read -r -a words <<< "$line"
        unpack "$tree" "${file_of[${words[0]}]}" "${words[@]:1}"
    done
}

# A symlink for each applet that no real tool stands for. The package's busybox is asked.
link_applets()
{
    local applets applet
    applets=$("$1/usr/bin/busybox" --list) ||
        die "busybox does not run here: are the packages of this architecture, and is glibc as new as theirs?"
    for applet in $applets; do
        if [ ! -e "$1/usr/bin/$applet" ] && [ ! -e "$1/usr/sbin/$applet" ]; then
            ln -s busybox "$1/usr/bin/$applet"
        fi
    done
}

# Every library that a file in the tree needs is in the tree.
check_libraries()
{
    local tree=$1 file need missing=() have files
    # it fails on scripts, too, so that a failure in the loop says nothing
    readelf -hW "$tree/usr/bin/busybox" >/dev/null || die "readelf does not work (is binutils installed?)"
    have=$(find "$tree" \( -type f -o -type l \) -name '*.so*' -printf '%f\n')
    files=$(find "$tree/usr" -type f \( -perm -u+x -o -name '*.so*' \))
    while read -r file; do
        while read -r need; do
            grep -qxF -- "$need" <<< "$have" || missing+=("$need (for ${file#"$tree"/})")
        done < <(LC_ALL=C readelf -dW "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    done <<< "$files"
    [ "${#missing[@]}" = 0 ] || die "libraries are missing, add their packages to appliance/debian/packages:
$(printf '  %s\n' "${missing[@]}" | sort -u)"
}

# The interpreter of every script in the tree is in it too.
check_scripts()
{
    local tree=$1 files file first missing=()
    files=$(find "$tree/usr/bin" "$tree/usr/sbin" -type f)
    while read -r file; do
        first=$(head -c 128 "$file" | LC_ALL=C tr -d '\0') # of a program that is none of the shell's, too
        [[ $first =~ ^'#!'\ *([^[:space:]]+) ]] || continue
        [ -e "$tree${BASH_REMATCH[1]}" ] || missing+=("${BASH_REMATCH[1]} (for ${file#"$tree"/})")
    done <<< "$files"
    [ "${#missing[@]}" = 0 ] || die "interpreters are missing: ${missing[*]}; the paths stand in appliance/debian/packages"
}

# No symlink dangles, but for those into /proc.
check_links()
{
    local link links target bad=()
    links=$(find "$1" -type l)
    while read -r link; do
        target=$(readlink "$link")
        case $target in
        /proc/*) continue ;;
        /*) [ -e "$1$target" ] || bad+=("${link#"$1"} -> $target") ;;
        *)  [ -e "$link" ] || bad+=("${link#"$1"} -> $target") ;;
        esac
    done <<< "$links"
    [ "${#bad[@]}" = 0 ] || die "dangling links: ${bad[*]}; the paths stand in appliance/debian/packages"
}

# Blocks of 4 KiB, as many as it takes; the inodes that are there and few more; nothing that only a written filesystem needs.
make_image()
{
    local tree=$1 image=$2 kib files
    # not du: a directory has another size on another filesystem of the builder's
    kib=$(find "$tree" -printf '%y %s\n' | awk '{ bytes += $1 == "d" ? 4096 : $2 } END { print int((bytes + 1023) / 1024) }')
    files=$(find "$tree" | wc -l)
    rm -f "$image"
    : > "$image"
    E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -b 4096 -I 256 -N "$((files + 16))" -m 0 -L appliance \
        -O ^has_journal,^resize_inode,^metadata_csum,^64bit,^huge_file,^dir_nlink,^orphan_file \
        -U 6c1b5f1a-2d0e-4c53-9d3e-5e5a0f9a7b10 \
        -E hash_seed=6c1b5f1a-2d0e-4c53-9d3e-5e5a0f9a7b11,root_owner=0:0,nodiscard \
        -d "$tree" "$image" "$((kib * 115 / 100 + 2048))k" ||
        die "mke2fs failed: is there space in $(dirname "$image")?"
    own_by_root "$image" "$files"
}

# mke2fs -d copies the builder's uid and today's ctime: every inode in use is given to root and to one moment.
own_by_root()
{
    local image=$1 files=$2 inode field last date="@$SOURCE_DATE_EPOCH"
    # the tree, lost+found, and the reserved inodes: they are given out in a row
    last=$((10 + files))
    for ((inode = 2; inode <= last; inode++)); do
        if ((inode > 2 && inode < 11)); then continue; fi
        for field in uid gid; do echo "set_inode_field <$inode> $field 0"; done
        for field in atime ctime mtime crtime; do echo "set_inode_field <$inode> $field $date"; done
        for field in atime ctime mtime crtime; do echo "set_inode_field <$inode> ${field}_extra 0"; done
    done > "$image.commands"
    E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH debugfs -w -f "$image.commands" "$image" > "$image.log" 2>&1 ||
        die "debugfs failed: $(tail -n 1 "$image.log")"
    if grep -v '^debugfs' "$image.log" >&2; then die "debugfs complained about $image.commands"; fi
    rm -f "$image.commands" "$image.log"
    LC_ALL=C e2fsck -fn "$image" >/dev/null 2>&1 || die "$image: e2fsck finds errors in the filesystem just made"
}

if [ $# != 3 ] || [[ $3 != @(root|tools) ]]; then die "usage: build-root.sh OUT DEBS root|tools"; fi
out=$1 debs=$2 drive=$3
[ -d "$out/modules/$drive/modules" ] || die "$out/modules: missing or old; run build-kernel.sh first"
umask 022
tree=$(mktemp -d "$out/$drive.XXXXXX")
trap 'rm -rf "$tree" "$out/$drive".new*' EXIT
chmod 755 "$tree"

make_layout "$tree"
install_packages "$tree" "$debs" "$drive" > "$out/$drive.new.manifest"
link_applets "$tree"
install -s -m 755 "$out/volume-groups" "$out/dynamic-disks" "$tree/usr/sbin"
cp -R "$out/modules/root/." "$tree"
if [ "$drive" = tools ]; then
    make_tools_layout "$tree"
    cp -R "$out/modules/tools/." "$tree"
    check_scripts "$tree" # lvmdump on `root` has no bash, nor use
fi
check_libraries "$tree"
check_links "$tree"
make_image "$tree" "$out/$drive.new"
mv "$out/$drive.new.manifest" "$out/$drive.manifest"
mv "$out/$drive.new" "$out/$drive"
