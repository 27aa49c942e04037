#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-rpm.sh BUILD
#
# The RPM packages in BUILD/rpm: their files are those that `make install` installs, man pages packed, and documents; unpacked, the
# command scans. On a host without RPM nothing can be said about their dependencies, and they are not installed.
set -euo pipefail

die() { echo "check-rpm: $*" >&2; exit 1; }

build=$(realpath "$1")
work=$(mktemp -d /var/tmp/vlt-rpm.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$(dirname "$0")/../.."
packages=("$build"/rpm/RPMS/x86_64/virt-live-tools-*.rpm)
[ "${#packages[@]}" = 2 ] || die "not two packages: ${packages[*]}"
make --no-print-directory install DESTDIR="$work/installed" PREFIX=/usr unitdir=/usr/lib/systemd/system > "$work/log" 2>&1 ||
    die "make install: $(tail -n 1 "$work/log")"
for package in "${packages[@]}"; do rpm2cpio "$package" | (mkdir -p "$work/packed" && cd "$work/packed" && cpio -idm --quiet); done
# rpmbuild may have packed the pages
find "$work/packed" -name '*.1.gz' -exec gunzip {} +
for tree in installed packed; do (cd "$work/$tree" && find . -type f ! -path './usr/share/doc/*' ! -path './usr/share/licenses/*' ! -path './usr/lib/.build-id/*' | sort) > "$work/$tree.list"; done
diff "$work/installed.list" "$work/packed.list" || die "other files than make install's"
truncate -s 8M "$work/disk.img"
mkfs.ext4 -q "$work/disk.img"
"$work/packed/usr/bin/virt-df-live" --appliance "$work/packed/usr/lib/virt-live-tools/appliance" --csv "$work/disk.img" | grep '^disk.img,/dev/sda,'
echo "check-rpm: $(wc -l < "$work/packed.list") files in ${#packages[@]} packages, and they scan"
