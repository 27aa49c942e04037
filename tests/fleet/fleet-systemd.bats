#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What `make install` gives systemd: a service, its timer, a user. systemd-analyze reads it as systemd would.

load ../lib/helpers

setup_file()
{
    file_requires make systemd-analyze systemd-sysusers "$BUILD/appliance/manifest" || return 0
    make_scratch
    env -u MAKEFLAGS -u MAKELEVEL -u APPLIANCE_KERNEL -u APPLIANCE_MODULES \
        make -s -C "$TOP" BUILD="$BUILD" install DESTDIR="$TMPDIR/root" PREFIX=/usr
    export ROOT=$TMPDIR/root units=$TMPDIR/root/usr/lib/systemd/system
    # What the units refer to of systemd itself.
    cp -r --no-clobber /usr/lib/systemd/system/. "$units/"
    mkdir -p "$ROOT/etc"
    printf 'root:x:0:0::/root:/bin/sh\n' > "$ROOT/etc/passwd"
    printf 'root:x:0:\n' > "$ROOT/etc/group"
}

teardown_file() { remove_scratch; }

@test "the service and its timer are valid, and name what was installed" {
    run --separate-stderr systemd-analyze verify --recursive-errors=no --man=no --root="$ROOT" virt-df-live.service virt-df-live.timer
    assert_status 0
    assert_equal "$stderr" ""
    run grep -oP '^ExecStart=\K\S+' "$units/virt-df-live.service"
    assert_equal "$output" /usr/bin/virt-df-live
    [ -x "$ROOT$output" ]
    assert_equal "$(stat -c %a "$units"/virt-df-live.*)" $'644\n644'
}

@test "every option that the service gives exists" {
    local options

    mapfile -t options < <(grep ^ExecStart= "$units/virt-df-live.service" | grep -oE -- '--[a-z-]+')
    [ "${#options[@]}" -ge 3 ]
    run -0 virt-df-live --help
    for option in "${options[@]}"; do assert_contains "$output" "$option"; done
}

@test "the timer starts it once a night" {
    run -0 systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$units/virt-df-live.timer")" --iterations=2
    assert_contains "$output" "Normalized form: *-*-* 01:00:00"
}

@test "systemd-analyze security: exposed by 3.0 at most" {
    run --separate-stderr systemd-analyze security --offline=yes --root="$ROOT" --threshold=30 virt-df-live.service
    assert_status 0
    assert_contains "$output" "Overall exposure level for virt-df-live.service: "
}

@test "the user of appliances is made, without a shell" {
    run -0 systemd-sysusers --root="$ROOT" virt-live-tools.conf
    run -0 grep ^virt-live-tools: "$ROOT/etc/passwd"
    assert_contains "$output" ":/:/usr/sbin/nologin"
}
