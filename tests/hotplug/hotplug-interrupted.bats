#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A launch that ends while libvirt asks QEMU what it can do: that QEMU has no pid file yet, and no one would find it.

load ../lib/helpers
load ../lib/hotplug
load ../lib/failing-qemu

# Its template is there, and what libvirt would have to know of QEMU is not.
prepare()
{
    requires_root
    requires_mount_namespace
    mkdir -m 755 cache
    export VIRT_LIVE_TOOLS_CACHE=$PWD/cache
    make_slow_qemu
    failing virt-hotplug shutdown "$(failing virt-hotplug launch --slots 1)"
    rm -r cache/template-*/capabilities
}

# Before it answers libvirt's questions for an appliance it waits.
make_slow_qemu()
{
    cat > failing <<EOF
#!/bin/bash
if [[ " \$* " == *" -machine none,"*"$place/appliance-"* ]]; then sleep 2; fi
exec $sister "\$@"
EOF
    chmod 755 failing
}

is_asked() { pgrep -f -- "-machine none,.*$place/appliance-" > asked; }

no_qemu() { [[ ! $(ours qemu-system) ]]; }

end_launch() # SIGNAL
{
    prepare
    start "${within_failing[@]}" virt-hotplug launch --slots 1
    wait_until 60 is_asked
    kill -"$1" "$pid"
    finish
}

@test "SIGINT: no QEMU is left, and nothing else" {
    end_launch INT
    assert_status 130
    assert_equal "$output$stderr" ""
    nothing_of_appliances
}

@test "SIGKILL: no QEMU is left, and the next launch works" {
    end_launch KILL
    assert_status 137
    wait_until 5 no_qemu
    failing virt-hotplug shutdown "$(failing virt-hotplug launch --slots 1)"
}
