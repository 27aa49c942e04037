#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An appliance ends when that is asked for, with what was written in its images, and not otherwise.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

has_begun() { [[ -s out ]]; }
has_ended() { [[ ! $(ours qemu-system) ]]; }

# foreground [OPTION...]: in the background, until the appliance is there; its stdin is descriptor 8
foreground()
{
    mkfifo in
    start bash -c 'exec virt-hotplug launch --foreground "$@" < in' bash "$@"
    exec 8> in
    wait_until 60 has_begun
    name=$(cat out)
}

@test "--foreground: at the end of stdin a disk that is in use is written out, and said" {
    image ext4.img
    foreground --slots 1 --rw --format raw ext4.img
    in_it mount /dev/sda /mnt
    in_it sh -c 'echo written > /mnt/file'
    exec 8>&-
    finish
    assert_status 1
    assert_contains "$stderr" "/dev/sda is mounted at /mnt"
    nothing_of_appliances
    run -0 e2fsck -p ext4.img
    run -0 debugfs -R 'cat file' ext4.img
    assert_contains "$output" written
}

@test "--foreground: an appliance that another command has shut down is no failure" {
    foreground --slots 1
    virt-hotplug shutdown "$name"
    exec 8>&-
    finish
    assert_status 0
    assert_equal "$stderr" ""
}

@test "--foreground: a signal that was ignored from the beginning stays so" {
    mkfifo in
    start bash -c 'trap "" INT HUP; exec virt-hotplug launch --foreground --slots 1 < in'
    exec 8> in
    wait_until 60 has_begun
    name=$(cat out)
    kill -INT "$pid"
    kill -HUP "$pid"
    run -0 in_it true
    exec 8>&-
    finish
    assert_status 0
    nothing_of_appliances
}

# bats test_tags=slow
@test "a QEMU that stands still is not waited for without end, and not ended without --force" {
    truncate -s 1M a.img
    launch --slots 1 --rw --format raw a.img
    # shellcheck disable=SC2046
    kill -STOP $(ours qemu-system)
    refused "no answer from the appliance in time. It has not been ended; \`virt-hotplug shutdown --force $name\`" shutdown "$name"
    # shellcheck disable=SC2046
    kill -CONT $(ours qemu-system)
    assert_equal "$(disks image)" a.img
    virt-hotplug shutdown "$name"
    nothing_of_appliances
}

# Its launch was killed, so nobody has its name.
@test "one that was never launched completely is ended without being asked" {
    launch --slots 1
    rm "$place/$name/launched"
    # shellcheck disable=SC2046
    kill -STOP $(ours qemu-system)
    assert_equal "$(virt-hotplug list --json | jq -r .state)" ended
    run -0 timeout 10 virt-hotplug shutdown "$name"
    nothing_of_appliances
}

@test "what was written through two disks is in the images after shutdown" {
    truncate -s 24M a.img b.img
    head -c 24M /dev/urandom > noise
    launch --slots 2 --rw --format raw a.img b.img
    in_it dd of=/dev/sda bs=1M 2> log < noise
    in_it dd of=/dev/sdb bs=1M 2> log < noise
    virt-hotplug shutdown "$name"
    run -0 cmp noise a.img
    run -0 cmp noise b.img
}

@test "one that is being launched, or shut down, is shown as busy" {
    launch --slots 1 --name one
    # shellcheck disable=SC2046
    kill -KILL $(ours qemu-system)
    wait_until 30 has_ended
    assert_equal "$(virt-hotplug list --noheadings | tr -s ' ')" "one ended"
    assert_equal "$(flock "$place/one" virt-hotplug list --noheadings | tr -s ' ')" "one busy"
}

@test "a pid file that is none holds nobody up" {
    local pid_file

    launch --slots 1
    pid_file=$place/$name/root/run/qemu/appliance.pid
    mv "$pid_file" kept.pid
    mkfifo "$pid_file"
    run -0 timeout 10 virt-hotplug list --noheadings
    run -3 timeout 10 virt-hotplug list "$name"
    mv kept.pid "$pid_file"
    run -0 in_it true
}

@test "root's commands follow no link to where QEMU's user may not go" {
    requires_root
    requires python3
    mkdir -m 700 private
    launch --slots 1
    start python3 -c 'import socket
here = socket.socket(socket.AF_UNIX)
here.bind("private/socket")
here.listen()
print("ready", flush=True)
here.accept()
print("reached", flush=True)'
    wait_until 30 grep -q ready out
    ln -sf "$TMPDIR/private/socket" "$place/$name/root/agent-0"
    fails 125 "Permission denied" run "$name" -- true
    run -1 grep reached out
}
