#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an earlier command has kept and what holds no longer: it is made anew, once.
# bats file_tags=slow

load ../lib/helpers
load ../lib/hotplug
load ../lib/failing-qemu

setup()
{
    requires_appliance
    requires "$BUILD/appliance/tools"
    setup_test
    requires_mount_namespace
    private_place
    mkdir -m 755 cache
    export VIRT_LIVE_TOOLS_CACHE=$TMPDIR/cache
    make_failing_qemu
}

@test "a saved appliance that cannot be restored is made anew" {
    failing virt-hotplug launch --accel=tcg --name one
    virt-hotplug shutdown one
    touch outdated
    run -0 --separate-stderr failing virt-hotplug launch -v --accel=tcg --name two
    assert_equal "$output" two
    assert_contains "$stderr" "the saved appliance cannot be restored; it is made anew"
    virt-hotplug shutdown two
    run -0 --separate-stderr failing virt-hotplug launch -v --accel=tcg --name three
    run ! grep -q "made anew" <<< "$stderr"
    virt-hotplug shutdown three
}

@test "… once: where none can be restored, the launch fails, and leaves nothing" {
    failing virt-hotplug launch --accel=tcg --name one
    virt-hotplug shutdown one
    touch -d 'next year' outdated
    run ! --separate-stderr failing virt-hotplug launch -v --accel=tcg --name two
    assert_equal "$output" ""
    assert_equal "$(grep -c "made anew" <<< "$stderr")" 1
    assert_equal "$(virt-hotplug list --json)" ""
}

@test "a launch that is refused before it is restored leaves it as it is" {
    local saved
    launch --accel=tcg --name one
    saved=$(stat -c '%n %i' cache/template-*)
    run -1 --separate-stderr virt-hotplug launch -v --accel=tcg --name one
    run ! grep -q "made anew" <<< "$stderr"
    mkdir others
    chmod 777 others
    VIRT_LIVE_TOOLS_RUNTIME=$PWD/others run -1 --separate-stderr virt-hotplug launch -v --accel=tcg
    assert_contains "$stderr" "others belongs to another user, or other users may write it"
    run ! grep -q "made anew" <<< "$stderr"
    assert_equal "$(stat -c '%n %i' cache/template-*)" "$saved"
}

@test "what libvirt knows of QEMU and finds stale is replaced by what a launch without disks has found out" {
    launch --accel=tcg
    virt-hotplug shutdown "$name"
    sed -i 's|<selfvers>[0-9]*<|<selfvers>1<|' cache/template-*/capabilities/*.xml
    launch --accel=tcg "$IMAGES/ext4.img"
    virt-hotplug shutdown "$name"
    run -0 grep -l '<selfvers>1<' cache/template-*/capabilities/*.xml
    launch --accel=tcg
    virt-hotplug shutdown "$name"
    run ! grep -l '<selfvers>1<' cache/template-*/capabilities/*.xml
}
