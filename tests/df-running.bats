#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that a running QEMU has open and writes: they are scanned, and it is not disturbed.

load helpers

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
    wait_until 20 grep -q '(qemu)' monitor
}

end_guest()
{
    exec 8>&-
    kill -KILL "$qemu" 2> /dev/null || ! kill -0 "$qemu" 2> /dev/null
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
    on_cleanup kill_writer
}

kill_writer() { kill "$writer" 2> /dev/null || ! kill -0 "$writer" 2> /dev/null; }
written() { grep -c 'wrote 65536/65536' monitor; }
has_written() { [[ $(written) -ge $1 ]]; }

# assert_locked FORMAT FILE: another QEMU may not open it for writing.
assert_locked()
{
    run ! qemu-io -f "$1" -c quit "$2"
    assert_contains "$output" 'Failed to get "write" lock'
}

state() { stat -c '%u:%g %a %s %b %y %z' "$1"; sha256sum "$1"; }

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
    wait_until 10 has_written 3
    before=$(written)
    assert_equal "$(figures --format="$1" "$file")" "$idle"
    assert_equal "$(figures --format="$1" "$file")" "$idle"
    [[ $(written) -gt $((before + 5)) ]]
    before=$(written)
    wait_until 10 has_written $((before + 5))
    kill_writer
    assert_locked "$1" "$file"
    run ! grep -iE 'error|failed' monitor

    # All that it wrote is there.
    write_once "$end" 0xee
    echo "quit" >&8
    wait_until 10 guest_ended
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
        wait_until 10 grep -q "wrote $end/$end" monitor
        other=$(figures other.img)
        [[ $other != "$before" ]]
        assert_equal "$(figures --format="$format" "guest.$format")" "$other"
        # It is like one after a power cut.
        assert_contains "$other" false
        echo quit >&8
        wait_until 10 guest_ended
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

# The daemon is the test's own, with an ordinary user's directories below user_home. It finds the guests defined
# there, and starts web.
start_session_daemon()
{
    requires libvirtd python3
    requires_user
    mkdir -p "$user_home"/{run,cache,data,images,base,conf/libvirt/qemu/autostart}
    echo 'stdio_handler = "file"' > "$user_home/conf/libvirt/qemu.conf"
    mv guest.qcow2 "$user_home/base/base.qcow2"
    qemu-img create -q -f qcow2 -b "$user_home/base/base.qcow2" -F qcow2 "$user_home/images/web.qcow2"
    image ext4.img "$user_home/images/db.img"
    define web "<driver name='qemu' type='qcow2'/><source file='$user_home/images/web.qcow2'/>"
    define db "<source file='$user_home/images/db.img'/>"
    ln -s ../web.xml "$user_home/conf/libvirt/qemu/autostart/web.xml"
    chmod 700 "$user_home/run"
    [[ $(id -u) -ne 0 ]] || chown -R nobody: "$user_home"
    # As PID 1 should: it reaps. What it leaves when the test ends, QEMU above all, it ends.
    cat > "$user_home/reaper.py" << 'END'
import ctypes, os, signal, subprocess, sys
open("reaper.pid", "w").write(str(os.getpid()))
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
daemon = subprocess.Popen(sys.argv[1:])
def end(*unused):
    for pid in open("/proc/thread-self/children").read().split():
        os.kill(int(pid), signal.SIGKILL)
signal.signal(signal.SIGTERM, end)
try:
    while True:
        if os.wait()[0] == daemon.pid:
            end()
except ChildProcessError:
    pass
END
    as_user env --chdir="$user_home" XDG_RUNTIME_DIR="$user_home/run" XDG_CONFIG_HOME="$user_home/conf" \
        XDG_CACHE_HOME="$user_home/cache" XDG_DATA_HOME="$user_home/data" python3 reaper.py libvirtd > libvirtd.log 2>&1 3>&- &
    daemon=$!
    on_cleanup end_daemon
    wait_until 60 web_runs || { cat libvirtd.log; return 1; }
}

end_daemon()
{
    kill -TERM "$(< "$user_home/reaper.pid")"
    wait "$daemon" || :
    web_runs && return 1
    return 0
}

# define NAME ELEMENTS: with one disk
define()
{
    cat > "$user_home/conf/libvirt/qemu/$1.xml" << END
<domain type='qemu'><name>$1</name><uuid>$(uuidgen)</uuid><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><disk type='file' device='disk'>$2<target dev='vda' bus='virtio'/></disk></devices></domain>
END
}

web_runs() { [[ $(ps -eo args) == *"guest=web,"*"images/web.qcow2"* ]]; }

@test "guests of a libvirt daemon, one that runs and one that does not" {
    requires uuidgen
    idle=$(figures guest.qcow2)
    start_session_daemon
    run --separate-stderr as_user env LIBVIRT_AUTOSTART=0 XDG_RUNTIME_DIR="$user_home/run" \
        "$USER_BIN/virt-df-live" --json -c qemu:///session
    assert_status 0
    # libvirt knows what backs the disk of the one that runs, so that --backing has no say.
    assert_equal "$(json 'select(.type == "guest") | .guest + " " + .status')" "db ok
web ok"
    assert_equal "$(json 'select(.guest == "web" and .type == "filesystem") | .device + " " + .status + " \(.used) \(.clean)"')" "$idle"
    web_runs
    assert_locked qcow2 "$user_home/images/web.qcow2"
}
