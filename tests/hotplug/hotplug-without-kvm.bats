#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An appliance that is emulated has no right to /dev/kvm, which would be one thing more to attack.

load ../lib/helpers
load ../lib/hotplug

@test "an emulated appliance is not in the group of /dev/kvm, and commands know that" {
    local group qemu known

    requires_root
    group=$(stat -c %g /dev/kvm 2> stat.err) || skip "there is no /dev/kvm"
    [[ $group -ne 0 ]] || skip "/dev/kvm has no group of its own"
    launch --accel=tcg --slots 2
    qemu=$(ours qemu-system)
    # libvirt would ask QEMU anew, and write down what it says, where a command may open the device and the launch might not.
    known=$(stat -c '%i %z' "$place/$name"/root/cache/qemu/capabilities/*)
    virt-hotplug attach "$name" "$IMAGES/ext4.img"
    run -0 grep '^Groups:' "/proc/$qemu/status"
    [[ " $(tr -s '\t ' ' ' <<< "$output") " != *" $group "* ]] || { echo "$output has the group $group of /dev/kvm"; false; }
    assert_equal "$(stat -c '%i %z' "$place/$name"/root/cache/qemu/capabilities/*)" "$known"
}
