#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-hosts.sh BUILD TESTS HOST…
#
# What a user of each HOST (a suite of Debian: bookworm, trixie, forky, sid) does on a fresh machine: `make demo`, and the bats
# files TESTS. In a chroot of the suite's smallest system, BUILD/hosts/HOST, that is kept with its packages;
# delete it to begin anew. $HOSTS_APT is an option for apt there, as 'Acquire::Check-Valid-Until "false"' for a mirror that
# is not kept up. Only root can do this. Prints a table; exit status 1 if something failed.

set -euo pipefail
shopt -s inherit_errexit

die() { echo "check-hosts: $*" >&2; exit 1; }

# shellcheck source=tests/hosts/chroot.sh
source "$(dirname "$0")/chroot.sh"

# What the appliance was made of, as far as it was made.
kernel_version()
{
    local manifest=$1/root/virt-live-tools/build/appliance/kernel.manifest
    if [ -e "$manifest" ]; then sed -n 's/^kernel release: \([0-9.]*\).*/\1/p' "$manifest"; else echo -; fi
}

# shellcheck disable=SC2016 # dpkg-query expands it
version() { in_chroot "$1" dpkg-query -W -f='${Version}' "$2" | sed 's/^[0-9]*://; s/[-+].*//'; }

# In a log of thousands of lines: the tests that failed, or the end.
show_failure()
{
    echo "check-hosts: $1 failed; $2 ends with:" >&2
    tail -n 40 "$2" | cut -c 1-300 >&2
    failed=1
}

check_host()
{
    local host=$1 tree=$hosts/$1 begun=$SECONDS demo=failed tests='' log=$hosts/$1.log
    if ! make_tree "$host" "$tree" make; then
        show_failure "$host: mmdebstrap" "$tree.log"
        rows+=("$(printf '%-10s could not be had' "$host")")
        return 0
    fi
    copy_sources "$tree"
    echo "check-hosts: $host: make demo; all that it prints goes to $log" >&2
    if in_chroot "$tree" sh -ec 'cd /root/virt-live-tools; apt-get update -qq; make demo' > "$log" 2>&1; then
        demo="$((SECONDS - begun)) s"
        echo "check-hosts: $host: $chosen" >&2
        in_chroot "$tree" make -C /root/virt-live-tools check-bats TESTS="$chosen" >> "$log" 2>&1 || show_failure "$host" "$log"
        tests=$(sed -n '/^[0-9]* passed, [0-9]* failed, /p' "$log" | tail -n 1)
        [ -n "$tests" ] || failed=1
    else
        show_failure "$host" "$log"
    fi
    rows+=("$(printf '%-10s %-8s %-8s %-10s %-8s %s' "$host" "$(version "$tree" qemu-system-x86)" "$(version "$tree" libvirt0)" \
        "$(kernel_version "$tree")" \
        "$demo" "${tests:-not run to the end}")")
}

[ $# -ge 3 ] || die "usage: check-hosts.sh BUILD TESTS HOST…"
[ "$(id -u)" = 0 ] || die "only root can do this: it mounts in chroots"
hosts=$(realpath -m "$1")/hosts chosen=$2 failed=0 rows=(); shift 2
mkdir -p "$hosts"
for host in "$@"; do check_host "$host"; done
printf '%-10s %-8s %-8s %-10s %-8s %s\n' host QEMU libvirt Linux demo tests
printf '%s\n' "${rows[@]}"
exit "$failed"
