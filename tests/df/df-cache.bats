#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The saved appliance. Its directory is $XDG_CACHE_HOME for an ordinary user only, so these are run
# as one, with a size of memory of their own: nothing that others have saved fits.
# bats file_tags=slow

load ../lib/helpers

setup()
{
    requires_appliance
    setup_test
    requires_user
    user_cache=$user_home/cache
    [[ $(id -u) -eq 0 ]] || export XDG_CACHE_HOME=$user_cache
    place=$user_cache/virt-live-tools
}

# The first test leaves what it has saved for the others: to build it takes 4-10 s.
keep() { cp -a "$user_cache" "$BATS_FILE_TMPDIR/kept"; }
provide() { [[ -d $BATS_FILE_TMPDIR/kept ]] || { scan; keep; return; }; cp -a "$BATS_FILE_TMPDIR/kept" "$user_cache"; }

# scan: its stats are in `stats`
scan()
{
    run --separate-stderr as_user virt-df-live -v --stats --accel=tcg --memsize 288 "$IMAGES/ext4.img"
    assert_status 0
    assert_contains "$output" "ext4.img:/dev/sda"
    stats=${stderr##*stats: }
}

# boots NUMBER
boots() { assert_equal "$(jq .boots <<< "$stats")" "$1"; }

# probes NUMBER: how often libvirt asked QEMU what it can do
probes() { assert_equal "$(jq .probes <<< "$stats")" "$1"; }

@test "it is saved by the first command, and restored by the next" {
    scan; boots 1; probes 1
    scan; boots 0; probes 0
    assert_equal "$(find "$place" -maxdepth 1 -name 'template-*' | wc -l)" 1
    assert_equal "$(find "$place" -name 'building-*')" ""
    assert_nothing_left
    keep
}

@test "one that is damaged, in any part, is rebuilt, and -v says so" {
    local part
    provide
    for part in ram state info; do
        chmod u+w "$place"/template-*/"$part"
        case $part in
        ram) printf x | dd of="$(echo "$place"/template-*/ram)" bs=1 seek=5000000 conv=notrunc status=none ;;
        state) truncate -s -10 "$place"/template-*/state ;;
        info) : > "$(echo "$place"/template-*/info)" ;;
        esac
        scan; boots 1
        assert_contains "$stderr" "is not used: "
    done
    scan; boots 0
    assert_nothing_left
}

# As when libvirt was upgraded, and nothing by which a template is named has changed.
@test "what libvirt knows of QEMU and finds stale is replaced by what it has found out since, once" {
    scan
    sed -i 's|<selfvers>[0-9]*<|<selfvers>1<|' "$place"/template-*/capabilities/*.xml
    scan; boots 0; probes 1
    assert_contains "$stderr" "was stale; the new ones are saved: $place/template-"
    scan; boots 0; probes 0
    assert_equal "$(find "$place" -name 'building-*')" ""
    assert_nothing_left
}

# After a boot of the host it is not known which accelerator works, and nobody looks for it before one is built.
@test "one that is damaged is rebuilt where the accelerator is not known, too" {
    local options=(--memsize 288 -v --stats "$IMAGES/ext4.img")
    requires_root
    [[ -c /dev/kvm && $(stat -c %g /dev/kvm) -ne 0 ]] || skip "there is no /dev/kvm to be tried"
    mkdir -m 755 cache
    export VIRT_LIVE_TOOLS_CACHE=$PWD/cache
    run -0 --separate-stderr virt-df-live "${options[@]}"
    rm cache/accel
    truncate -s -10 cache/template-*/state
    run -0 --separate-stderr virt-df-live "${options[@]}"
    assert_contains "$stderr" "is not used: it is damaged"
    run -0 --separate-stderr virt-df-live "${options[@]}"
    stats=${stderr##*stats: }
    boots 0
    assert_equal "$(find cache -name 'building-*')" ""
    assert_nothing_left
}

@test "one that cannot be put in its place leaves nothing behind" {
    requires_root
    provide
    chown -R root: "$place"/template-*
    : > "$(echo "$place"/template-*/info)"
    run --separate-stderr as_user virt-df-live --accel=tcg --memsize 288 "$IMAGES/ext4.img"
    assert_status 3
    assert_contains "$stderr" "cannot rename"
    assert_equal "$(find "$place" -name 'building-*')" ""
    assert_nothing_left
}

@test "one that others could have written is not used" {
    provide
    chmod o+w "$place"/template-*/ram
    scan; boots 1
    assert_contains "$stderr" "others could have written it"
}

@test "a cache that cannot be written: one warning, and it works" {
    mkdir -p "$user_cache"
    chmod 555 "$user_cache"
    scan; boots 1
    assert_equal "$(grep -c 'cannot be saved for the next command' <<< "$stderr")" 1
    run --separate-stderr as_user virt-df-live -q --accel=tcg --memsize 288 "$IMAGES/ext4.img"
    assert_status 0
    assert_equal "$stderr" ""
    assert_nothing_left
}

@test "a cache that the appliance's user cannot look into: one warning, and it works" {
    requires_root
    mkdir -m 700 cache
    VIRT_LIVE_TOOLS_CACHE=$PWD/cache run --separate-stderr virt-df-live --accel=tcg --memsize 288 "$IMAGES/ext4.img"
    assert_status 0
    assert_contains "$output" "ext4.img:/dev/sda"
    assert_equal "$(grep -c 'cannot be saved for the next command' <<< "$stderr")" 1
    assert_nothing_left
}

@test "two commands that build it at once" {
    local first
    start_as_user() { start setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
        env HOME="$user_home" TMPDIR="$user_home" XDG_CACHE_HOME="$user_cache" "$@"; }
    [[ $(id -u) -eq 0 ]] || start_as_user() { start "$@"; }
    start_as_user "$USER_BIN/virt-df-live" --accel=tcg --memsize 288 "$IMAGES/ext4.img"
    first=$pid
    scan
    pid=$first
    finish
    assert_status 0
    assert_contains "$output" "ext4.img:/dev/sda"
    assert_equal "$(find "$place" -maxdepth 1 -name 'template-*' | wc -l)" 1
    assert_equal "$(find "$place" -name 'building-*')" ""
    assert_nothing_left
}

@test "Ctrl-C while it is built leaves nothing" {
    start virt-df-live --accel=tcg --memsize 304 "$IMAGES/ext4.img"
    wait_until 30 is_running qemu-system
    kill -INT -- "-$pid"
    finish
    assert_status 130
    assert_nothing_left
}
