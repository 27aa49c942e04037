#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-arm64.sh BUILD BUILD-ARM64
#
# The commands of BUILD with the appliance of BUILD-ARM64, an emulated machine of that processor: what they say of images is what
# they say with the appliance of BUILD. Then the unit tests that were compiled for arm64, under QEMU's emulation of a process, where what
# the emulation lacks fails: a test that fails there and not here. Prints a table; exit status 1 if a row is not as it should be.

# shellcheck disable=SC2317 # row() calls them

set -euo pipefail
shopt -s inherit_errexit

die() { echo "check-arm64: $*" >&2; exit 1; }

[ $# = 2 ] || die "usage: check-arm64.sh BUILD BUILD-ARM64"
build=$(realpath "$1") foreign=$(realpath "$2") failed=0
here=$(cd "$(dirname "$0")" && pwd)
work=$foreign/check
export VIRT_LIVE_TOOLS_CACHE=$work/cache PATH=$build/bin:$PATH LC_ALL=C.UTF-8
images=(ext4.img xfs.img btrfs.img vfat.img gpt.qcow2 ntfs.img f2fs.img squashfs.img)

# row WHAT COMMAND…: with the seconds that it took
row()
{
    local what=$1 begun=$EPOCHREALTIME status result=ok; shift
    echo "# $what" >> "$work/log"
    set +e # not by ||, which would make set -e void in there
    (set -exo pipefail; "$@") >> "$work/log" 2>&1 < /dev/null
    status=$?
    set -e
    if [ "$status" != 0 ]; then result=FAILED; failed=1; fi
    awk -v what="$what" -v from="$begun" -v to="$EPOCHREALTIME" -v result="$result" \
        'BEGIN { printf "%-60s %8.1f  %s\n", what, to - from, result }'
}

# scan BOOTS APPLIANCE IMAGE…: what the rows say is in `rows`
scan()
{
    local boots=$1 appliance=$2; shift 2
    virt-df-live --accel=tcg --appliance "$appliance" --csv --uuid --stats -v --timeout=600 "$@" > rows 2> said || { cat rows said; return 1; }
    cat rows said
    [ "$(sed -n 's/^stats: //p' said | jq .boots)" = "$boots" ]
}

scan_both()
{
    scan 0 "$foreign/appliance" "${images[@]}"
    mv rows rows.arm64
    scan 1 "$build/appliance" "${images[@]}"
    [ "$(wc -l < rows)" -gt "${#images[@]}" ]
    diff rows rows.arm64
}

list_both()
{
    local appliance
    for appliance in "$build" "$foreign"; do
        virt-ls --accel=tcg --timeout=600 --appliance "$appliance/appliance" -lR --checksum=sha256 -a "$1" -m "$2" / > "files.$(basename "$appliance")"
    done
    [ "$(wc -l < "files.$(basename "$build")")" -gt 10 ]
    diff "files.$(basename "$build")" "files.$(basename "$foreign")"
}

# What runs in it is that processor's.
hotplug()
{
    local name
    cp ext4.img disk.img
    name=$(virt-hotplug launch --accel=tcg --appliance "$foreign/appliance" --slots 1)
    virt-hotplug attach --rw --format raw "$name" disk.img
    [ "$(virt-hotplug run "$name" uname -m)" = aarch64 ]
    virt-hotplug run "$name" -- sh -c 'mount /dev/sda /mnt && echo written > /mnt/etc/new && umount /mnt'
    virt-hotplug shutdown "$name"
    [ "$(debugfs -R 'cat /etc/new' disk.img 2> /dev/null)" = written ]
}

refuses_kvm()
{
    local status=0
    virt-df-live --accel=kvm --appliance "$foreign/appliance" ext4.img > rows 2> said || status=$?
    cat said
    [ "$status" = 3 ] && grep -q 'kvm: .*aarch64' said
}

# unit_tests: how many tests pass of those that pass here, too
unit_tests()
{
    local program name passed=0 lost=0 here_passed=0
    for program in "$foreign"/tests/test-*; do
        name=${program##*/}
        if [ ! -x "$build/tests/$name" ] || [ ! -f "$here/../unit/$name.c" ]; then continue; fi
        (cd "$here/../.." && CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$build/tests/$name") 2>&1 | grep '^ok ' | grep -v -i skip | cut -d- -f 2- | sort > unit.here || :
        (cd "$here/../.." && CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 qemu-aarch64-static -L "$foreign/sysroot" "$program") > unit.said 2>&1 || :
        grep '^ok ' unit.said | grep -v -i skip | cut -d- -f 2- | sort > unit.arm64 || :
        here_passed=$((here_passed + $(wc -l < unit.here)))
        passed=$((passed + $(comm -12 unit.here unit.arm64 | wc -l)))
        comm -23 unit.here unit.arm64 | sed "s/^/lost: $name: /" | tee -a "$work/log" > unit.lost
        lost=$((lost + $(wc -l < unit.lost)))
    done
    printf '%-60s %8s  %s\n' 'unit tests for arm64, of those that pass here' "$passed/$here_passed" "$lost lost; their names are in $work/log"
    [ "$passed" -gt 0 ] || failed=1
}

rm -rf "$work"
mkdir -p "$work/cache"
cd "$work"
: > log
"$here/../images/make-images.sh" "$work" "${images[@]}" >> log 2>&1 || die "cannot make images: $(tail -n 1 log)"
printf '%-60s %8s  %s\n' what seconds ''
row 'one image, first run' scan 1 "$foreign/appliance" ext4.img
row 'one image, restored' scan 0 "$foreign/appliance" ext4.img
row "${#images[@]} images, as with this host's appliance" scan_both
row 'virt-ls -lR --checksum, ext4, likewise' list_both ext4.img /dev/sda
row 'virt-ls -lR --checksum, btrfs, likewise' list_both btrfs.img /dev/sda
row 'virt-hotplug --rw' hotplug
row '--accel=kvm is refused' refuses_kvm
unit_tests
exit "$failed"
