#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --consistent with the system's libvirt: the guest's QEMU runs as another user than we do and than our own QEMU does.

load ../lib/helpers
load ../lib/system-daemon

setup()
{
    requires_appliance
    requires libvirtd python3
    setup_test
    system_namespace
    image ext4.img web.img
}

start_web()
{
    cat > web.xml << END
<domain type='qemu'><name>web</name><uuid>5f0c6d5e-6d6e-4a53-8f6b-b2a4a4b3a4d1</uuid><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><source file='$TMPDIR/web.img'/><target dev='vda' bus='virtio'/></disk></devices></domain>
END
    in_namespace sh -ec 'mkdir -p /etc/libvirt/qemu/autostart; cp web.xml /etc/libvirt/qemu; ln -s ../web.xml /etc/libvirt/qemu/autostart'
    start_libvirtd_by in_namespace
    on_cleanup end_guest
    wait_until 60 guest_runs
}

guest() { pgrep -f "qemu-system.*$TMPDIR/web.img"; }
guest_runs() { guest > /dev/null && system_listens; }
end_guest() { guest | xargs -r kill -KILL; }

nothing_of_ours()
{
    ! is_running vlt- && [[ $(ours qemu-system) == "$(guest)" && ! $(find . /var/tmp -maxdepth 1 -name 'virt-live-*' -newer web.xml) ]]
}

@test "a guest of qemu:///system" {
    start_web
    assert_equal "$(ps -o uid= -p "$(guest)" | xargs)" "$(in_namespace stat -c %u web.img)"
    run -0 --separate-stderr in_namespace virt-df-live --json --consistent -c qemu:///system
    assert_equal "$stderr" ""
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype')" "web /dev/sda ext4"
    wait_until 30 nothing_of_ours
    guest_runs
}
