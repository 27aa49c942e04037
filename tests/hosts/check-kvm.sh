#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   check-kvm.sh BUILD HOST
#
# The commands with KVM, on a machine that need not have any: a guest of HOST (a suite of Debian whose QEMU is 10 or later) boots under
# TCG with a processor that has AMD's SVM, and in it kvm-guest.sh does what the table says. QEMU, the guest's system and the program are
# those of a chroot, BUILD/hosts/HOST, which check-hosts.sh uses, too. The guest's disk is a copy of it, BUILD/hosts/HOST.kvm/disk, and is
# made again when a package of the chroot has changed; the program is shared with the guest. $HOSTS_APT as for check-hosts.sh. Only root
# can do this. Prints a table, with the seconds of the guest's clock; exit status 1 if something failed.

set -euo pipefail
shopt -s inherit_errexit

die() { echo "check-kvm: $*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/hosts/chroot.sh
source "$here/chroot.sh"

quietly() { "$@" >> "$log" 2>&1 || { tail -n 20 "$log" | cut -c 1-300 >&2; die "failed; all that was printed is in $log"; }; }

# The program, images, and what they need, in the chroot.
build_program()
{
    copy_sources "$tree"
    # shellcheck disable=SC2016 # for the shell within
    quietly in_chroot "$tree" sh -ec 'cd /root/virt-live-tools
        if ! dpkg-query -W initramfs-tools linux-image-amd64 jq > /dev/null; then
            apt-get update -qq
            apt-get install -y -qq --no-install-recommends linux-image-amd64 initramfs-tools zstd jq procps iproute2
        fi
        make setup
        make --jobs="$(nproc)" all
        tests/images/make-images.sh build/check-kvm ext4.img'
}

# All of the chroot but what changes with each build.
make_disk()
{
    if [ "$place/disk" -nt "$tree/var/lib/dpkg/status" ]; then return; fi
    rm -f "$place/disk"
    # shellcheck disable=SC2016 # for the shell within
    quietly unshare --mount sh -ec '
        mount -t tmpfs tmpfs "$1/root"
        mount -t tmpfs tmpfs "$1/var/cache/apt"
        mkfs.ext4 -q -F -O ^has_journal -d "$1" "$2" 6G' sh "$tree" "$place/disk.new"
    mv "$place/disk.new" "$place/disk"
    cp "$tree"/boot/vmlinuz-* "$place/kernel"
    cp "$tree"/boot/initrd.img-* "$place/initrd"
}

# What the guest sees at /share: the program where it can read it, and a table to write.
make_share()
{
    local source=$tree/root/virt-live-tools name
    rm -rf "$place/share"
    mkdir -p "$place/share/build/appliance"
    cp -a "$source/build/bin" "$place/share/build/"
    for name in kernel initrd root tools manifest; do cp -a "$source/build/appliance/$name" "$place/share/build/appliance/"; done
    cp --sparse=always "$source/build/check-kvm/ext4.img" "$here/kvm-guest.sh" "$place/share/"
    : > "$place/share/table"
}

# The guest's init mounts what is shared, and does what is there. `la57=off`: KVM on an emulated processor with five levels of page
# tables does not work. `icount`: an instruction takes 1 ns of the guest's time, however long it takes this machine, so that the program's
# time limits mean in there what they mean outside.
boot_guest()
{
    # shellcheck disable=SC2016 # the guest's shell expands it
    local init='-c "modprobe 9pnet_virtio; mount -t 9p -o trans=virtio,msize=262144 share /mnt; exec /mnt/kvm-guest.sh"'
    in_chroot "$tree" "$place:/mnt" timeout 7200 qemu-system-x86_64 -accel tcg,tb-size=1024 -icount shift=0 -cpu max,la57=off \
        -machine q35 -smp 1 -m 4G -nic none -display none -no-reboot \
        -kernel /mnt/kernel -initrd /mnt/initrd \
        -append "root=/dev/vda rw console=ttyS0 panic=-1 no_timer_check tsc=reliable clocksource=tsc mitigations=off nokaslr nowatchdog init=/bin/sh -- $init" \
        -drive file=/mnt/disk,if=virtio,format=raw,cache=unsafe,snapshot=on \
        -fsdev local,id=share,path=/mnt/share,security_model=none -device virtio-9p-pci,fsdev=share,mount_tag=share \
        -serial file:/mnt/console >> "$log" 2>&1 < /dev/null
}

[ $# = 2 ] || die "usage: check-kvm.sh BUILD HOST"
[ "$(id -u)" = 0 ] || die "only root can do this: it mounts in chroots"
hosts=$(realpath -m "$1")/hosts host=$2
tree=$hosts/$host place=$hosts/$host.kvm log=$hosts/$host.kvm/log
mkdir -p "$place"
: > "$log"
echo "check-kvm: $host: a system and the program; all that is printed goes to $log" >&2
make_tree "$host" "$tree" make || die "$host: $(tail -n 1 "$tree.log")"
build_program
make_disk
make_share
echo "check-kvm: booting it; its console is $place/console, what the commands print $place/share/log" >&2
boot_guest &
guest=$!
begun=$SECONDS
printf '%-60s %8s  %s\n' what seconds ''
tail -q -n +1 -f --pid="$guest" "$place/share/table"
wait "$guest" || die "QEMU failed: $(tail -n 5 "$log")"
if ! grep -q '^all that there is' "$place/share/table"; then
    tail -n 20 "$place/console" >&2
    die "the guest did not come to the end"
fi
echo "check-kvm: that took $((SECONDS - begun)) s here" >&2
! grep -q 'FAILED$' "$place/share/table"
