#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-deb.sh BUILD HOST…
#
# The Debian packages in BUILD/deb in a fresh chroot of each HOST (a suite of Debian): an older version is installed and run; a systemd
# runs the service; it is upgraded, and run as an ordinary user; virt-ls is added; all is removed, and nothing is left. Only root can do
# this. What it prints goes to BUILD/deb/HOST.log; the last lines are a table. Exit status 1 if something failed.

# shellcheck disable=SC2317 # step() calls them

set -euo pipefail
shopt -s inherit_errexit

die() { echo "check-deb: $*" >&2; exit 1; }

# shellcheck source=tests/hosts/chroot.sh
source "$(dirname "$0")/chroot.sh"
# shellcheck source=tests/hosts/steps.sh
source "$(dirname "$0")/steps.sh"

# The same package with a lower version: an upgrade from it is one to this.
make_older()
{
    local deb=$1 to=$2 tree
    tree=$(mktemp -d "$to/older.XXXXXX")
    dpkg-deb -R "$deb" "$tree"
    sed -i 's/^Version: \(.*\)/Version: \1~before/' "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone -b "$tree" "$to" > "$to/older.log"
    rm -rf "$tree"
}

# What the package leaves on a system, but for its user, as is Debian's way.
nothing_is_left()
{
    local left
    left=$(in_chroot "$tree" sh -c 'find / -xdev \( -name "*virt-live*" -o -name "virt-df-live*" -o -name "virt-ls*" -o -name "virt-hotplug*" \) \
        -not -path "/packages/*" -not -path "/var/log/*" -not -path "/var/lib/systemd/*"; pgrep -l qemu || :')
    echo "$left"
    [ -z "$left" ]
}

# Boots the chroot's own systemd in a container, which starts the service, and powers off.
by_systemd()
{
    local unit=$tree/etc/systemd/system/check.service
    printf '%s\n' '[Service]' Type=oneshot 'ExecStart=systemctl start virt-df-live.service' 'ExecStopPost=systemctl poweroff --no-block' \
        StandardOutput=file:/started.log StandardError=file:/started.log '[Install]' WantedBy=multi-user.target > "$unit"
    echo 'ARGUMENTS="/image.img"' > "$tree/etc/default/virt-df-live"
    in_chroot "$tree" systemctl enable check.service &&
        timeout 600 systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$tree" &&
        cat "$tree/started.log" &&
        rm "$unit" "$tree/etc/systemd/system/multi-user.target.wants/check.service" &&
        grep -q '<td>/dev/sda<td><td>ext4<td>' "$tree/var/lib/virt-live-tools/report.html" &&
        grep -q '^virt_filesystem_size_bytes{guest="image.img"' "$tree/var/lib/virt-live-tools/virt.prom"
}

scan() { in_chroot "$tree" "$@" virt-df-live --csv /image.img | tee -a "$log" | grep -q '^image.img,/dev/sda,'; }

all_steps()
{
    local apt=(in_chroot "$tree" apt-get install -y -q --no-install-recommends)
    step update in_chroot "$tree" apt-get update -q &&
        step install "${apt[@]}" "/packages/virt-live-tools_$version~before_amd64.deb" &&
        step user in_chroot "$tree" getent passwd virt-live-tools &&
        step scan scan &&
        step 'by systemd' by_systemd &&
        step upgrade "${apt[@]}" -o Dpkg::Options::=--force-confold "/packages/virt-live-tools_${version}_amd64.deb" "/packages/virt-live-tools-ls_${version}_amd64.deb" &&
        step 'as a user' scan setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/tmp &&
        step virt-ls in_chroot "$tree" virt-ls -a /image.img -m /dev/sda / &&
        step purge in_chroot "$tree" apt-get purge -y -q virt-live-tools virt-live-tools-ls &&
        step 'nothing left' nothing_is_left
}

check_host()
{
    local host=$1 tree log=$debs/$1.log steps=
    tree=$(mktemp -d "$debs/$host.XXXXXX")
    : > "$log"
    # shellcheck disable=SC2064 # now
    trap "rm -rf '$tree'" EXIT
    echo "check-deb: $host; all that it prints goes to $log" >&2
    make_tree "$host" "$tree/root" systemd,systemd-sysv,procps || die "$host: $(tail -n 1 "$tree/root.log")"
    tree=$tree/root
    mkdir "$tree/packages"
    cp "$debs"/*.deb "$tree/packages"
    make_older "$debs/virt-live-tools_${version}_amd64.deb" "$tree/packages"
    truncate -s 20M "$tree/image.img"
    mkfs.ext4 -q "$tree/image.img"
    all_steps || :
    rows+=("$(printf '%-10s %s' "$host" "${steps%, }")")
    rm -rf "${tree%/root}"
}

[ $# -ge 2 ] || die "usage: check-deb.sh BUILD HOST…"
[ "$(id -u)" = 0 ] || die "only root can do this: it mounts in chroots"
command -v systemd-nspawn > /dev/null || die "systemd-nspawn is not installed (systemd-container)"
debs=$(realpath "$1")/deb failed=0 rows=(); shift
version=$(dpkg-deb --field "$debs"/virt-live-tools_*_amd64.deb Version)
for host in "$@"; do check_host "$host"; done
printf '%s\n' "${rows[@]}"
exit "$failed"
