#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an earlier run has kept and what holds no longer: it is made anew, once, and the images are scanned. QEMU is a script here
# that fails as often as it is told, and then is QEMU.

load ../lib/helpers
load ../lib/failing-qemu

setup()
{
    requires_appliance
    setup_test
    requires_mount_namespace
    image ext4.img a.img
    mkdir -m 755 cache
    export VIRT_LIVE_TOOLS_CACHE=$TMPDIR/cache
    make_failing_qemu
}

# bats test_tags=slow
@test "a saved appliance that cannot be restored three times is made anew" {
    failing virt-df-live --accel=tcg a.img
    touch outdated
    run -0 --separate-stderr failing virt-df-live --accel=tcg --noheadings --stats -P 1 a.img
    assert_contains "$output" "a.img:/dev/sda"
    assert_equal "$(jq .boots <<< "${stderr#stats: }")" 1
    run -0 --separate-stderr failing virt-df-live --accel=tcg --stats a.img
    assert_equal "$(jq .boots <<< "${stderr#stats: }")" 0
    assert_nothing_left
}

# bats test_tags=slow
@test "… once: where none can be restored, that is exit 3" {
    failing virt-df-live --accel=tcg a.img
    touch -d 'next year' outdated
    run --separate-stderr failing virt-df-live --accel=tcg --noheadings --stats -P 1 a.img
    assert_status 3
    assert_equal "$output" ""
    assert_equal "$(grep -o '{.*}' <<< "$stderr" | jq .boots)" 1
    assert_nothing_left
}

# A verdict of this boot that KVM works.
write_verdict() { echo "$(< /proc/sys/kernel/random/boot_id) $(uname -r) kvm" > cache/accel; }

@test "a verdict for KVM that does not hold is forgotten, and TCG is taken" {
    [[ $(virt-df-live --stats a.img 2>&1 > /dev/null | sed 's/^stats: //' | jq -r .accel) == tcg ]] || skip "KVM works here"
    [[ -c /dev/kvm ]] || skip "there is no /dev/kvm"
    as_user test -w /dev/kvm || [[ $(stat -c %G /dev/kvm) != root ]] || skip "QEMU's user may not open /dev/kvm"
    write_verdict
    run -0 --separate-stderr virt-df-live --noheadings --stats a.img
    assert_contains "$output" "a.img:/dev/sda"
    assert_equal "$(jq -r .accel <<< "${stderr#stats: }")" tcg
    run ! grep -q kvm cache/accel
}
