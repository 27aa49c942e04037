#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   build-kernel.sh OUT DEBS [KERNEL [MODULES]]
#
# Makes OUT/kernel and OUT/modules (what of it goes where: resolve-modules.sh), from the package in DEBS, or from KERNEL
# (a bzImage or vmlinux) and its MODULES, by default /lib/modules/RELEASE. OUT/kernel.manifest says what was taken.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=appliance/lists.sh
. "$here/lists.sh"

die() { echo "build-kernel: $*" >&2; exit 1; }

# The directories in which the modules of the appliance and all that they depend on are: the rest of the package, most of
# its 390 MB, is never unpacked. resolve-modules.sh fails if a dependency is elsewhere.
module_dirs=(fs lib crypto block arch/x86/crypto arch/arm64/crypto
             drivers/block drivers/cdrom drivers/char drivers/dax drivers/md drivers/scsi drivers/virtio)

# Makes TREE/boot/vmlinuz-RELEASE and TREE/lib/modules/RELEASE.
unpack_package()
{
    local deb=$1 tree=$2 dir complaints status=(0 0) patterns=('./boot/vmlinuz-*' './*lib/modules/*/modules.*')
    for dir in "${module_dirs[@]}"; do patterns+=("./*lib/modules/*/kernel/$dir/*"); done
    mkdir -p "$tree"
    "$here/fetch-debian.sh" --tar "$deb" |
        LC_ALL=C tar -x -C "$tree" --transform 's,^\./usr/,./,' --wildcards "${patterns[@]}" 2> "$tree/tar.log" ||
        status=("${PIPESTATUS[@]}")
    # The patterns of other architectures match nothing. tar exits with 2 for that, too, so what it says decides.
    complaints=$(sed -e '/: Not found in archive$/d' -e '/: Exiting with failure status due to previous errors$/d' "$tree/tar.log")
    [ -z "$complaints" ] || echo "$complaints" >&2
    case "${status[*]} $complaints" in
    '0 0 '* | '0 2 ') ;;
    *) die "$deb: cannot unpack it; delete it and try again" ;;
    esac
    compgen -G "$tree/boot/vmlinuz-*" >/dev/null || die "$deb: there is no kernel in it"
}

# Prints the kernel's path; TREE gets its modules.
from_package()
{
    local debs=$1 tree=$2 deb release
    deb=$("$here/fetch-debian.sh" "$debs" "$(section "$here/packages" kernel)")
    unpack_package "$deb" "$tree"
    release=$(basename "$tree"/lib/modules/*)
    depmod -b "$tree" "$release"
    "$here/fetch-debian.sh" --describe "$deb" | sed 's/\([^ ]*\) /package \1: /' > "$tree/source"
    echo "$tree/boot/vmlinuz-$release"
}

from_file()
{
    local kernel=$1 modules=$2 tree=$3 release
    [ -r "$kernel" ] || die "$kernel: cannot read it; copy it, or make it readable, and give the copy as APPLIANCE_KERNEL"
    release=$("$here/extract-vmlinux.sh" --release "$kernel")
    [ -n "$release" ] || die "$kernel: this does not look like a kernel"
    modules=$(realpath "${modules:-/lib/modules/$release}")
    [ -s "$modules/modules.dep.bin" ] ||
        die "$modules: no modules of kernel $release; give their directory as APPLIANCE_MODULES, or run depmod $release"
    mkdir -p "$tree/lib/modules"
    ln -s "$modules" "$tree/lib/modules/$release"
    echo "kernel file: $(realpath "$kernel")" > "$tree/source"
    echo "$kernel"
}

# Debian's kernels load unsigned modules, and nobody traces the appliance: without signature, type information and trace
# events the modules load in half the time under TCG (xfs: 1280 ms -> 660 ms) and take less memory. Another kernel may
# insist on signatures, so only the package's modules are treated so.
lighten()
{
    local module
    while read -r module; do
        strip --strip-debug "$module"
        objcopy -R .BTF -R _ftrace_events -R .rela_ftrace_events "$module"
    done < <(find "$1" -name '*.ko')
}

# Prints how it is booted.
install_kernel()
{
    local kernel=$1 out=$2
    if "$here/extract-vmlinux.sh" "$kernel" "$out.new"; then
        echo "vmlinux, by PVH"
    elif [ $? = 2 ]; then
        echo "build-kernel: it boots as it is, but slower" >&2
        cp "$kernel" "$out.new"
        echo "as it came, no ELF with a PVH entry in it"
    else
        die "$kernel: cannot make a kernel of it"
    fi
    mv "$out.new" "$out"
}

if [ $# -lt 2 ] || [ $# -gt 4 ]; then die "usage: build-kernel.sh OUT DEBS [KERNEL [MODULES]]"; fi
out=$1 debs=$2 given=${3:-} modules=${4:-}
mkdir -p "$out"
for tool in depmod modprobe modinfo readelf strip objcopy; do
    command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
    command -v "$tool" >/dev/null || die "no $tool: install kmod and binutils"
done
tree=$(mktemp -d "$out/tree.XXXXXX")
trap 'rm -rf "$tree" "$out/kernel.new" "$out/modules.new"' EXIT

if [ -n "$given" ]; then kernel=$(from_file "$given" "$modules" "$tree")
else kernel=$(from_package "$debs" "$tree"); fi
release=$(basename "$tree"/lib/modules/*)

rm -rf "$out/modules.new"
"$here/resolve-modules.sh" "$tree" "$release" "$here/modules" "$out/modules.new"
if [ -z "$given" ]; then lighten "$out/modules.new"; fi
boot=$(install_kernel "$kernel" "$out/kernel")
rm -rf "$out/modules"
mv "$out/modules.new" "$out/modules"
{
    echo "kernel release: $release"
    echo "kernel boot: $boot"
    cat "$tree/source" "$out/modules/manifest"
} > "$out/kernel.manifest"
