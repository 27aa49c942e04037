#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   extract-vmlinux.sh KERNEL OUT      writes the ELF vmlinux that the bzImage KERNEL carries
#   extract-vmlinux.sh --release KERNEL
#
# QEMU enters an ELF kernel by PVH, without firmware and without unpacking anything: under TCG that is half of the boot.
# Exit 2: there is no such ELF in KERNEL; it can still be booted as it is.

set -euo pipefail
shopt -s inherit_errexit

die() { echo "extract-vmlinux: $*" >&2; exit 1; }
unfit() { echo "extract-vmlinux: $*" >&2; exit 2; }

# word FILE OFFSET BYTES: a little-endian number
word() { od -An -v -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }

# slice FILE OFFSET BYTES: fewer where the file ends. tail reads all that head writes; the other way round it would be
# ended by SIGPIPE, which is a failure.
slice() { head -c "$(($2 + $3))" "$1" | tail -c "+$(($2 + 1))"; }

is_elf() { [ "$(od -An -v -t x1 -N 4 "$1" | tr -d ' ')" = 7f454c46 ]; }
is_bzimage() { [ "$(dd if="$1" bs=1 skip=514 count=4 status=none | tr -d '\0')" = HdrS ]; }

# Offsets from Documentation/x86/boot.rst: setup_sects 0x1f1, kernel_version 0x20e, version 0x206,
# payload_offset 0x248 and payload_length 0x24c since protocol 2.08.
payload()
{
    local setup offset length
    [ "$(word "$1" $((0x206)) 2)" -ge $((0x208)) ] || unfit "$1: its boot protocol is older than 2.08"
    setup=$(word "$1" $((0x1f1)) 1)
    offset=$(($(word "$1" $((0x248)) 4) + (setup + 1) * 512))
    length=$(word "$1" $((0x24c)) 4)
    slice "$1" "$offset" "$length"
}

# All but gzip have the uncompressed size, 4 bytes, appended by the kernel's build.
unpack()
{
    case $(od -An -v -t x1 -N 6 "$1" | tr -d ' ') in
    1f8b*)        gzip -dc "$1" ;;
    fd377a585a00) head -c -4 "$1" | xz -dc ;;
    28b52ffd*)    head -c -4 "$1" | zstd -dcq ;;
    02214c18*)    head -c -4 "$1" | lz4 -dcq ;;
    425a68*)      head -c -4 "$1" | bzip2 -dc ;;
    5d0000*)      head -c -4 "$1" | xz --format=lzma -dc ;;
    *)            unfit "its payload is packed in a way this script does not know" ;;
    esac
}

# XEN_ELFNOTE_PHYS32_ENTRY (18): where PVH enters.
has_pvh_note()
{
    local notes # all of them: grep -q in a pipe would end readelf by SIGPIPE, which looks like "there is none"
    notes=$(LC_ALL=C readelf -nW "$1") || die "$1: readelf cannot read its notes"
    grep -qE '^ *Xen .*\(0x0*12\)|PHYS32_ENTRY' <<< "$notes"
}

release()
{
    local offset
    if is_bzimage "$1"; then
        offset=$(($(word "$1" $((0x20e)) 2) + 0x200))
        slice "$1" "$offset" 200 | tr '\0' '\n' | sed -n '1s/ .*//p'
    else
        LC_ALL=C grep -aom 1 'Linux version [0-9][^ ]*' "$1" | sed 's/.* //;q'
    fi
}

extract()
{
    local kernel=$1 out=$2 status=(0 0)
    if is_elf "$kernel"; then
        cp "$kernel" "$out"
    else
        is_bzimage "$kernel" || unfit "$kernel: neither an ELF file nor a bzImage"
        payload "$kernel" > "$out.payload"
        # dd fails where the disk is full, which says nothing about the kernel
        unpack "$out.payload" | dd of="$out" bs=64K iflag=fullblock conv=sparse status=none || status=("${PIPESTATUS[@]}")
        [ "${status[1]}" = 0 ] || die "$out: cannot write it"
        [ "${status[0]}" = 0 ] || unfit "$kernel: cannot unpack its payload"
        rm -f "$out.payload"
    fi
    is_elf "$out" || unfit "$kernel: what it carries is not ELF"
    has_pvh_note "$out" || unfit "$kernel: it was built without CONFIG_PVH"
}

[ $# = 2 ] || die "usage: extract-vmlinux.sh KERNEL OUT | --release KERNEL"
case $1 in
--release) release "$2" ;;
*)         packed=$2.payload # not "$2" in the trap: where a function exits, that is the function's
           trap 'rm -f "$packed"' EXIT; extract "$1" "$2" ;;
esac
