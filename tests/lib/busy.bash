# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A guest of libvirt, by tests/lib/daemon.bash, that writes to its four disks all the time: tests/images/busy-guest.sh says what. It
# boots the appliance's kernel. What it says of its filesystems goes to the file $user_home/console.
#
#     prepare_busy
#     start_busy
#     check_busy ROUNDS COMMAND…

busy_disks=(ext4.raw xfs.qcow2 btrfs.raw lvm.qcow2)
busy_devices=(/dev/sda /dev/sdb /dev/sdc /dev/vg/root) # of the guest's four disks together
busy_names=(ext4 xfs btrfs lvm)

# The initrd is the appliance's with another init over it, and the shell that runs this.
prepare_busy()
{
    local name parts tree=$TMPDIR/busy

    requires mkfs.ext4 cpio debugfs
    requires "$BUILD/appliance/tools"
    prepare_daemon
    parts=${USER_BIN%/bin}/appliance
    mkdir -p "$user_home/images" "$tree/bin"
    debugfs -R "dump /usr/bin/busybox $tree/bin/busybox" "$BUILD/appliance/root" 2> "$TMPDIR/debugfs.log"
    cp "$TOP/tests/images/busy-guest.sh" "$tree/init"
    sed -i '1s,.*,#!/bin/busybox sh,' "$tree/init"
    chmod 755 "$tree/bin/busybox" "$tree/init"
    { cat "$BUILD/appliance/initrd"; (cd "$tree" && find . | cpio --quiet --create --format=newc --owner=0:0); } > "$user_home/initrd"
    for name in "${busy_disks[@]}"; do
        qemu-img create -q -f "${name#*.}" "$user_home/images/$name" 320M
    done
    busy_domain "$parts" > "$user_home/conf/libvirt/qemu/busy.xml"
    autostart busy
}

# busy_domain PARTS: libvirt does not know the disk that the guest has its programs from.
busy_domain()
{
    local i letters=abcd

    cat << XML
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>busy</name><uuid>$(uuidgen)</uuid><memory unit='MiB'>320</memory>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>$1/kernel</kernel><initrd>$user_home/initrd</initrd><cmdline>console=ttyS0 quiet no_timer_check</cmdline></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='scsi' index='0' model='virtio-scsi'/>
<serial type='file'><source path='$user_home/console'/></serial>
XML
    for i in 0 1 2 3; do
        cat << XML
<disk type='file' device='disk'><driver name='qemu' type='${busy_disks[i]#*.}'/><source file='$user_home/images/${busy_disks[i]}'/>
<target dev='sd${letters:i:1}' bus='scsi'/><address type='drive' controller='0' bus='0' target='$i' unit='0'/></disk>
XML
    done
    cat << XML
</devices><qemu:commandline>
<qemu:arg value='-drive'/><qemu:arg value='if=none,id=tools,file=$1/tools,format=raw,readonly=on'/>
<qemu:arg value='-device'/><qemu:arg value='{"driver":"scsi-hd","drive":"tools","bus":"scsi0.0","scsi-id":200}'/></qemu:commandline></domain>
XML
}

# The guest may boot slowly, on a machine that others use.
start_busy()
{
    if ! start_daemon test -e "$user_home/console" || ! wait_until 240 busy_writes; then
        cat "$user_home/console"
        return 1
    fi
}

# All four have come through some rounds.
busy_writes()
{
    local name
    for name in "${busy_names[@]}"; do
        [[ $(grep -c "^$name [0-9]" "$user_home/console" 2> /dev/null) -ge 20 ]] || return 1
    done
}

# check_busy ROUNDS COMMAND…: which asks that often for the guest, or for each of its disks
check_busy()
{
    local i table=
    for i in 0 1 2 3; do table+=${table:+,}${busy_devices[i]}=${busy_names[i]}; done
    run busy_rows "$1" "$table" "${@:2}"
    echo "$output"
    cat busy.log
    assert_status 0
    echo "# ${lines[0]}" >&3
    [[ ! -s busy.log ]]
}

busy_rows()
{
    local rounds=$1 table=$2; shift 2
    (set -o pipefail; "$@" 2> busy.log | "$TOP/tests/lib/busy-rows.py" "$user_home/console" "$rounds" "$table")
}
