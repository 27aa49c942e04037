#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The life of an appliance: who finds it, who cannot reach it, and how it ends.
# shellcheck disable=SC2016 # what stands in single quotes is for another shell

load ../lib/helpers
load ../lib/hotplug

state_of() { virt-hotplug list --json | jq -r --arg name "$1" 'select(.name == $name) | .state'; }
has_ended() { [[ $(state_of "$1") == ended ]]; }
has_begun() { [[ -s out ]]; }

# --- names ---

@test "names are 1-24 letters, digits, - and _, and cannot climb out" {
    local word long=abcdefghijklmnopqrstuvwx

    mkdir "$place"
    mkdir outside
    for word in ../outside .. . "" / /tmp a/b a/../b -x _x .x 'a b' $'a\n' $'a\e[31m' 'a*' ä "${long}y"; do
        fails 2 "cannot be an appliance's name" launch "--name=$word"
        refused "cannot be an appliance's name" list -- "$word"
        refused "cannot be an appliance's name" attach -- "$word" /dev/null
        refused "cannot be an appliance's name" detach -- "$word" 0
        refused "cannot be an appliance's name" shutdown --force -- "$word"
        fails 125 "cannot be an appliance's name" run -- "$word" true
        [[ $stderr != *$'\e'* ]]
    done
    assert_equal "$(ls "$place")" ""
    launch --name "$long" --slots 1
    assert_equal "$name" "$long"
    assert_equal "$(state_of "$long")" running
    launch --name 0-_A --slots 1
    assert_equal "$name" 0-_A
}

@test "a name that is taken is refused, and the one that has it is unharmed" {
    launch --name one --slots 1 /dev/null
    refused "there is an appliance of that name" launch --name one
    assert_equal "$(disks device)" /dev/sda
    assert_equal "$(virt-hotplug list --noheadings | tr -s ' ')" "one running"
}

@test "by default they get names that nobody has" {
    local first

    launch --slots 1
    first=$name
    launch --slots 1
    [[ $first != "$name" && $name == appliance-* ]]
    assert_equal "$(virt-hotplug list --noheadings | wc -l)" 2
}

@test "what is no appliance is refused everywhere" {
    fails 1 "there is no appliance of that name" list nobody
    fails 1 "there is no appliance of that name" attach nobody /dev/null
    fails 1 "there is no appliance of that name" detach nobody 0
    fails 1 "there is no appliance of that name" shutdown nobody
    fails 125 "there is no appliance of that name" run nobody true
    assert_equal "$(virt-hotplug list --json)" ""
    [[ ! -e $place ]] # looking makes nothing
}

@test "list shows appliances as a table and as JSON" {
    launch --name two --slots 1
    launch --name one --slots 1
    run -0 --separate-stderr virt-hotplug list
    assert_equal "$(tr -s ' ' <<< "$output" | sed 's/ $//')" "NAME STATE
one running
two running"
    run -0 --separate-stderr virt-hotplug list --json
    assert_equal "$output" '{"type":"appliance","name":"one","state":"running"}
{"type":"appliance","name":"two","state":"running"}'
}

@test "list shows disks as a table and as JSON, whatever their images are called" {
    local odd=$'odd "name"\n\xff.img'

    image ext4.img
    truncate -s 1M "$odd"
    launch --slots 4
    attach --slot 2 --label data --rw --format raw ext4.img
    attach --slot 0 "$odd"
    run -0 --separate-stderr virt-hotplug list "$name"
    assert_equal "$(tr -s ' ' <<< "$output" | sed 's/^ //; s/ $//')" "SLOT DEVICE LABEL FORMAT SIZE MODE STATE IMAGE
0 /dev/sda raw 1048576 ro ready odd \"name\"\\n\\xFF.img
2 /dev/sdc data raw $(stat -c %s ext4.img) rw ready ext4.img"
    run -0 --separate-stderr virt-hotplug list --json --all "$name"
    assert_equal "$(jq -c 'del(.image, .image_b64)' <<< "$output")" \
        '{"type":"slot","slot":0,"device":"/dev/sda","label":null,"format":"raw","size":1048576,"mode":"ro","state":"ready"}
{"type":"slot","slot":1,"device":"/dev/sdb","state":"free"}
{"type":"slot","slot":2,"device":"/dev/sdc","label":"data","format":"raw","size":'"$(stat -c %s ext4.img)"',"mode":"rw","state":"ready"}
{"type":"slot","slot":3,"device":"/dev/sdd","state":"free"}'
    assert_equal "$(jq -r 'select(.slot == 0) | .image_b64' <<< "$output" | base64 -d)" "$odd"
}

# --- two at once ---

@test "two attaches at once get different slots" {
    local i

    launch --slots 6
    for i in 1 2 3 4 5 6; do
        truncate -s "${i}M" "d$i"
        attach "d$i" > "out$i" 3>&- &
    done
    wait
    assert_equal "$(sort out[1-6])" "/dev/sda
/dev/sdb
/dev/sdc
/dev/sdd
/dev/sde
/dev/sdf"
    for i in 1 2 3 4 5 6; do
        assert_equal "$(in_it blockdev --getsize64 "$(cat "out$i")")" "$((i << 20))"
    done
}

@test "attach, detach and list at once: one after the other" {
    local i

    launch --slots 3
    attach --label first /dev/null
    for i in 1 2 3 4; do
        attach --slot 1 /dev/null > "out$i" 2> "err$i" 3>&- &
        detach first > "gone$i" 2> "err-gone$i" 3>&- &
        (status=0; virt-hotplug list "$name" > "list$i" 2>&1 || status=$?; echo "$status" > "status$i") 3>&- &
    done
    wait
    # Each has seen a state between two of the others.
    assert_equal "$(sort -u status?)" 0
    assert_equal "$(cat list? | tr -s ' ' | sed -E 's/^ //; s/ $//; s/^SLOT .*/heading/' | sort -u | grep -vxE '[01] /dev/sd[ab] (first )?raw [0-9]+ ro ready /dev/null')" heading
    assert_equal "$(cat out?)" /dev/sdb
    assert_equal "$(cat err? | sort -u)" "virt-hotplug: $name: /dev/null: slot 1 is attached, not free"
    [[ $(cat err-gone? | wc -l) -eq 3 ]]
    assert_equal "$(disks slot)" 1
}

@test "shutdown while others wait for it: they say so" {
    launch --slots 1
    start bash -c 'for i in 1 2 3 4; do virt-hotplug attach "$0" /dev/null & done; wait' "$name"
    virt-hotplug shutdown "$name"
    finish
    nothing_of_appliances
    if [[ $stderr ]]; then
        run -1 grep -vE 'no appliance of that name|was shut down while|no slot is free|is attached' err
    fi
}

# --- ends ---

@test "a QEMU that has died is reported as such, and shutdown cleans up" {
    launch --slots 1 --name gone
    attach /dev/null
    # shellcheck disable=SC2046
    kill -KILL $(ours qemu-system)
    wait_until 30 has_ended gone
    fails 3 "gone: the appliance has ended; \`virt-hotplug shutdown gone\` removes what is left of it" list gone
    fails 3 "the appliance has ended" attach gone /dev/null
    fails 3 "the appliance has ended" detach gone 0
    fails 125 "the appliance has ended" run gone true
    refused "there is an appliance of that name" launch --name gone
    run -0 --separate-stderr virt-hotplug shutdown gone
    assert_equal "$stderr" ""
    nothing_of_appliances
    launch --slots 1 --name gone
}

@test "a command that runs when QEMU dies, and one that waits, are told" {
    launch --slots 1
    start virt-hotplug run "$name" -- sh -c 'echo ready; sleep 1000'
    wait_until 30 grep -q ready out
    # shellcheck disable=SC2046
    kill -KILL $(ours qemu-system)
    finish
    assert_status 125
    assert_contains "$stderr" "the appliance has ended"
}

@test "an appliance that ends itself is reported as such" {
    launch --slots 1
    in_it sh -c 'echo o > /proc/sysrq-trigger' || :
    wait_until 30 has_ended "$name"
    fails 3 "the appliance has ended" list "$name"
    virt-hotplug shutdown "$name"
}

@test "a QEMU that hangs can be shut down by force" {
    launch --slots 1
    # shellcheck disable=SC2046
    kill -STOP $(ours qemu-system)
    run -0 virt-hotplug shutdown --force "$name"
    nothing_of_appliances
}

# let_pass SECONDS: another appliance, which nobody has used for so long, has ended itself
let_pass()
{
    local other launching

    virt-hotplug launch --slots 1 --idle "$1" > other 3>&- &
    launching=$!
    while kill -0 "$launching" 2> /dev/null; do "${@:2}"; sleep 0.5; done # a launch may take long
    wait "$launching"
    other=$(< other)
    until has_ended "$other"; do "${@:2}"; sleep 0.5; done
    fails 3 "the appliance has ended" list "$other"
    virt-hotplug shutdown "$other"
}

# bats test_tags=slow
@test "one that nobody uses ends itself; one that is used does not: by commands now and then, by one that takes long" {
    local often

    launch --slots 1 --idle 5
    mkfifo in
    start bash -c 'exec virt-hotplug run "$0" -- sh -c "echo ready; read go; echo still here" < in' "$name"
    exec 8> in
    wait_until 30 grep -q ready out
    often=$(virt-hotplug launch --slots 1 --idle 5)
    let_pass 6 virt-hotplug list "$often"
    assert_equal "$(state_of "$often") $(state_of "$name")" "running running"
    echo go >&8
    exec 8>&-
    finish
    assert_status 0
    assert_equal "$output" "ready
still here"
    wait_until 60 has_ended "$name"
    wait_until 60 has_ended "$often"
}

@test "--idle 0 is for ever" {
    launch --slots 1 --idle 0
    # What libvirt keeps of it has the number; test-agent-keeping.c shows what an agent does with that.
    run -0 grep -rhoE "appliance[^>]* idle=.[0-9]+." "$place/$name"
    [[ $output == *idle=[\"\']0[\"\'] ]]
    run -0 in_it true
}

@test "--foreground lives until the end of stdin" {
    mkfifo in
    start bash -c 'exec virt-hotplug launch --foreground --slots 2 --idle 3 < in'
    exec 8> in
    wait_until 60 has_begun
    name=$(cat out)
    assert_equal "$(attach /dev/null)" /dev/sda
    echo what it reads means nothing >&8
    let_pass 4
    assert_equal "$(disks slot)" 0
    exec 8>&-
    finish
    assert_status 0
    assert_equal "$stderr" ""
    nothing_of_appliances
}

@test "--foreground is ended by signals, too" {
    local signal

    mkfifo in
    for signal in INT TERM HUP; do
        start bash -c 'exec virt-hotplug launch --foreground --slots 1 < in'
        exec 8> in
        wait_until 60 has_begun
        kill -"$signal" "$pid"
        finish
        exec 8>&-
        assert_status $((128 + $(kill -l "$signal")))
        nothing_of_appliances
        : > out
    done
}

@test "--foreground with stdin closed, or empty, is short" {
    run -0 virt-hotplug launch --foreground --slots 1 < /dev/null
    nothing_of_appliances
}

# bats test_tags=slow
@test "a launch that is interrupted leaves nothing" {
    local delay

    for delay in 0 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.8; do
        start virt-hotplug launch --slots 1 /dev/null
        sleep "$delay"
        kill -INT -- "-$pid" 2> /dev/null || :
        finish
        if [[ $status -eq 0 ]]; then # it was faster
            virt-hotplug shutdown "$output"
        else
            assert_status 130
            assert_equal "$output$stderr" ""
        fi
        nothing_of_appliances
    done
}

@test "a launch that fails leaves nothing" {
    image ext4.img
    refused "gone.img" launch ext4.img gone.img
    truncate -s 64K broken.qcow2
    printf 'QFI\xfb\0\0\0\2' | dd of=broken.qcow2 conv=notrunc status=none
    run virt-hotplug launch ext4.img broken.qcow2
    [[ $status -ne 0 ]]
    fails 3 "no appliance" launch --appliance "$TMPDIR"
    nothing_of_appliances
}

@test "a name that nobody gets to read: the appliance is listed" {
    run bash -c 'virt-hotplug launch --slots 1 2>&1 > /dev/full'
    assert_status 1
    assert_contains "$output" "No space left on device"
    assert_equal "$(virt-hotplug list --json | jq -r .state)" running
}

# --- whose it is ---

@test "an ordinary user needs no root" {
    requires_user
    export VIRT_LIVE_TOOLS_RUNTIME=$user_home/run
    image ext4.img "$user_home/a.img"
    [[ $(id -u) -ne 0 ]] || chown nobody: "$user_home/a.img"
    name=$(as_user virt-hotplug launch --slots 2)
    run -0 --separate-stderr as_user virt-hotplug attach --rw --format raw --label data "$name" "$user_home/a.img"
    assert_equal "$output$stderr" /dev/sda
    run -0 as_user virt-hotplug run "$name" -- blkid /dev/disk/guestfs/data
    assert_contains "$output" ext4
    run -0 as_user virt-hotplug detach "$name" data
    run -0 as_user virt-hotplug shutdown "$name"
    assert_equal "$(find "$user_home/run" -mindepth 1)" ""
    private_place
}

@test "XDG_RUNTIME_DIR is where an ordinary user's live" {
    requires_user
    mkdir -m 700 "$user_home/xdg"
    [[ $(id -u) -ne 0 ]] || chown nobody: "$user_home/xdg"
    unset VIRT_LIVE_TOOLS_RUNTIME
    name=$(as_user env XDG_RUNTIME_DIR="$user_home/xdg" virt-hotplug launch --slots 1 --name a)
    [[ -d $user_home/xdg/virt-live-tools/$name ]]
    as_user env XDG_RUNTIME_DIR="$user_home/xdg" virt-hotplug shutdown "$name"
    private_place
}

# stranger COMMAND...: as a user that is neither root nor the one that QEMU runs as
stranger() { setpriv --reuid=4321 --regid=4321 --clear-groups "$@"; }

@test "other users cannot reach it" {
    requires_root
    requires setpriv /usr/bin/python3
    launch --slots 1
    run stranger ls "$place"
    [[ $status -ne 0 ]]
    run stranger ls "$place/$name/root"
    [[ $status -ne 0 ]]
    run stranger virt-hotplug list "$name"
    assert_status 1
    assert_contains "$output" "Permission denied"
    # No socket, no memory, no console can be opened by those who know or guess the path.
    local file
    while read -r file; do
        run stranger test -r "$file" -o -w "$file"
        assert_status 1
    done < <(find "$place/$name" -mindepth 1)
    run stranger /usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$place/$name/root/agent-0"
    assert_contains "$output" PermissionError
}

@test "a directory of somebody else is not used" {
    requires_root
    mkdir "$place"
    chown 4321:4321 "$place"
    refused "belongs to another user, or other users may write it" launch --slots 1
    chown 0:0 "$place"
    chmod 777 "$place"
    refused "belongs to another user, or other users may write it" launch --slots 1
    rmdir "$place"
    ln -s "$TMPDIR" "$place"
    run virt-hotplug launch --slots 1
    assert_status 1
    rm "$place"
}

@test "the images' owner, mode and times are the same after, for root's" {
    requires_root
    mkdir -m 700 home
    image ext4.img home/private.img
    chmod 600 home/private.img
    chown 4321:4321 home home/private.img
    stat -c '%u:%g %a %s %y %z' home/private.img > before
    launch --slots 1 home/private.img
    run -0 in_it blkid /dev/sda
    detach 0
    virt-hotplug shutdown "$name"
    stat -c '%u:%g %a %s %y %z' home/private.img > after
    run -0 diff before after
}

@test "there is no network in it, and nothing of the host" {
    launch --slots 1
    run -0 in_it ls /sys/class/net
    [[ $output == lo || $output == "" ]]
    run -0 in_it sh -c 'mount | grep -cE " (9p|virtiofs|nfs)" || :'
    assert_equal "$output" 0
}
