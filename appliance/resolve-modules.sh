#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   resolve-modules.sh TREE RELEASE LIST OUT
#
# Takes the modules of LIST (appliance/modules), and what they depend on, from TREE/lib/modules/RELEASE. Makes
#   OUT/initrd/modules/{order,*.ko}            the modules that find the root drive
#   OUT/root/modules/{KEY.order,ko/*.ko}       one order for each line of [filesystems] and [volumes]
#   OUT/manifest                               what was taken, and what this kernel lacks
# An order has a path a line, dependencies first, absolute where the agent sees it, and then the module's parameters.
# The orders on the root drive leave out what the boot order has.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/lists.sh
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
    depends=$(modinfo -F depends "$1" | head -n 1)
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
    esac
    chmod 644 "$to"
}

# add DIR SEEN-FROM NAME: installs NAME and its dependencies; prints their lines of the order. Status 1: no such module.
add()
{
    local dir=$1 seen=$2 lines verb path params
    lines=$(show "$3") || return 1
    while read -r verb path params; do
        [ "$verb" = insmod ] || continue
        if [ -z "${checked[$path]:-}" ]; then check_depends "$path"; checked[$path]=1; fi
        if [ -n "${booted[$(stem "$path")]:-}" ]; then continue; fi
        install_module "$path" "$dir"
        echo "$seen/$(stem "$path").ko${params:+ $params}"
    done <<< "$lines"
}

unique() { awk '!seen[$0]++'; }

boot_order()
{
    local dir=$out/initrd/modules name path
    mkdir -p "$dir"
    for name in $(section "$list" boot); do
        add "$dir" /modules "$name" >> "$dir/order.all" ||
            die "kernel $release has no $name, without which no drive can be seen; take another kernel"
    done
    for name in $(section "$list" boot-optional); do
        add "$dir" /modules "$name" >> "$dir/order.all" || lacking[boot]+=" $name"
    done
    unique < "$dir/order.all" > "$dir/order"
    rm "$dir/order.all"
    while read -r path _; do booted[$(stem "$path")]=1; done < "$dir/order"
}

# order KEY NAME…: one order on the root drive. All but the last name only serve it: none of them is fatal.
root_order()
{
    local key=$1 dir=$out/root/modules name; shift
    for name in "$@"; do
        add "$dir/ko" /modules/ko "$name" >> "$dir/$key.all" || lacking[$key]+=" $name"
    done
    touch "$dir/$key.all"
    unique < "$dir/$key.all" > "$dir/$key.order"
    rm "$dir/$key.all"
}

root_orders()
{
    local key names
    mkdir -p "$out/root/modules/ko"
    while IFS=: read -r key names; do
        # shellcheck disable=SC2086
        root_order "$key" $names
    done < <(section "$list" filesystems; section "$list" volumes)
}

manifest()
{
    local key order
    echo "modules boot: $(sed 's/ .*//;s|.*/||;s/\.ko$//' "$out/initrd/modules/order" | tr '\n' ' ')"
    for order in "$out"/root/modules/*.order; do
        key=$(basename "$order" .order)
        echo "modules $key: $(sed 's/ .*//;s|.*/||;s/\.ko$//' "$order" | tr '\n' ' ')"
    done
    for key in "${!lacking[@]}"; do echo "modules lacking for $key:${lacking[$key]}"; done
}

[ $# = 4 ] || die "usage: resolve-modules.sh TREE RELEASE LIST OUT"
tree=$1 release=$2 list=$3 out=$4
config=$(mktemp -d)
trap 'rm -rf "$config"' EXIT
section "$list" options | sed 's/^\([^:]*\): */options \1 /' > "$config/options.conf"

boot_order
root_orders
manifest | sed 's/ *$//' > "$out/manifest"
