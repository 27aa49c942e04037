#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images behind an iSCSI target: a real one, on loopback.

load ../lib/helpers
load ../lib/domains
load ../lib/remote

setup()
{
    requires_appliance
    PATH+=:/usr/sbin
    requires_root
    requires tgtd tgtadm qemu-nbd
    [[ -e $(echo /usr/lib/*/qemu/block-iscsi.so) ]] || skip "there is no block-iscsi.so (qemu-block-extra)"
    setup_test
    image ext4.img
    start_target
}

admin() { tgtadm -C "$control" --lld iscsi "$@"; }

# A server of two targets, "open" and "closed", each with the image as LUN 1; for the second one there is a password.
start_target()
{
    port=$(free_port)
    control=$((port % 30000 + 1))
    in_background tgtd -f -C "$control" --iscsi portal="127.0.0.1:$port"
    wait_until 30 eval 'admin --op show --mode sys > /dev/null 2>&1'
    local name tid=0
    for name in open closed; do
        tid=$((tid + 1))
        admin --op new --mode target --tid "$tid" -T "iqn.2026-11.example:$name"
        admin --op new --mode logicalunit --tid "$tid" --lun 1 -b "$PWD/ext4.img"
        admin --op bind --mode target --tid "$tid" -I ALL
    done
    admin --op new --mode account --user me --password 'se,cret/123456'
    admin --op bind --mode account --tid 2 --user me
    open=iscsi://127.0.0.1:$port/iqn.2026-11.example:open closed=127.0.0.1:$port/iqn.2026-11.example:closed
}

@test "a LUN has the rows of its image, with a password, too" {
    run -0 --separate-stderr virt-df-live --csv ext4.img "$open/1" "iscsi://me:se%2Ccret%2F123456@$closed/1"
    assert_equal "$(tail -n +2 <<< "$output" | cut -d , -f 2- | sort -u | wc -l)" 1
    assert_equal "$(tail -n +2 <<< "$output" | cut -d , -f 1)" "ext4.img
iqn.2026-11.example:open-1
iqn.2026-11.example:closed-1"
}

@test "what goes wrong is said, and the others are answered" {
    run -1 --separate-stderr virt-df-live -o GUEST,STATUS --noheadings "$open/7" "$open-not/1" "iscsi://me:wrong12345678@$closed/1" \
        "iscsi://127.0.0.1:1/x/1" "$open/1"
    assert_equal "$(tr -s ' ' <<< "$output")" "iqn.2026-11.example:open-7 unreadable
iqn.2026-11.example:open-not-1 unreadable
iqn.2026-11.example:closed-1 unreadable
x-1 unreadable
iqn.2026-11.example:open-1 ok"
    assert_contains "$stderr" "open-7: iSCSI: Failed to connect to LUN" "open-not-1: iSCSI: " "Target not found" \
        "closed-1: iSCSI: " "Authentication failure" "x-1: iSCSI: Failed to connect"
    [[ $stderr != *wrong12345678* && $stderr != *json:* ]]
}

@test "a portal that says nothing is timed out" {
    serve_silence
    run -1 --separate-stderr virt-df-live --timeout 3 "iscsi://127.0.0.1:$port/x/1"
    assert_contains "$stderr" "within 3 s"
    assert_nothing_left
}

@test "a password is in no command line and no environment" {
    virt-df-live "iscsi://me:se%2Ccret%2F123456@$closed/1" --images-from /dev/null > rows 2>&1 3>&- &
    command=$!
    local seen=0 pid
    while kill -0 "$command" 2> /dev/null; do
        for pid in $(pgrep -f 'qemu-nbd.*example:closed'); do
            seen=1
            if grep -qa 'se.cret' "/proc/$pid/cmdline" "/proc/$pid/environ" 2> /dev/null; then touch told; fi
        done
    done
    [[ $seen -eq 1 && ! -e told ]]
}

@test "a disk of a libvirt guest" {
    hypervisor "$(domain a "<disk type='network'><source protocol='iscsi' name='iqn.2026-11.example:open/1'>
        <host name='127.0.0.1' port='$port'/></source><target dev='vda'/></disk>")"
    run -0 --separate-stderr virt-df-live --json -c "$uri"
    assert_equal "$(json 'select(.type == "filesystem") | .guest + " " + .device + " " + .fstype')" "a /dev/sda ext4"
}
