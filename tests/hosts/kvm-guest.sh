#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What check-kvm.sh does in its guest, as its init: steps, of which each is a line of /mnt/table. /mnt is shared with the host, and slow.

# shellcheck disable=SC2317 # step() calls them

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8
exec >> /mnt/log 2>&1 < /dev/null

row() { printf '%-60s %8s  %s\n' "$1" "$2" "$3" >> /mnt/table; }

# step NAME COMMAND…: with the seconds that it took
step()
{
    local name=$1 begun=$EPOCHREALTIME status result=ok; shift
    echo "# $name"
    (set -exo pipefail; "$@")
    status=$? # not by ||, which would make set -e void in there
    [ "$status" = 0 ] || result=FAILED
    row "$name" "$(awk -v from="$begun" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')" "$result"
}

# Others have no udev, which gives the device its group.
give_device() { chgrp kvm /dev/kvm && chmod 660 /dev/kvm; }

# KVM polls for 200 us before a processor that has halted sleeps. It polls with PAUSE, at which QEMU's TCG leaves what it translated: the
# guest's clock, which counts instructions, nearly stands still then, and a wave of 40 did not end.
load_module()
{
    modprobe kvm halt_poll_ns=0
    modprobe kvm_amd "$@"
    give_device
    dmesg | grep -i 'kvm_amd\|svm:' | tail -n 3
}

remove_module() { rmmod kvm_amd kvm; }

# scan WORDS OPTION…: of images that are all like ext4.img; the members of --stats that the words name are as they say, "accel=kvm boots=0"
scan()
{
    local expected=$1 word rows; shift
    virt-df-live --csv --noheadings --stats -v "$@" > rows 2> said || { cat rows said; return 1; }
    cat said
    for word in $expected; do
        [ "$(sed -n 's/^stats: //p' said | jq -r ".${word%=*}")" = "${word#*=}" ] || { echo "not $word"; return 1; }
    done
    rows=$(cut -d, -f 2- rows | sort -u)
    [ "$(wc -l < rows)" = "$(printf '%s\n' "$@" | grep -c '\.img$')" ] && [ "$(wc -l <<< "$rows")" = 1 ]
}

names() { local i; for ((i = 1; i <= $1; i++)); do echo "i$i.img"; done; }

prepare()
{
    local name
    mkdir -p /opt/vlt /scratch
    cp -a /mnt/build/bin /mnt/build/appliance /opt/vlt/
    ip link set lo up
    getent group kvm || groupadd --system kvm
    cp --sparse=always /mnt/ext4.img /scratch/
    cd /scratch
    for name in $(names 40); do ln ext4.img "$name"; done
}

no_process() { ! pgrep 'qemu-system|vlt-'; }
nothing_left() { no_process && ! compgen -G '/tmp/virt-live-*'; }

list()
{
    virt-ls -a ext4.img -m /dev/sda -R / > files
    grep -q '^/\?etc/hostname$' files
}

# A disk is written through an appliance that lives between commands.
write_disk()
{
    cp ext4.img disk.img
    virt-hotplug launch --accel=kvm --name one --slots 2
    virt-hotplug attach --rw --format raw one disk.img
    virt-hotplug run one -- sh -c 'mount /dev/sda /mnt && echo written > /mnt/etc/new && umount /mnt'
    virt-hotplug shutdown one
    [ "$(debugfs -R 'cat /etc/new' disk.img 2> /dev/null)" = written ]
    nothing_left
}

# kill_while_scanning NAME: when ten of 40 images have been answered, and the appliance stands still with others; all are answered
kill_while_scanning()
{
    local pid
    rm -f list
    mkfifo list
    : > rows
    virt-df-live --accel=kvm -P 1 --csv --noheadings --stats --images-from list > rows 2> said &
    pid=$!
    exec 8> list
    names 10 >&8
    until [ "$(wc -l < rows)" -ge 10 ]; do sleep 0.2; kill -0 "$pid"; done
    pkill -STOP qemu-system
    names 40 | tail -n 30 >&8
    sleep 1
    pkill -KILL "$1"
    exec 8>&-
    wait "$pid" || { cat rows said; return 1; }
    cat said
    [ "$(sed -n 's/^stats: //p' said | jq '.restores > 1')" = true ]
    [ "$(cut -d, -f 1 rows)" = "$(names 40)" ]
    [ "$(cut -d, -f 2- rows | sort -u | wc -l)" = 1 ]
    nothing_left
}

# What it ran ends by itself; the next command removes its directory.
kill_command()
{
    local tries
    # shellcheck disable=SC2046 # words
    virt-df-live --accel=kvm $(names 40) > rows 2> said &
    until pgrep qemu-system; do sleep 0.2; kill -0 "$!"; done
    kill -KILL "$!"
    for ((tries = 0; tries < 25; tries++)); do ! no_process || break; sleep 0.2; done
    no_process
    scan 'accel=kvm boots=0' --accel=kvm ext4.img
    nothing_left
}

change_parameter()
{
    remove_module
    load_module nested=0
}

# It opens, and is no KVM.
kill_device()
{
    remove_module
    [ ! -e /dev/kvm ]
    mknod -m 660 /dev/kvm c 1 3
    chgrp kvm /dev/kvm
}

export PATH=/opt/vlt/bin:$PATH
step 'the program and images are copied' prepare
cd /scratch || exit 1
step 'modprobe kvm_amd' load_module
step 'auto, first run: KVM and TCG race' scan 'accel=kvm boots=1' ext4.img
step 'auto, restored' scan 'accel=kvm boots=0 probes=0' ext4.img
step '--accel=kvm, restored' scan 'accel=kvm boots=0 probes=0' --accel=kvm ext4.img
# shellcheck disable=SC2046 # words
step '40 images in one wave' scan 'accel=kvm boots=0' --wave=40 -P 1 $(names 40)
# shellcheck disable=SC2046 # words
step '8 images, --isolate=guest' scan 'accel=kvm boots=0' --isolate=guest $(names 8)
step 'virt-ls' list
step 'virt-hotplug --rw' write_disk
step 'SIGKILL of QEMU, 40 images' kill_while_scanning qemu-system
step 'SIGKILL of the worker, 40 images' kill_while_scanning vlt-worker
step 'SIGKILL of the command' kill_command
step 'kvm_amd is loaded with nested=0' change_parameter
step 'auto: another appliance is saved' scan 'accel=kvm boots=1' ext4.img
step 'auto, restored' scan 'accel=kvm boots=0 probes=0' ext4.img
step 'kvm_amd is removed, and /dev/kvm is a device that is none' kill_device
step 'auto: the verdict is forgotten, TCG is taken' scan 'accel=tcg' ext4.img
step 'auto: both race again, TCG is found to work' scan 'accel=tcg boots=1' ext4.img
# To libvirt a device that may be opened is a KVM that QEMU had not found: it asks QEMU anew each time.
step 'auto, restored, after libvirt asked QEMU anew' scan 'accel=tcg boots=0 probes=1' ext4.img
row 'all that there is' "$(cut -d. -f 1 /proc/uptime)" ''
sync
echo o > /proc/sysrq-trigger
sleep 60
