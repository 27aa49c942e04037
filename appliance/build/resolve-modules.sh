#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   resolve-modules.sh TREE RELEASE LIST OUT
#
# Takes the modules of LIST (appliance/debian/modules), and what they depend on, from TREE/lib/modules/RELEASE. Makes
#   OUT/initrd/modules/{order,*.ko}            the modules that find the root drive
#   OUT/root/modules/{KEY.order,ko/*.ko}       one order for each line of [filesystems] and [volumes]
#   OUT/root/modules/KEY.fragile               … and of [fragile]; empty where this kernel has no such driver
#   OUT/tools/modules/{KEY.order,ko/*.ko}      one order for each line of [tools], which the drive of that name has besides
#   OUT/manifest                               what was taken, and what this kernel lacks
# An order has a path a line, dependencies first, absolute where the agent sees it, and then the module's parameters.
# The orders on a drive leave out what the boot order has.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"

die() { echo "resolve-modules: $*" >&2; exit 1; }

declare -A booted=() lacking=() checked=()

# show NAME: 'insmod PATH [PARAMETERS]' or 'builtin NAME' lines. The empty -C keeps the host's modprobe.d out.
show() { modprobe -C "$config" -d "$tree" -S "$release" --show-depends "$1" 2>/dev/null; }

# stem PATH: the module's name as modinfo and modprobe write it
stem() { local name; name=$(basename "$1"); name=${name%%.ko*}; echo "${name//-/_}"; }

# check_depends PATH: that what the module itself says it depends on is in the tree. depmod is silent about it.
check_depends()
{
    local need depends
    depends=$(modinfo -F depends "$1") || die "$1: modinfo cannot read it"
    for need in ${depends//,/ }; do
        show "$need" >/dev/null ||
            die "$(stem "$1") depends on $need, which is not unpacked: add its directory to module_dirs in build-kernel.sh"
    done
}

# install PATH DIR: the kernel is given plain modules, whatever the package has
install_module()
{
    local to
    to=$2/$(stem "$1").ko
    [ ! -e "$to" ] || return 0
    case $1 in
    *.xz)  xz -dc "$1" > "$to" ;;
    *.zst) zstd -dcq "$1" > "$to" ;;
    *.gz)  gzip -dc "$1" > "$to" ;;
    *)     cp "$1" "$to" ;;
    esac || die "$1: cannot copy it to $2"
    chmod 644 "$to" || die "$to: cannot be made readable"
}

# add DIR SEEN-FROM NAME: installs NAME and its dependencies; prints their lines of the order. Status 1: no such module.
# It is called where a status is looked at, so set -e is off in it: every failure needs its own die.
add()
{
    local dir=$1 seen=$2 lines verb path params
    lines=$(show "$3") || return 1
    while read -r verb path params; do
        [ "$verb" = insmod ] || continue
        if [ -z "${checked[$path]:-}" ]; then check_depends "$path"; checked[$path]=1; fi
        if [ -n "${booted[$(stem "$path")]:-}" ]; then continue; fi
        install_module "$path" "$dir"
        echo "$seen/$(stem "$path").ko${params:+ $params}" || die "$dir: cannot write the order"
    done <<< "$lines"
}

unique() { awk '!seen[$0]++'; }

boot_order()
{
    local dir=$out/initrd/modules names optional name path
    names=$(section "$list" boot)
    optional=$(section "$list" boot-optional)
    mkdir -p "$dir"
    : > "$dir/order.all"
    for name in $names; do
        add "$dir" /modules "$name" >> "$dir/order.all" ||
            die "kernel $release has no $name, without which no drive can be seen; take another kernel"
    done
    for name in $optional; do
        add "$dir" /modules "$name" >> "$dir/order.all" || lacking[boot]+=" $name"
    done
    unique < "$dir/order.all" > "$dir/order"
    rm "$dir/order.all"
    while read -r path _; do booted[$(stem "$path")]=1; done < "$dir/order"
}

# drive_order DRIVE SUFFIX KEY NAME…: one order on a drive. All but the last name only serve it: none of them is fatal.
drive_order()
{
    local dir=$out/$1/modules suffix=$2 key=$3 name; shift 3
    : > "$dir/$key.all"
    for name in "$@"; do
        add "$dir/ko" /modules/ko "$name" >> "$dir/$key.all" || lacking[$key]+=" $name"
    done
    unique < "$dir/$key.all" > "$dir/$key.$suffix"
    rm "$dir/$key.all"
    # Nothing asks for what only serves a driver that is not there.
    if [ "$suffix" = fragile ] && [[ ${lacking[$key]:-} == *" $name" ]]; then : > "$dir/$key.$suffix"; fi
}

# drive_orders DRIVE SECTION SUFFIX
drive_orders()
{
    local drive=$1 suffix=$3 lines key names
    lines=$(section "$list" "$2")
    mkdir -p "$out/$drive/modules/ko"
    while IFS=: read -r key names; do
        # shellcheck disable=SC2086
        drive_order "$drive" "$suffix" "$key" $names
    done <<< "$lines"
}

# A line for an order: the modules' names.
describe()
{
    local names
    names=$(sed 's/ .*//;s|.*/||;s/\.ko$//' "$2" | tr '\n' ' ')
    echo "modules $1: $names"
}

manifest()
{
    local key order
    describe boot "$out/initrd/modules/order"
    for order in "$out"/{root,tools}/modules/*.{order,fragile}; do
        [ -s "$order" ] || continue
        key=$(basename "$order")
        key=${key%.*}
        describe "$key" "$order"
    done
    for key in "${!lacking[@]}"; do echo "modules lacking for $key:${lacking[$key]}"; done
}

[ $# = 4 ] || die "usage: resolve-modules.sh TREE RELEASE LIST OUT"
tree=$1 release=$2 list=$3 out=$4
config=$(mktemp -d)
trap 'rm -rf "$config"' EXIT
section "$list" options | sed 's/^\([^:]*\): */options \1 /' > "$config/options.conf"

boot_order
drive_orders root filesystems order
drive_orders root fragile fragile
drive_orders root volumes order
drive_orders tools tools order
manifest | sed 's/ *$//' > "$out/manifest"
