#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# KVM is used where it works; a /dev/kvm that does not is no problem, unless KVM was asked for.

load ../lib/helpers
load ../lib/failing-qemu

setup() { requires_appliance; setup_test; image ext4.img a.img; }

# What auto has found out; a template that is there makes that quick.
accel() { virt-df-live --stats "$@" a.img 2>&1 > /dev/null | sed 's/^stats: //' | jq -r .accel; }

@test "auto works, and --accel=tcg everywhere" {
    run -0 virt-df-live a.img
    run -0 accel --accel=tcg
    assert_equal "$output" tcg
}

@test "--accel=kvm where KVM does not work is an error that says so, exit 3" {
    [[ $(accel) == tcg ]] || skip "KVM works here"
    local since=$SECONDS
    run --separate-stderr timeout 200 virt-df-live --accel=kvm a.img
    assert_status 3
    assert_contains "$stderr" "virt-df-live: " "kvm"
    assert_equal "$output" ""
    echo "it took $((SECONDS - since)) s"
    assert_nothing_left
}

@test "--accel=kvm without access to /dev/kvm, as a user" {
    requires_user
    if as_user test -w /dev/kvm; then skip "every user may open /dev/kvm here"; fi
    run --separate-stderr as_user virt-df-live --accel=kvm "$IMAGES/ext4.img"
    assert_status 3
    assert_contains "$stderr" "kvm"
    assert_nothing_left
}

@test "no appliance: exit 3, with what to do" {
    mkdir empty
    run --separate-stderr virt-df-live --appliance empty a.img
    assert_status 3
    assert_equal "$output" ""
    assert_contains "$stderr" "virt-df-live: no appliance (kernel, initrd, root) in empty"
}

@test "an appliance that is damaged: exit 3, not a hang" {
    local name
    mkdir broken
    for name in kernel initrd root; do ln -s "$BUILD/appliance/$name" "broken/$name"; done
    rm broken/kernel
    head -c 100000 /dev/zero > broken/kernel
    run --separate-stderr timeout 200 virt-df-live --appliance broken a.img
    assert_status 3
    assert_contains "$stderr" "virt-df-live: "
    assert_nothing_left
}

# A QEMU that fails at once with TCG, and whose KVM starts and does nothing.
make_hanging_qemu()
{
    cat > failing <<'EOS'
#!/bin/bash
case " $* " in
*"accel=kvm "*|*"accel=kvm,"*|*"-accel kvm "*) if [[ " $* " == *" -name guest="* ]]; then exec sleep 1000; fi ;;
*" -name guest="*) echo "no TCG today" >&2; exit 1 ;;
esac
exec /usr/bin/qemu-system-i386 "$@"
EOS
    chmod 755 failing
}

# bats test_tags=slow
@test "a KVM that hangs beside a TCG that fails: exit 3 long before a boot's time is over, with both reasons" {
    requires_root
    requires_mount_namespace
    [[ -c /dev/kvm && $(stat -c %g /dev/kvm) -ne 0 ]] || skip "there is no /dev/kvm to be tried"
    mkdir -m 755 cache
    export VIRT_LIVE_TOOLS_CACHE=$PWD/cache
    make_hanging_qemu
    local since=$SECONDS
    run --separate-stderr failing virt-df-live a.img
    assert_status 3
    assert_contains "$stderr" "kvm: " "tcg: "
    ((SECONDS - since < 90))
    assert_nothing_left
}
