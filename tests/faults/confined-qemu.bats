#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# QEMU, once it has a disk, can write below its own directory only (Landlock): one that an image has taken over reaches no
# other file, whatever that file's mode is. Here QEMU is a script that tries, and then is QEMU.

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

# What is there already below /dev can be written: so it says that it was there.
make_intruder()
{
    seen=$(mktemp -d /dev/shm/vlt-test.XXXXXX)
    on_cleanup rm -r "$seen"
    chmod 711 "$seen"
    touch "$seen/file"
    chmod 666 "$seen/file"
    cat > intruder <<EOF
#!/bin/bash
if [[ " \$* " == *" -incoming "* ]]; then
    echo "an appliance" >> '$seen/file'
    { echo "an appliance" > '$TMPDIR/open/file'; } 2> /dev/null
fi
exec $sister "\$@"
EOF
    chmod 755 intruder
}

assert_held()
{
    assert_equal "$(cat "$seen/file")" "an appliance" # the intruder was there
    [[ ! -e open/file ]]
    : > "$seen/file"
}

# with_intruder COMMAND...: in a mount namespace of its own
with_intruder()
{
    # shellcheck disable=SC2016 # for the shell within
    unshare --mount --propagation private sh -c 'mount --bind "$0" "$1" && mount --bind intruder "$0" && shift && exec "$@"' \
        "$qemu" "$sister" "$@"
}

@test "the QEMU of a scan, and that of virt-hotplug, write nowhere else" {
    run -0 --separate-stderr with_intruder virt-df-live --accel=tcg -P 1 "$IMAGES/ext4.img"
    assert_contains "$output" "ext4.img:/dev/sda"
    assert_held
    run -0 --separate-stderr with_intruder virt-hotplug launch --accel=tcg --name one "$IMAGES/ext4.img"
    assert_held
    virt-hotplug shutdown one
}
