#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What make does besides building, in a build directory of the test's own.

load ../lib/helpers

setup()
{
    requires make
    setup_test
    mkdir -p build/appliance/debs
}

# Whatever the make that runs the tests was given is not for this one.
make_here()
{
    env -u MAKEFLAGS -u MAKELEVEL -u APPLIANCE_KERNEL -u APPLIANCE_MODULES -u APPLIANCE_DISTRIBUTION \
        make -s -C "$TOP" BUILD="$TMPDIR/build" "$@"
}

@test "make clean removes what was built, and keeps what was downloaded" {
    mkdir -p build/appliance/modules/root build/bin
    touch build/appliance/{kernel,modules/root/order,debs/kernel.deb} build/bin/virt-ls
    make_here -n clean > commands # run here, where they find no compile_commands.json
    bash -e commands
    assert_equal "$(find build -type f)" build/appliance/debs/kernel.deb
}

@test "the kernel that was chosen is kept until another is" {
    make_here "$TMPDIR/build/appliance/choice" APPLIANCE_KERNEL=/boot/vmlinuz-x APPLIANCE_MODULES=/lib/modules/x
    make_here "$TMPDIR/build/appliance/choice"
    assert_equal "$(cat build/appliance/choice)" "kernel=/boot/vmlinuz-x modules=/lib/modules/x"
    make_here "$TMPDIR/build/appliance/choice" APPLIANCE_KERNEL=/boot/vmlinuz-y
    assert_equal "$(cat build/appliance/choice)" "kernel=/boot/vmlinuz-y modules="
    make_here "$TMPDIR/build/appliance/choice" APPLIANCE_KERNEL=
    make_here "$TMPDIR/build/appliance/choice"
    assert_equal "$(cat build/appliance/choice)" "kernel= modules="
}

@test "the distribution that was chosen is kept until another is" {
    make_here "$TMPDIR/build/appliance/choice" APPLIANCE_DISTRIBUTION=ubuntu
    make_here "$TMPDIR/build/appliance/choice"
    assert_equal "$(cat build/appliance/choice)" "kernel= modules= distribution=ubuntu"
    make_here "$TMPDIR/build/appliance/choice" APPLIANCE_DISTRIBUTION=
    make_here "$TMPDIR/build/appliance/choice"
    assert_equal "$(cat build/appliance/choice)" "kernel= modules="
}
