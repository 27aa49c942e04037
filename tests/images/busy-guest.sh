#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# /init of a guest that never rests: it makes a filesystem on each of its four disks, and then creates files and
# removes others, as fast as it can, for ever. Its console has a line after each step: "NAME BLOCKSIZE BLOCKS FREE",
# which is what its own kernel says of that filesystem. It runs in the initrd first, and then on the drive `tools`.

disk() { for d in /sys/bus/scsi/devices/*:0:"$1":0/block/*; do [ ! -e "$d" ] || echo "/dev/${d##*/}"; done; }

# insert ORDER: the modules of a list, each with its parameters
insert() { while read -r module parameters; do insmod "$module" "$parameters"; done < "$1" 2> /dev/null; }

in_initrd()
{
    /bin/busybox --install -s /bin
    mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
    insert /modules/order
    until [ "$(disk 200)" ] && [ "$(disk 3)" ]; do sleep 0.1; done
    mount -t ext4 -o ro "$(disk 200)" /root
    for d in dev proc sys; do mount --bind /$d /root/$d; done
    mount -t tmpfs tmpfs /root/run; mount -t tmpfs tmpfs /root/tmp
    cp /init /root/run/busy
    exec chroot /root sh /run/busy tools
}

# Blocks that are free, and behind them the size of one and how many there are. An xfs sets some of those aside where it is
# mounted for writing, and says that they are in use.
figures() { stat -f -c '%f %S %b' "/run/$1"; }

say()
{
    line=$(figures "$1")
    echo "$1 ${line#* } $((${line%% *} + aside))" > /dev/console
}

# write_file NAME NUMBER: of 64 KiB to 1.2 MiB, on the disk when it returns
write_file() { dd if=/run/data of="/run/$1/new/file$2" bs=64k count=$(($2 * 7 % 19 + 1)) conv=fsync 2> /dev/null; say "$1"; }

# busy NAME DEVICE: rounds of two kinds. For a while more files come than go, and then the other way round.
busy()
{
    mkdir -p "/run/$1"
    mount -o ro "$2" "/run/$1"
    line=$(figures "$1") aside=${line%% *}
    mount -o remount,rw "/run/$1"
    line=$(figures "$1") aside=$((aside - ${line%% *}))
    mkdir "/run/$1/new" "/run/$1/stays"
    for n in 1 2 3 4 5 6 7 8 9; do echo "$n" > "/run/$1/stays/$n"; done
    sync -f "/run/$1"
    first=0 last=0 create=5 remove=2
    while :; do
        for n in 1 2 3 4 5; do [ "$n" -gt "$create" ] || { last=$((last + 1)); write_file "$1" "$last"; }; done
        for n in 1 2 3 4 5; do [ "$n" -gt "$remove" ] || { first=$((first + 1)); rm -f "/run/$1/new/file$first"; }; done
        say "$1"
        sync -f "/run/$1"
        say "$1"
        [ $((last - first)) -lt 60 ] || create=2 remove=5
        [ $((last - first)) -gt 10 ] || create=5 remove=2
    done
}

in_tools()
{
    for type in ext4 xfs btrfs lvm; do insert "/modules/$type.order"; done
    head -c 1300000 /dev/urandom > /run/data
    mkfs.ext4 -q -F "$(disk 0)"; mkfs.xfs -q -f "$(disk 1)"; mkfs.btrfs -q -f "$(disk 2)"
    pvcreate -q "$(disk 3)"; vgcreate -q vg "$(disk 3)"; lvcreate -q -y -l 100%FREE -n root vg; vgmknodes
    mkfs.ext4 -q -F /dev/vg/root
    busy ext4 "$(disk 0)" &
    busy xfs "$(disk 1)" &
    busy btrfs "$(disk 2)" &
    busy lvm /dev/vg/root &
    wait
}

if [ "${1-}" = tools ]; then in_tools > /dev/console 2>&1; else in_initrd; fi
