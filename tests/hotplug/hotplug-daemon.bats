#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An appliance that a libvirt daemon has: qemu:///system, qemu:///session. The daemon is the test's
# own, with directories of its own; the host's, if there is one, hears nothing of it.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug
load ../lib/system-daemon

setup()
{
    requires_appliance
    requires "$BUILD/appliance/tools" libvirtd python3
    setup_test
    private_place
}

# by COMMAND...: from now on virt-hotplug is run by that, as `env` runs a command
by()
{
    mkdir bin
    printf '#!/bin/sh\nexec %s %s "$@"\n' "${*@Q}" "${USER_BIN:-$BUILD/bin}/virt-hotplug" > bin/virt-hotplug
    chmod 755 bin/virt-hotplug
    PATH=$TMPDIR/bin:$PATH
}

# --- the daemons ---

system_directories()
{
    system_namespace
    daemon_by=(in_namespace)
    uri=qemu:///system
    by nsenter --mount --target "$holder" --wdns="$TMPDIR"
}

# An ordinary user's daemon goes by the environment.
session_directories()
{
    requires_user
    mkdir -p "$user_home"/{run,conf/libvirt,cache,data,place}
    echo 'stdio_handler = "file"' > "$user_home/conf/libvirt/qemu.conf"
    chmod 700 "$user_home"/{run,place}
    [[ $(id -u) -ne 0 ]] || chown -R nobody: "$user_home"
    place=$user_home/place
    export VIRT_LIVE_TOOLS_RUNTIME=$place
    daemon_by=(as_user env XDG_RUNTIME_DIR="$user_home/run" XDG_CONFIG_HOME="$user_home/conf"
        XDG_CACHE_HOME="$user_home/cache" XDG_DATA_HOME="$user_home/data")
    uri=qemu:///session
    local -a become=()
    [[ $(id -u) -ne 0 ]] || become=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
    # No other one is started when this one is not there.
    by "${become[@]}" env LIBVIRT_AUTOSTART=0 HOME="$user_home" TMPDIR="$user_home" XDG_CACHE_HOME="$SUITE/cache" \
        XDG_RUNTIME_DIR="$user_home/run"
}

# Until it answers.
start_libvirtd()
{
    start_libvirtd_by "${daemon_by[@]}"
    wait_until 30 answers
}

answers()
{
    case $uri in
    */session) listens "$user_home/run/libvirt/libvirt-sock" ;;
    *) system_listens ;;
    esac
}

# --- what is the same for both ---

state() { stat -c '%n %u:%g %a %s' "$@"; }

launch_there() { launch --appliance-uri "$uri" "$@"; }

check_everything()
{
    image ext4.img
    image ext4.qcow2
    truncate -s 16M new.img
    [[ ! ${user_home-} || $(id -u) -ne 0 ]] || chown nobody: ext4.img ext4.qcow2 new.img
    chmod 600 ext4.img ext4.qcow2 new.img
    state ext4.img ext4.qcow2 new.img > before
    launch_there --slots 4
    assert_equal "$(ours qemu-system | wc -l)" 1
    assert_equal "$(attach --slot 1 ext4.img)" /dev/sdb
    assert_equal "$(attach ext4.qcow2)" /dev/sda
    assert_equal "$(attach --label data --rw --format raw new.img)" /dev/sdc
    assert_equal "$(attach /dev/null)" /dev/sdd
    refused "slot 4 is not reserved (slots 0-3 are)" attach "$name" --slot 4 ext4.img
    assert_equal "$(disks slot device label format mode image)" "0 /dev/sda  qcow2 ro ext4.qcow2
1 /dev/sdb  raw ro ext4.img
2 /dev/sdc data raw rw new.img
3 /dev/sdd  raw ro /dev/null"
    run -0 in_it blkid /dev/sda /dev/sdb
    assert_equal "$(grep -c 'TYPE="ext4"' <<< "$output")" 2
    in_it mkfs.ext4 -q /dev/disk/guestfs/data
    in_it mount /dev/sdc /mnt
    refused "/dev/sdc is mounted at /mnt" detach "$name" data
    head -c 1000000 /dev/urandom > noise
    in_it sh -c 'cat > /mnt/noise' < noise
    in_it umount /mnt
    detach data
    run -0 e2fsck -fn new.img
    debugfs -R 'cat noise' new.img 2> log | cmp - noise
    detach 0
    assert_equal "$(nodes)" "sdb sdd"
    run in_it sh -c 'exit 7'
    assert_status 7
    assert_equal "$(virt-hotplug list --json | jq -r .state)" running
    virt-hotplug shutdown "$name"
    nothing_of_appliances
    state ext4.img ext4.qcow2 new.img > after
    run -0 diff before after
}

check_restart()
{
    launch_there --slots 2
    attach /dev/null
    end_libvirtd
    fails 3 "cannot connect to libvirt" list "$name"
    start_libvirtd
    assert_equal "$(disks slot)" 0
    assert_equal "$(attach --label data /dev/null)" /dev/sdb
    run -0 in_it true
    detach 0
    virt-hotplug shutdown "$name"
    nothing_of_appliances
}

check_death()
{
    launch_there --slots 1
    # shellcheck disable=SC2046
    kill -KILL $(ours qemu-system)
    gone() { run virt-hotplug list "$name"; [[ $status -eq 3 && $output == *"the appliance has ended"* ]]; }
    wait_until 30 gone
    run -0 virt-hotplug shutdown "$name"
    nothing_of_appliances
}

check_kills()
{
    local round

    random_seed
    launch_there --slots 2
    for ((round = 0; round < 5; round++)); do
        start virt-hotplug attach "$name" --slot 0 --label data /dev/null
        sleep "$(printf '0.%03d' $((RANDOM % 150)))"
        kill -KILL -- "-$pid" 2> /dev/null || :
        finish
        run -0 virt-hotplug list --json "$name"
        [[ $output ]] || attach --slot 0 --label data /dev/null
        start virt-hotplug detach "$name" data
        sleep "$(printf '0.%03d' $((RANDOM % 150)))"
        kill -KILL -- "-$pid" 2> /dev/null || :
        finish
        run -0 virt-hotplug list --json "$name"
        [[ ! $output ]] || detach data
    done
    assert_equal "$(nodes)" ""
}

check_interrupted()
{
    local delay

    for delay in 0.1 0.3 0.5 0.8; do
        start virt-hotplug launch --appliance-uri "$uri" --slots 1
        sleep "$delay"
        kill -INT -- "-$pid" 2> /dev/null || :
        finish
        if [[ $status -eq 0 ]]; then virt-hotplug shutdown "$output"; fi
        nothing_of_appliances
    done
}

@test "qemu:///system: disks come and go, and their owners stay" {
    system_directories
    start_libvirtd
    check_everything
}

# Names are unique below one directory only.
@test "qemu:///system: another user's appliance of the same name is not touched" {
    system_directories
    start_libvirtd
    launch_there --slots 1 --name one
    attach --label data /dev/null
    run --separate-stderr env VIRT_LIVE_TOOLS_RUNTIME="$TMPDIR/other" virt-hotplug launch --appliance-uri "$uri" --slots 1 --name one
    [[ $status -ne 0 ]]
    assert_contains "$stderr" "already exists"
    assert_equal "$(ls other)" ""
    assert_equal "$(disks label)" data
    # Nor by one that was launched when the name was free, and has ended.
    cp -a "$place/one" other/one
    head -c 36 /proc/sys/kernel/random/uuid > other/one/uuid
    run -3 env VIRT_LIVE_TOOLS_RUNTIME="$TMPDIR/other" virt-hotplug list one
    run -0 env VIRT_LIVE_TOOLS_RUNTIME="$TMPDIR/other" virt-hotplug shutdown one
    assert_equal "$(disks label)" data
}

@test "qemu:///system: --foreground ends with its stdin" {
    has_begun() { [[ -s out ]]; }
    system_directories
    start_libvirtd
    mkfifo in
    start bash -c 'exec virt-hotplug launch --foreground --appliance-uri "$0" --slots 1 < in' "$uri"
    exec 8> in
    wait_until 120 has_begun
    name=$(cat out)
    attach /dev/null
    exec 8>&-
    finish
    assert_status 0
    assert_equal "$stderr" ""
    nothing_of_appliances
}

# bats test_tags=slow
@test "qemu:///system: a QEMU that stands still can be shut down by force" {
    system_directories
    start_libvirtd
    launch_there --slots 1
    # shellcheck disable=SC2046
    kill -STOP $(ours qemu-system)
    refused "It has not been ended" shutdown "$name"
    run -0 timeout 60 virt-hotplug shutdown --force "$name"
    nothing_of_appliances
}

@test "qemu:///system: QEMU has no rights" {
    system_directories
    start_libvirtd
    launch_there --slots 1
    local user
    user=$(id -u virt-live-tools 2> /dev/null || id -u nobody)
    assert_equal "$(ps -o uid= -p "$(ours qemu-system)" | tr -d ' ')" "$user"
}

@test "qemu:///system: the daemon is restarted, and the appliance is still usable" {
    system_directories
    start_libvirtd
    check_restart
}

@test "qemu:///system: a QEMU that has died is reported" {
    system_directories
    start_libvirtd
    check_death
}

@test "qemu:///system: kill -9 of commands" {
    system_directories
    start_libvirtd
    check_kills
}

@test "qemu:///system: an interrupted launch leaves nothing" {
    system_directories
    start_libvirtd
    check_interrupted
}

@test "qemu:///session: disks come and go, and their owners stay" {
    session_directories
    start_libvirtd
    check_everything
}

@test "qemu:///session: the daemon is restarted, and the appliance is still usable" {
    session_directories
    start_libvirtd
    check_restart
}

@test "qemu:///session: a QEMU that has died is reported" {
    session_directories
    start_libvirtd
    check_death
}

@test "qemu:///session: kill -9 of commands" {
    session_directories
    start_libvirtd
    check_kills
}

@test "a daemon that does not answer is named" {
    fails 3 "qemu+unix:///system?socket=$TMPDIR/none: cannot connect to libvirt" \
        launch --appliance-uri "qemu+unix:///system?socket=$TMPDIR/none" --slots 1
    nothing_of_appliances
}
