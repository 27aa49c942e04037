#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-root.sh OUT DEBS
#
# Makes OUT/root, the appliance's drive: ext4, read-only in use, with the tools of appliance/packages and the modules in
# OUT/modules/root (made by build-kernel.sh). OUT/root.manifest says what is in it. Two builds are equal byte for byte.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/lists.sh
. "$here/lists.sh"
PATH=$PATH:/usr/sbin:/sbin

die() { echo "build-root: $*" >&2; exit 1; }

make_layout()
{
    mkdir -p "$1"/{dev,etc/lvm,mnt,proc,run,sys,tmp,usr/{bin,sbin,lib,lib64}}
    local dir
    for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$1/$dir"; done
    # the tools want to find these; there is one user and nothing is mounted by name
    echo 'root:x:0:0:root:/:/bin/sh' > "$1/etc/passwd"
    echo 'root:x:0:' > "$1/etc/group"
    : > "$1/etc/fstab"
    ln -s /proc/self/mounts "$1/etc/mtab"
    install -m 644 "$here/lvm.conf" "$1/etc/lvm/lvm.conf"
}

# The lines of appliance/packages that the root drive is made of.
root_packages()
{
    local name
    for name in $(sections "$here/packages"); do
        [ "$name" = kernel ] || section "$here/packages" "$name"
    done
}

# unpack TREE DEB PATTERN…: a pattern that matches nothing is an error
unpack()
{
    local tree=$1 deb=$2 log; shift 2
    log=$("$here/fetch-debian.sh" --tar "$deb" |
          tar -x -C "$tree" --no-same-owner --no-same-permissions --wildcards "$@" 2>&1) ||
        die "$deb: $log; the paths stand in appliance/packages"
}

# Prints the packages' versions.
install_packages()
{
    local tree=$1 debs=$2 deb line paths words=() lines=() files=()
    declare -A file_of=()
    mapfile -t lines < <(root_packages)
    paths=$("$here/fetch-debian.sh" "$debs" "${lines[@]%%[[:space:]]*}")
    mapfile -t files <<< "$paths"
    for deb in "${files[@]}"; do
        read -r -a words <<< "$("$here/fetch-debian.sh" --describe "$deb")"
        file_of[${words[0]}]=$deb
        echo "package ${words[0]}: ${words[1]}"
    done
    [ "${#files[@]}" = "${#lines[@]}" ] || die "$debs: ${#files[@]} of ${#lines[@]} packages are there"
    for line in "${lines[@]}"; do
        read -r -a words <<< "$line"
        unpack "$tree" "${file_of[${words[0]}]}" "${words[@]:1}"
    done
}

# A symlink for each applet that no real tool stands for. The package's busybox is asked; it is static.
link_applets()
{
    local applet
    for applet in $("$1/usr/bin/busybox" --list); do
        if [ ! -e "$1/usr/bin/$applet" ] && [ ! -e "$1/usr/sbin/$applet" ]; then
            ln -s busybox "$1/usr/bin/$applet"
        fi
    done
}

# Every library that a file in the tree needs is in the tree.
check_libraries()
{
    local tree=$1 file need missing=() have
    have=$(find "$tree" \( -type f -o -type l \) -name '*.so*' -printf '%f\n')
    while read -r file; do
        while read -r need; do
            grep -qxF -- "$need" <<< "$have" || missing+=("$need (for ${file#"$tree"/})")
        done < <(LC_ALL=C readelf -dW "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    done < <(find "$tree/usr" -type f \( -perm -u+x -o -name '*.so*' \))
    [ "${#missing[@]}" = 0 ] || die "libraries are missing, add their packages to appliance/packages:
$(printf '  %s\n' "${missing[@]}" | sort -u)"
}

# No symlink dangles, but for those into /proc.
check_links()
{
    local link target bad=()
    while read -r link; do
        target=$(readlink "$link")
        case $target in
        /proc/*) continue ;;
        /*) [ -e "$1$target" ] || bad+=("${link#"$1"} -> $target") ;;
        *)  [ -e "$link" ] || bad+=("${link#"$1"} -> $target") ;;
        esac
    done < <(find "$1" -type l)
    [ "${#bad[@]}" = 0 ] || die "dangling links: ${bad[*]}; the paths stand in appliance/packages"
}

# Blocks of 4 KiB, as many as it takes; the inodes that are there and few more; nothing that only a written filesystem needs.
make_image()
{
    local tree=$1 image=$2 kib inodes
    kib=$(du -sk --apparent-size "$tree" | cut -f 1)
    inodes=$(($(find "$tree" | wc -l) + 16))
    rm -f "$image"
    : > "$image"
    E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -b 4096 -I 256 -N "$inodes" -m 0 -L appliance \
        -O ^has_journal,^resize_inode,^metadata_csum,^64bit,^huge_file,^dir_nlink,^orphan_file \
        -U 6c1b5f1a-2d0e-4c53-9d3e-5e5a0f9a7b10 \
        -E hash_seed=6c1b5f1a-2d0e-4c53-9d3e-5e5a0f9a7b11,root_owner=0:0,nodiscard \
        -d "$tree" "$image" "$((kib * 115 / 100 + 2048))k" ||
        die "mke2fs failed: is there space in $(dirname "$image")?"
    own_by_root "$tree" "$image"
}

# mke2fs -d copies the builder's uid and today's ctime: every inode in use is given to root and to one moment.
own_by_root()
{
    local last inode field date="@$SOURCE_DATE_EPOCH"
    # the tree, lost+found, and the reserved inodes: they are given out in a row
    last=$((10 + $(find "$1" | wc -l)))
    for ((inode = 2; inode <= last; inode++)); do
        if ((inode > 2 && inode < 11)); then continue; fi
        for field in uid gid; do echo "set_inode_field <$inode> $field 0"; done
        for field in atime ctime mtime crtime; do echo "set_inode_field <$inode> $field $date"; done
        for field in atime ctime mtime crtime; do echo "set_inode_field <$inode> ${field}_extra 0"; done
    done > "$2.commands"
    E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH debugfs -w -f "$2.commands" "$2" > "$2.log" 2>&1 ||
        die "debugfs failed: $(tail -n 1 "$2.log")"
    if grep -v '^debugfs' "$2.log" >&2; then die "debugfs complained about $2.commands"; fi
    rm -f "$2.commands" "$2.log"
    LC_ALL=C e2fsck -fn "$2" >/dev/null 2>&1 || die "$2: e2fsck finds errors in the filesystem just made"
}

[ $# = 2 ] || die "usage: build-root.sh OUT DEBS"
out=$1 debs=$2
[ -d "$out/modules/root/modules" ] || die "$out/modules: missing; run build-kernel.sh first"
umask 022
tree=$(mktemp -d "$out/root.XXXXXX")
chmod 755 "$tree"
trap 'rm -rf "$tree" "$out"/root.new*' EXIT

make_layout "$tree"
install_packages "$tree" "$debs" > "$out/root.new.manifest"
link_applets "$tree"
cp -R "$out/modules/root/." "$tree"
check_libraries "$tree"
check_links "$tree"
make_image "$tree" "$out/root.new"
mv "$out/root.new.manifest" "$out/root.manifest"
mv "$out/root.new" "$out/root"
