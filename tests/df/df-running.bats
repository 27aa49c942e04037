#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that a running QEMU has open and writes: they are scanned, and it is not disturbed.

load ../lib/helpers
load ../lib/daemon

setup()
{
    requires_appliance
    requires qemu-system-x86_64 qemu-img
    setup_test
    # A filesystem, and 40 MiB behind it for what the guest writes.
    image ext4.img guest.raw
    end=$(stat -c %s guest.raw)
    truncate -s +40M guest.raw
    qemu-img convert -f raw -O qcow2 guest.raw guest.qcow2
}

# run_guest FORMAT: with guest.FORMAT as its disk, and a monitor that hears what is written to
# descriptor 8 and writes to the file monitor. Its processor stands still: it is the monitor that writes.
run_guest()
{
    mkfifo commands
    exec 8<> commands
    qemu-system-x86_64 -S -machine q35,accel=tcg -m 64 -nodefaults -display none -monitor stdio \
        -drive "file=guest.$1,format=$1,if=none,id=disk" -device virtio-blk-pci,drive=disk < commands > monitor 2>&1 3>&- &
    qemu=$!
    on_cleanup end_guest
    wait_until 30 grep -q '(qemu)' monitor
}

end_guest()
{
    exec 8>&-
    end_process "$qemu"
}

guest_ended() { ! kill -0 "$qemu" 2> /dev/null; }

# write_once OFFSET PATTERN: 64 KiB, flushed
write_once()
{
    printf 'qemu-io disk "write -f -P %s %s 64k"\n' "$2" "$1" >&8
}

# The guest writes, ten times a second, until stop_writing; $written are how often so far.
start_writing()
{
    (
        exec 3>&-
        for ((i = 0; ; i++)); do
            write_once $((end + i % 512 * 65536)) $((i % 250 + 1))
            sleep 0.1
        done
    ) &
    writer=$!
    on_cleanup end_process "$writer"
}

written() { grep -c 'wrote 65536/65536' monitor; }
has_written() { [[ $(written) -ge $1 ]]; }

# assert_locked FORMAT FILE: another QEMU may not open it for writing.
assert_locked()
{
    run ! qemu-io -f "$1" -c quit "$2"
    assert_contains "$output" 'Failed to get "write" lock'
}

state() { sync "$1"; stat -c '%u:%g %a %s %b %y %z' "$1"; cksum "$1"; }

figures()
{
    virt-df-live --json "$@" | jq -r 'select(.type == "filesystem") | .device + " " + .status + " \(.used) \(.clean)"'
}

# check_running FORMAT
check_running()
{
    local file=guest.$1 idle before

    idle=$(figures --format="$1" "$file")
    run_guest "$1"
    assert_locked "$1" "$file"

    # While it does nothing, nothing changes.
    state "$file" > before
    assert_equal "$(figures --format="$1" "$file")" "$idle"
    state "$file" > after
    run -0 diff before after
    assert_locked "$1" "$file"

    # While it writes, it goes on, and so do we.
    start_writing
    wait_until 30 has_written 3
    before=$(written)
    assert_equal "$(figures --format="$1" "$file")" "$idle"
    assert_equal "$(figures --format="$1" "$file")" "$idle"
    [[ $(written) -gt $before ]]
    before=$(written)
    wait_until 30 has_written $((before + 5))
    end_process "$writer"
    assert_locked "$1" "$file"
    run ! grep -iE 'error|failed' monitor

    # All that it wrote is there.
    write_once "$end" 0xee
    echo "quit" >&8
    wait_until 30 guest_ended
    run -0 qemu-img info "$file"
    run -0 qemu-io -r -f "$1" -c "read -P 0xee $end 64k" "$file"
    [[ $output != *"Pattern verification failed"* ]]
    [[ $1 != qcow2 ]] || run -0 qemu-img check -q "$file"
    assert_nothing_left
}

@test "a raw image that QEMU writes" {
    check_running raw
}

@test "a qcow2 image that QEMU writes" {
    check_running qcow2
}

@test "what the guest has written out is seen by the next scan" {
    local format

    image ext4-journal.img other.img
    [[ $(stat -c %s other.img) -ge $end ]] || truncate -s "$end" other.img
    for format in raw qcow2; do
        run_guest "$format"
        before=$(figures --format="$format" "guest.$format")
        printf 'qemu-io disk "write -f -s %s 0 %s"\n' "$PWD/other.img" "$end" >&8
        wait_until 30 grep -q "wrote $end/$end" monitor
        other=$(figures other.img)
        [[ $other != "$before" ]]
        assert_equal "$(figures --format="$format" "guest.$format")" "$other"
        # It is like one after a power cut.
        assert_contains "$other" false
        echo quit >&8
        wait_until 30 guest_ended
        exec 8>&-
        rm commands monitor
    done
}

@test "backing files of a running guest" {
    qemu-img create -q -f qcow2 -b guest.qcow2 -F qcow2 top.qcow2
    mv guest.qcow2 base.qcow2
    qemu-img rebase -q -u -b base.qcow2 -F qcow2 top.qcow2
    mv top.qcow2 guest.qcow2
    idle=$(figures guest.qcow2)
    run_guest qcow2
    state base.qcow2 > before
    assert_equal "$(figures guest.qcow2)" "$idle"
    assert_locked qcow2 guest.qcow2
    state base.qcow2 > after
    run -0 diff before after
}

# --- a guest that libvirt runs ---

@test "guests of a libvirt daemon, one that runs and one that does not" {
    prepare_daemon
    idle=$(figures guest.qcow2)
    mkdir "$user_home"/{images,base}
    mv guest.qcow2 "$user_home/base/base.qcow2"
    qemu-img create -q -f qcow2 -b "$user_home/base/base.qcow2" -F qcow2 "$user_home/images/web.qcow2"
    image ext4.img "$user_home/images/db.img"
    define web "<driver name='qemu' type='qcow2'/><source file='$user_home/images/web.qcow2'/>"
    define db "<source file='$user_home/images/db.img'/>"
    autostart web
    start_daemon guest_runs web
    run --separate-stderr live --json
    assert_status 0
    # libvirt knows what backs the disk of the one that runs, so that --backing has no say.
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "db ok
web ok"
    assert_equal "$(json 'select(.guest == "web" and .type == "filesystem") | .device + " " + .status + " \(.used) \(.clean)"')" "$idle"
    guest_runs web
    assert_locked qcow2 "$user_home/images/web.qcow2"
}
