#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a container without rights, as a restricted pod's: a user without a name or capabilities, no new privileges, nothing that can
# be written but /tmp, no network, no /dev/kvm. bubblewrap makes one without a daemon or an image.

load ../lib/helpers

setup()
{
    requires_appliance
    requires bwrap
    setup_test
    mkdir -m 755 images
    image ext4.img images/a.img
    chmod 755 .
    program=$(cd "$BUILD" && pwd)
    # What a container is made of is there for every user; a build tree may be in a home directory.
    contained true || skip "no container without rights here: $(contained true 2>&1)"
}

# contained [OPTION…] COMMAND…: with the images in /tmp/images, and the programs in /tmp/programs, read-only. Outside its
# user is the one who runs the tests.
contained()
{
    bwrap --unshare-all --die-with-parent --new-session --uid 54321 --gid 54321 --cap-drop ALL \
        --ro-bind / / --dev /dev --proc /proc --tmpfs /run --tmpfs /tmp --ro-bind "$program" /tmp/programs --ro-bind images /tmp/images \
        --setenv HOME /nonexistent --unsetenv XDG_CACHE_HOME --unsetenv XDG_RUNTIME_DIR --setenv TMPDIR /tmp "$@"
}

df_contained() { contained "$@" /tmp/programs/bin/virt-df-live --noheadings --stats -o GUEST,STATUS /tmp/images/a.img; }

assert_row() { assert_equal "$(tr -s ' ' <<< "$output")" "a.img ok"; }

@test "a container without rights: one line says that nothing can be kept, and it works" {
    run -0 --separate-stderr df_contained --unsetenv VIRT_LIVE_TOOLS_CACHE
    assert_row
    assert_contains "$stderr" "the appliance cannot be saved for the next command: /nonexistent/.cache/virt-live-tools: Read-only file system"
    assert_equal "$(wc -l <<< "$stderr")" 2
    assert_equal "$(jq -r .accel <<< "${stderr##*stats: }")" tcg
}

@test "… with a volume for the cache: nothing is said, and the second container finds the appliance saved" {
    local boots
    mkdir -m 755 cache
    for boots in 1 0; do
        run -0 --separate-stderr df_contained --bind cache /tmp/cache --setenv VIRT_LIVE_TOOLS_CACHE /tmp/cache
        assert_row
        assert_equal "$(jq .boots <<< "${stderr#stats: }")" "$boots"
    done
}

# What a container's runtime may refuse, by its number: landlock_create_ruleset.
filter_without_landlock()
{
    python3 -c 'import struct, sys
for code, true, false, k in (0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000):
    sys.stdout.buffer.write(struct.pack("=HBBI", code, true, false, k))'
}

@test "… that refuses Landlock: one line says so, and it works" {
    requires python3
    mkdir -m 755 cache
    filter_without_landlock > filter
    run -0 --separate-stderr df_contained --bind cache /tmp/cache --setenv VIRT_LIVE_TOOLS_CACHE /tmp/cache --seccomp 9 9< filter
    assert_row
    assert_equal "$(grep -c 'no Landlock here' <<< "$stderr")" 1
    assert_equal "$(wc -l <<< "$stderr")" 2
}
