#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-kernel.sh OUT DEBS [KERNEL [MODULES]]
#
# Makes OUT/kernel and OUT/modules (what of it goes where: resolve-modules.sh), from packages in DEBS, or from KERNEL
# (a bzImage or vmlinux) and its MODULES, by default /lib/modules/RELEASE. OUT/kernel.manifest says what was taken.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/build/lists.sh
. "$here/lists.sh"
# shellcheck source=appliance/build/distribution.sh
. "$here/distribution.sh"
# shellcheck source=appliance/build/architecture.sh
. "$here/architecture.sh"

die() { echo "build-kernel: $*" >&2; exit 1; }

# The directories in which the modules of the appliance and all that they depend on are: the rest of the package, most of
# its 390 MB, is never unpacked. resolve-modules.sh fails if a dependency is elsewhere.
module_dirs=(fs lib crypto block arch/x86/crypto arch/arm64/crypto arch/arm64/lib
             drivers/block drivers/cdrom drivers/char drivers/dax drivers/md drivers/mtd drivers/scsi drivers/virtio)

# Makes, of what is in that package, TREE/lib/modules/RELEASE, and in it or in TREE/boot the kernel.
unpack_package()
{
    local deb=$1 tree=$2 dir complaints patterns=('./boot/vmlinuz-*' './*lib/modules/*/vmlinuz' './*lib/modules/*/modules.*')
    for dir in "${module_dirs[@]}"; do patterns+=("./*lib/modules/*/kernel/$dir/*"); done
    mkdir -p "$tree"
    # in a variable, not in a file: a full disk must not take away what tells of it
    complaints=$({ "$fetch" --tar "$deb" |
                   LC_ALL=C tar -x -C "$tree" --transform 's,^\./usr/,./,' --wildcards "${patterns[@]}" ||
                   echo "exit status: ${PIPESTATUS[*]}"; } 2>&1)
    # The patterns of other architectures match nothing. tar exits with 2 for that, too, so what it says decides.
    complaints=$(sed -e '/: Not found in archive$/d' -e '/: Exiting with failure status due to previous errors$/d' \
                     -e '/^exit status: 0 2$/d' <<< "$complaints")
    if [ -n "$complaints" ]; then
        sed -n 1,5p <<< "$complaints" >&2
        die "$deb: cannot unpack it; is there space in $out? if so, delete it and try again"
    fi
}

# Prints the kernel's path; TREE gets its modules.
from_package()
{
    local debs=$1 tree=$2 names files deb release kernel
    names=$(section "$package_list" kernel)
    # shellcheck disable=SC2086 # names
    files=$("$fetch" "$debs" $names)
    mkdir -p "$tree"
    while read -r deb; do
        unpack_package "$deb" "$tree"
        "$fetch" --describe "$deb" | sed 's/\([^ ]*\) /package \1: /' >> "$tree/source"
    done <<< "$files"
    kernel=$(compgen -G "$tree/boot/vmlinuz-*" || compgen -G "$tree/lib/modules/*/vmlinuz") || die "$files: there is no kernel in it"
    release=$(basename "$tree"/lib/modules/*)
    depmod -b "$tree" "$release" || die "depmod failed: is there space in $out?"
    echo "$kernel"
}

from_file()
{
    local kernel=$1 modules=$2 tree=$3 release source
    [ -r "$kernel" ] || die "$kernel: cannot read it; copy it, or make it readable, and give the copy as APPLIANCE_KERNEL"
    release=$("$here/extract-vmlinux.sh" --release "$kernel") || release=''
    [ -n "$release" ] || die "$kernel: this does not look like a kernel"
    modules=$(realpath -m "${modules:-/lib/modules/$release}")
    [ -s "$modules/modules.dep.bin" ] ||
        die "$modules: no modules of kernel $release; give their directory as APPLIANCE_MODULES, or run depmod $release"
    mkdir -p "$tree/lib/modules"
    ln -s "$modules" "$tree/lib/modules/$release"
    source=$(realpath "$kernel")
    echo "kernel file: $source" > "$tree/source"
    echo "$kernel"
}

# Debian's kernels load unsigned modules, and the appliance is not traced: without signature, type information and trace
# events, without the tables of an oops's stack trace, and with their text settled (settle-modules.pl), the modules load in
# a third of the time under TCG and take less memory. Another kernel may insist on signatures, so only the package's
# modules are treated so.
lighten()
{
    local module all section sections=(.BTF _ftrace_events .orc_unwind .orc_unwind_ip) remove=()
    mapfile -t all < <(find "$1" -name '*.ko')
    if "$here/settle-modules.pl" "${all[@]}"; then sections+=(__mcount_loc .return_sites)
    elif [ $? != 2 ]; then die "settle-modules.pl failed"; fi
    for section in "${sections[@]}"; do remove+=(-R "$section" -R ".rela$section"); done
    for module in "${all[@]}"; do
        "${binutils}strip" --strip-debug "$module"
        "${binutils}objcopy" "${remove[@]}" "$module"
    done
}

# Makes OUT from KERNEL. Prints how it is booted.
make_kernel()
{
    local kernel=$1 out=$2
    if [ "$APPLIANCE_ARCH" != amd64 ]; then
        cp "$kernel" "$out"
        echo "as it came"
    elif "$here/extract-vmlinux.sh" "$kernel" "$out"; then
        echo "vmlinux, by PVH"
    elif [ $? = 2 ]; then
        echo "build-kernel: it boots as it is, but slower" >&2
        cp "$kernel" "$out"
        echo "as it came, no ELF with a PVH entry in it"
    else
        die "$kernel: cannot make a kernel of it"
    fi
}

if [ $# -lt 2 ] || [ $# -gt 4 ]; then die "usage: build-kernel.sh OUT DEBS [KERNEL [MODULES]]"; fi
out=$1 debs=$2 given=${3:-} modules=${4:-}
mkdir -p "$out"
for tool in depmod modprobe modinfo readelf "${binutils}strip" "${binutils}objcopy" perl; do
    command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
    command -v "$tool" >/dev/null || die "no $tool: install kmod, binutils and perl"
done
tree=$(mktemp -d "$out/tree.XXXXXX")
trap 'rm -rf "$tree" "$out"/kernel.new* "$out/modules.new"' EXIT

if [ -n "$given" ]; then kernel=$(from_file "$given" "$modules" "$tree")
else kernel=$(from_package "$debs" "$tree"); fi
release=$(basename "$tree"/lib/modules/*)

rm -rf "$out/modules.new"
"$here/resolve-modules.sh" "$tree" "$release" "$module_list" "$out/modules.new"
if [ -z "$given" ]; then lighten "$out/modules.new"; fi
boot=$(make_kernel "$kernel" "$out/kernel.new")
{
    echo "architecture: $machine"
    echo "kernel release: $release"
    echo "kernel boot: $boot"
    cat "$tree/source" "$out/modules.new/manifest"
} > "$out/kernel.new.manifest"

# the kernel last: by it make knows that all of them are there
rm -rf "$out/modules"
mv "$out/modules.new" "$out/modules"
mv "$out/kernel.new.manifest" "$out/kernel.manifest"
mv "$out/kernel.new" "$out/kernel"
