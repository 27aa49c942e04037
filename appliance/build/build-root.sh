#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-root.sh OUT DEBS root|tools
#
# Makes OUT/root or OUT/tools, the appliance's drive: ext4, read-only in use, with the tools of a distribution's list
# (distribution.sh) and the modules in OUT/modules/root (made by build-kernel.sh). `root` is what scans; `tools` is what a
# virt-hotplug session works in: all of `root`, the sections [tools-…] and OUT/modules/tools.
# OUT/DRIVE.manifest says what is in it. Two builds are equal byte for byte.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"
# shellcheck source=appliance/build/distribution.sh
. "$here/distribution.sh"
# shellcheck source=appliance/build/unpack.sh
. "$here/unpack.sh"
# shellcheck source=appliance/build/architecture.sh
. "$here/architecture.sh"
PATH=$PATH:/usr/sbin:/sbin

die() { echo "build-root: $*" >&2; exit 1; }

make_layout()
{
    make_merged_usr "$1"
    mkdir -p "$1"/{dev,etc/lvm/scan,mnt,proc,run,sys,tmp}
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

# The sections of the list that the drive is made of.
drive_sections()
{
    local names name
    names=$(sections "$package_list")
    for name in $names; do
        case $name in
        kernel | dlopen) ;;
        tools-*) if [ "$1" = tools ]; then echo "$name"; fi ;;
        *)       echo "$name" ;;
        esac
    done
}

# matches MEMBER WORD: whether the word of a line means that file of the package
matches()
{
    # shellcheck disable=SC2254 # it is a pattern
    case $2 in
    /*) case $1 in .$2 | ./usr$2) return 0 ;; esac ;;
    *)  case ${1#./} in bin/$2 | sbin/$2 | usr/bin/$2 | usr/sbin/$2) return 0 ;; esac ;;
    esac
    return 1
}

# unpack TREE FILE WORD…: a word that means no file is an error
unpack()
{
    local tree=$1 file=$2 members member word chosen=() found; shift 2
    members=$(package_members "$file" | grep -v '/$')
    for word in "$@"; do
        found=${#chosen[@]}
        while read -r member; do
            if matches "$member" "$word"; then chosen+=("$member"); fi
        done <<< "$members"
        [ "${#chosen[@]}" -gt "$found" ] || die "$file: there is no $word in it; the names stand in $package_list"
    done
    printf '%s\n' "${chosen[@]}" | sort -u | unpack_members "$tree" "$file"
}

# install_section TREE DEBS SECTION: its programs; prints their packages' versions. The packages of a section are asked for
# together, so they must not conflict. All files that were fetched are then in `fetched`.
install_section()
{
    local tree=$1 debs=$2 file line name chosen text words=() lines=() files=()
    declare -A file_of=()
    text=$(section "$package_list" "$3")
    while read -r line; do
        name=${line%%[[:space:]]*}
        chosen=$name
        if [[ $name == *'|'* ]]; then
            IFS='|' read -r -a words <<< "$name"
            chosen=$("$fetch" --choose "$debs" "${words[@]}")
        fi
        lines+=("$chosen${line#"$name"}")
    done <<< "$text"
    text=$("$fetch" --with-libraries "$debs" "${lines[@]%%[[:space:]]*}")
    mapfile -t files <<< "$text"
    fetched+=("${files[@]}")
    for file in "${files[@]}"; do
        text=$("$fetch" --describe "$file")
        file_of[${text% *}]=$file
    done
    for line in "${lines[@]}"; do
        read -r -a words <<< "$line"
        if [ "${#words[@]}" = 1 ]; then continue; fi # it is there for its libraries
        file=${file_of[${words[0]}]-}
        [ -n "$file" ] || die "$debs: the package ${words[0]} is not there"
        unpack "$tree" "$file" "${words[@]:1}"
        describe_package "$file"
    done
}

# install_packages TREE DEBS DRIVE; prints the packages' versions. A package may stand in several sections.
install_packages()
{
    local tree=$1 names name text fetched=()
    names=$(drive_sections "$3")
    for name in $names; do install_section "$tree" "$2" "$name"; done
    install -s --strip-program="${binutils}strip" -m 755 "$out/volume-groups" "$out/dynamic-disks" "$tree/usr/sbin"
    text=$(section "$package_list" dlopen)
    mapfile -t fetched < <(printf '%s\n' "${fetched[@]}" | LC_ALL=C sort -u)
    "$here/add-libraries.sh" "$tree" "$text" "${fetched[@]}"
}

# A symlink for each applet that no real tool stands for. The package's busybox is asked.
link_applets()
{
    local applets applet
    applets=$(run_in "$1" "$1/usr/bin/busybox" --list) ||
        die "busybox does not run here: is glibc as new as the packages', and, for another architecture, qemu-user-static installed?"
    for applet in $applets; do
        if [ ! -e "$1/usr/bin/$applet" ] && [ ! -e "$1/usr/sbin/$applet" ]; then
            ln -s busybox "$1/usr/bin/$applet"
        fi
    done
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
    [ "${#missing[@]}" = 0 ] || die "interpreters are missing: ${missing[*]}; the paths stand in $package_list"
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
    [ "${#bad[@]}" = 0 ] || die "dangling links: ${bad[*]}; the paths stand in $package_list"
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
install_packages "$tree" "$debs" "$drive" | LC_ALL=C sort -u > "$out/$drive.new.manifest"
link_applets "$tree"
cp -R "$out/modules/root/." "$tree"
if [ "$drive" = tools ]; then
    make_tools_layout "$tree"
    cp -R "$out/modules/tools/." "$tree"
    check_scripts "$tree" # lvmdump on `root` has no bash, nor use
fi
check_links "$tree"
make_image "$tree" "$out/$drive.new"
mv "$out/$drive.new.manifest" "$out/$drive.manifest"
mv "$out/$drive.new" "$out/$drive"
