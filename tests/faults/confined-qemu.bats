#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# QEMU, once it has a disk, is kept in by Landlock, a filter of system calls and, where root runs it, a network namespace: one
# that an image has taken over reaches no other file, process or host. Here QEMU is a script that tries (tests/faults/intruder.c),
# and then, where nothing of that worked, is QEMU.

load ../lib/helpers
load ../lib/hotplug

has_landlock()
{
    # LANDLOCK_CREATE_RULESET_VERSION: landlock_create_ruleset(2)
    python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)'
}

setup()
{
    requires_appliance
    setup_test
    requires_mount_namespace
    requires python3
    has_landlock || skip "the kernel has no Landlock"
    private_place
    mkdir -m 755 cache
    mkdir -m 1777 open
    export VIRT_LIVE_TOOLS_CACHE=$TMPDIR/cache
    make_intruder
}

# QEMU finds its modules by where it is itself, so for that time it has the name of its sister.
qemu=/usr/bin/qemu-system-x86_64
sister=/usr/bin/qemu-system-i386

# The file belongs to QEMU's user, and anyone may write it. No appliance comes up where a try works. What QEMU has of the
# template is out of its reach, too.
make_intruder()
{
    requires "$BUILD/faults/intruder"
    touch open/file
    chmod 666 open/file
    if [[ $(id -u) -eq 0 ]]; then chown nobody: open/file; fi
    cp "$BUILD/faults/intruder" intruder
    cat > qemu <<EOF
#!/bin/bash
if [[ " \$* " == *" -incoming "* ]]; then
    '$TMPDIR/intruder' '$TMPDIR/open/file' || exit
    memory=\${*#*,mem-path=}
    memory=\${memory%%,*}
    [[ \$memory != '$TMPDIR/cache/'* ]] || '$TMPDIR/intruder' "\$memory" || exit
fi
exec $sister "\$@"
EOF
    chmod 755 qemu intruder
}

# with_intruder COMMAND...: in a mount namespace of its own
with_intruder()
{
    # shellcheck disable=SC2016 # for the shell within
    unshare --mount --propagation private sh -c 'mount --bind "$0" "$1" && mount --bind qemu "$0" && shift && exec "$@"' \
        "$qemu" "$sister" "$@"
}

@test "the QEMU of a scan, and that of virt-hotplug, reach nothing else" {
    run -0 --separate-stderr with_intruder virt-df-live --accel=tcg -P 1 "$IMAGES/ext4.img"
    assert_contains "$output" "ext4.img:/dev/sda"
    run -0 --separate-stderr with_intruder virt-hotplug launch --accel=tcg --name one "$IMAGES/ext4.img"
    virt-hotplug shutdown one
    [[ $(stat -c '%a %s' open/file) == "666 0" ]]
}

@test "a template's memory is mapped where QEMU can open it read-only, else a copy; it stays as it is" {
    local line sum

    run -0 virt-df-live --accel=tcg "$IMAGES/ext4.img"
    run -0 --separate-stderr with_intruder virt-hotplug launch --accel=tcg --name one
    sum=$(cat cache/template-*/ram | cksum)
    line=$(tr '\0' ' ' < "/proc/$(ours qemu-system)/cmdline")
    if "$sister" -object memory-backend-file,help | grep -q ' rom='; then
        assert_contains "$line" "mem-path=$TMPDIR/cache/template-" ",share=off,readonly=on,rom=off "
        [[ $(find "$place" -name ram -type f) == "" ]]
    else
        assert_contains "$line" "mem-path=$(find "$place" -name ram -type f),share=off "
    fi
    virt-hotplug run one -- dd if=/dev/zero of=/run/full bs=1M count=100
    virt-hotplug shutdown one
    assert_equal "$(cat cache/template-*/ram | cksum)" "$sum"
}

@test "what the intruder tries works without the sandbox" {
    run -1 ./intruder open/file
    assert_contains "$output" chmod "writing a file outside" "a UDP socket" ptrace
}
