#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A list with faults strewn in, under fire: each image is answered once, in order, with the right
# status; nothing is left; every image is what it was. `make soak` has more of it.
# bats file_tags=slow

load ../lib/helpers

setup()
{
    requires_appliance
    PATH+=:/usr/sbin:/sbin
    requires python3 nbdkit tune2fs
    setup_test
}

@test "300 images with faults among them, while processes are killed and images vanish" {
    run "$BATS_TEST_DIRNAME/soak.py" "$BUILD" -n 300 --pace 0.5 --templates "$IMAGES"
    echo "$output"
    assert_status 0
    assert_contains "${lines[-1]}" "ok: asked 300, answered 300, lost 0, twice 0, out of order 0, wrong 0, struck: " \
        ", left over 0, changed 0; seed "
}
